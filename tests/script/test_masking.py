"""Secrets and long paths in log lines."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.inside import SEALED
from builder.script import path_names
from builder.script.masking import STARS, Mask

SECRET = "pä55/word+ &x"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode() + b"\n").decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_every_form_of_a_secret_is_hidden(form: str) -> None:
    assert Mask(secrets=[SECRET]).show(f"token={form}; next") == f"token={STARS}; next"


@given(st.text(min_size=6, alphabet=st.characters(exclude_categories=("Cs", "Cc"))), st.text(), st.text())
def test_a_secret_is_hidden_in_any_line(secret: str, before: str, after: str) -> None:
    shown = Mask(secrets=[secret]).hide(f"{before}{secret}{after}")
    assert secret not in shown or secret in STARS * 3


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_a_secret_is_hidden_inside_longer_base64(before: bytes, after: bytes) -> None:
    secret = "correct horse battery"
    line = base64.b64encode(before + secret.encode() + after).decode()
    shown = Mask(secrets=[secret]).show(line)
    assert STARS in shown
    assert len(shown.replace(STARS, "")) <= len(line) - 4 * len(secret) // 3 + 3


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nabcdef012345\n-----END KEY-----\n"
    assert Mask(secrets=[key]).show("  abcdef012345 ") == f"  {STARS} "


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_what_is_too_short_to_be_a_secret_tears_no_line(secret: str) -> None:
    assert Mask(secrets=[secret]).show("abc a b c") == "abc a b c"


def test_a_secret_is_no_pattern() -> None:
    assert Mask(secrets=["a.*b|c"]).show("aXXb a.*b|c") == f"aXXb {STARS}"


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert Mask(secrets=["secret", "secret-and-more"]).show("secret-and-more") == STARS


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("{work}", "$SRC_DIR"),
        ("{work}/a.c:3: error", "$SRC_DIR/a.c:3: error"),
        ("-I{prefix}/include -L{prefix}/lib", "-I$PREFIX/include -L$PREFIX/lib"),
        ("'{prefix}'", "'$PREFIX'"),
        ("{build_prefix}:{prefix}:", "$BUILD_PREFIX:$PREFIX:"),
        ("{work}_run_env/share", "{work}_run_env/share"),
        ("{work}.orig", "{work}.orig"),
        ("in {work}.", "in $SRC_DIR."),
        ("{work}-1", "{work}-1"),
    ],
)
def test_paths_get_their_names_only_where_they_end(line: str, shown: str) -> None:
    words = {"work": SEALED.work, "prefix": SEALED.prefix, "build_prefix": SEALED.build_prefix}
    assert Mask(names=path_names(SEALED)).show(line.format(**words)) == shown.format(**words)


def test_the_prefix_is_never_shown_in_its_full_length() -> None:
    assert len(str(SEALED.prefix)) == 255
    assert "_placehold" not in Mask(names=path_names(SEALED)).show(f"gcc -Wl,-rpath,{SEALED.prefix}/lib")


def test_a_log_cannot_write_to_a_terminal() -> None:
    shown = Mask().show("\x1b]0;title\x07 \x1b[31mred\x1b[0m a\rb \x9b2J\ttab")
    assert shown == "\\x1b]0;title\\x07 \\x1b[31mred\\x1b[0m a\\x0db \\x9b2J\ttab"


@given(st.text())
def test_a_line_without_secrets_keeps_all_that_can_be_printed(text: str) -> None:
    shown = Mask(secrets=["a secret that is not there"]).show(text)
    assert [c for c in shown if ord(c) > 0x9F] == [c for c in text if ord(c) > 0x9F]
