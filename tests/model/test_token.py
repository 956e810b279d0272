"""The table of credentials: every row finds its kind, in both engines, and nothing that only looks alike."""

from __future__ import annotations

import re

import pytest
import re2

from builder.model.finding import Severity
from builder.model.token import TOKENS, Token, is_placeholder
from tests.check.credentials import CREDENTIALS, signs

BY_NAME = {token.what: token for token in TOKENS}


def kinds(text: str) -> list[str]:
    """Return the kinds that Python's engine and RE2 find in ``text``; they must agree."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    found = []
    for token in TOKENS:
        python = re.search(token.pattern.encode(), text.encode())
        other = re2.compile(token.pattern.encode(), options).search(text.encode())
        assert (python is None) == (other is None), token.what
        if python is not None and other is not None:
            assert python.span() == other.span(), token.what
            found.append(token.what)
    return found


def test_each_kind_has_an_example() -> None:
    assert list(CREDENTIALS) == [token.what for token in TOKENS]
    assert len(BY_NAME) == len(TOKENS)


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize("around", ["{}", 'token = "{}"\n', "\x00{}\x00", "<a href='{}'>", "({})"])
def test_each_kind_is_found(kind: str, around: str) -> None:
    text = around.format(CREDENTIALS[kind])
    assert kind in kinds(text)
    assert any(anchor in text for anchor in BY_NAME[kind].anchors)
    assert not is_placeholder(CREDENTIALS[kind])


@pytest.mark.parametrize("token", TOKENS, ids=[token.what for token in TOKENS])
def test_each_row_says_what_to_do(token: Token) -> None:
    assert token.remedy.startswith("remove it, and ")
    assert token.in_payload in {Severity.ERROR, Severity.WARNING, None}
    assert token.what.startswith(("a ", "an "))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gh" + "p_short",
        "xgh" + "p_" + signs(36),  # a part of a longer word
        "AK" + "IA" + signs(15, "ABCDEFGH"),
        "AK" + "IA0189" + signs(12, "ABCDEFGH"),  # digits that base32 has not
        "np" + "m_config_registry",
        "-----BEGIN PUBLIC KEY-----\n" + signs(64),
        "-----BEGIN RSA " + "PRIVATE KEY-----",  # code that looks for one
        "-----BEGIN " + 'PRIVATE KEY-----"; if line.startswith(',
        "ey" + "J" + signs(30),
        "https://example.org/t/tests/test_a.py",
        "https://user:pass@example.org",  # shorter than passwords are
        "https://${USER}:${PASSWORD_OF_USER}@example.org",
        "https://user:<password-here>@example.org",
        "https://{user}:{password}@example.org",
        "ssh://git@example.org:2222/a/b@c",
        "http://127.0.0.1:8080/a@b",
    ],
)
def test_what_only_looks_alike(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "text",
    ["gh" + "p_" + "x" * 36, "AK" + "IAIOSFODNN7EXAMPLE", "://user:" + "changeme@h", "://cook:password@h", "gl" + "pat-" + "0" * 20, "gh" + "p_" + "ab" * 18],
)  # fmt: skip
def test_placeholders_of_documentation(text: str) -> None:
    assert is_placeholder(text)
