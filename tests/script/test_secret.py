"""The forms of a secret, as the tools print it that know it."""

from __future__ import annotations

import base64
import json
import subprocess
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.script.secret import SHORTEST, forms_of, looks_private

SECRET = "pä55/word+ &x'y"
printable = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=6)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET[::-1],
        quote(SECRET),
        "p%c3%a455%2fword%2b%20%26x%27y",
        quote_plus(SECRET),
        urlencode({"a": SECRET}).removeprefix("a="),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False).replace("/", "\\/")[1:-1],
        repr(SECRET)[1:-1],
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode() + b"\n").decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        "pä55/word+ &amp;x&#x27;y",
    ],
)
def test_every_form_is_known(form: str) -> None:
    assert form in forms_of(SECRET)


@pytest.mark.parametrize("secret", ["it's me $HOME", 'a"b\\c;d', "two words & more", "*?[x]{a,b}~#!"])
@pytest.mark.parametrize("command", ["printf %s {}", "printf %q {}", "set -x; : {}", "declare -p s"])
def test_what_a_shell_makes_of_it_is_known(secret: str, command: str) -> None:
    words = command.format('"$s"')
    done = subprocess.run(
        ["/bin/bash", "-c", f"s=$1; {words}", "bash", secret], capture_output=True, text=True, check=True
    )
    shown = done.stdout + done.stderr
    assert [form for form in forms_of(secret) if form in shown]


@given(st.binary(max_size=5), printable, st.binary(max_size=5))
def test_a_part_of_longer_base64_is_known(before: bytes, secret: str, after: bytes) -> None:
    whole = before + secret.encode() + after
    for text in (base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()):
        assert [form for form in forms_of(secret) if form in text]


def test_each_line_of_a_key_is_known() -> None:
    key = "-----BEGIN KEY-----\n  abcdef012345\n-----END KEY-----\n"
    assert {"abcdef012345", key.strip(), key} <= forms_of(key)


@pytest.mark.parametrize("secret", ["", "a", "abc", "abc\n", "      ", "   \n  "])
def test_what_is_too_short_has_no_form(secret: str) -> None:
    assert not {form for form in forms_of(secret) if len(form.strip()) < SHORTEST}


@given(st.text(max_size=40))
def test_any_text_has_forms_of_enough_length(secret: str) -> None:
    assert all(len(form) >= SHORTEST for form in forms_of(secret))


RANDOM = "v7Lq2Xw9Rk4Tn8Bz3Hs6"


@pytest.mark.parametrize(
    "name",
    [
        "TOKEN", "GITHUB_TOKEN", "GH_TOKEN_FOR_CI", "upload_password", "DB_PASSWD", "AWS_SECRET_ACCESS_KEY", "API_KEY",
        "APIKEY", "NPM_AUTH_KEY", "SIGNING_KEY", "PRIVATE_KEY", "GPG_PASSPHRASE", "CLIENT_SECRET", "CREDENTIALS",
        "ANACONDA_API_TOKEN", "ACCOUNT_KEY",
    ],
)  # fmt: skip
def test_variables_that_look_private(name: str) -> None:
    assert looks_private(name, RANDOM)


@pytest.mark.parametrize(
    "name", ["PATH", "KEY", "KEYBOARD", "GPG_KEY", "TOKENIZERS", "SECRETARY", "PUBLIC_KEY", "AUTHOR", "SSH_KEYS"]
)
def test_names_of_settings(name: str) -> None:
    assert not looks_private(name, RANDOM)


@pytest.mark.parametrize(
    "value",
    [
        "", "1", "true", "short-1", "/run/user/1000/keyring/ssh", "~/.config/tokens/one1", "https://example.org/token/1",
        "correct horse battery staple 1", "aaaaaaaaaaaaaaaaaaaa1", "only-words-and-dashes", "12345678901234567890",
        "./secrets/token1.txt", "--some-option-of-1", "x1" * 3000,
    ],
)  # fmt: skip
def test_values_that_are_no_secrets(value: str) -> None:
    assert not looks_private("MY_TOKEN", value)


def test_a_private_key_is_private_whatever_it_looks_like() -> None:
    assert looks_private("DEPLOY_KEY", "-----BEGIN " + "PRIVATE KEY-----\nabc\n")
