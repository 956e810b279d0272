"""Secrets and long paths in log lines."""

from __future__ import annotations

import base64
import subprocess
import textwrap
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.inside import SEALED
from builder.script import path_names
from builder.script.masking import STARS, Mask, too_short
from builder.script.secret import forms_of
from tests.check.credentials import CREDENTIALS

SECRET = "pä55/word+ &x"
printable = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp"), exclude_characters="*"), min_size=8
)


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
    assert secret not in shown or secret in STARS * 3 or len(secret.strip()) < 4


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_a_secret_is_hidden_inside_longer_base64(before: bytes, after: bytes) -> None:
    secret = "correct horse battery"
    line = base64.b64encode(before + secret.encode() + after).decode()
    shown = Mask(secrets=[secret]).show(line)
    assert STARS in shown
    assert len(shown.replace(STARS, "")) <= len(line) - 4 * len(secret) // 3 + 3


@given(st.binary(max_size=120), printable, st.binary(max_size=120), st.sampled_from([4, 60, 64, 76]))
def test_a_secret_is_hidden_in_base64_of_many_lines(before: bytes, secret: str, after: bytes, width: int) -> None:
    whole = base64.b64encode(before + secret.encode() + after).decode()
    shown = Mask(secrets=[secret]).show("\n".join(textwrap.wrap(whole, width)) + "\n")
    assert not [form for form in forms_of(secret) if len(form) >= 8 and form in "".join(shown.split())]


@given(printable, st.lists(st.integers(1, 7), min_size=1), st.sampled_from(["\n", "\n   ", "\t", "\x1b[0m", "\u200d"]))
def test_a_secret_is_hidden_whatever_stands_between_its_signs(secret: str, cuts: list[int], between: str) -> None:
    rest, parts = secret, list[str]()
    for cut in cuts:
        parts.append(rest[:cut])
        rest = rest[cut:]
    shown = Mask(secrets=[secret]).show(f"before {between.join([*parts, rest])} after\n")
    assert secret not in "".join(shown.split())
    assert shown.startswith("before ")
    assert shown.endswith(" after\n")


def test_what_xxd_and_base64_print_is_hidden() -> None:
    secret = "correct horse battery staple, and some more that makes it wrap"
    for command in (["base64"], ["base64", "-w", "20"], ["fold", "-w", "5"], ["rev"]):
        printed = subprocess.run(command, input=secret, capture_output=True, text=True, check=True).stdout
        shown = Mask(secrets=[secret]).show(printed)
        assert set("".join(shown.split())) == {"*"}


def test_lines_stay_lines() -> None:
    key = "first line of it\nsecond line of it"
    assert Mask(secrets=[key]).show(f"a {key} b\nc\n") == f"a {STARS}\n{STARS} b\nc\n"


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nabcdef012345\n-----END KEY-----\n"
    assert Mask(secrets=[key]).show("  abcdef012345 ") == f"  {STARS} "


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_what_is_too_short_to_be_a_secret_tears_no_line(secret: str) -> None:
    assert Mask(secrets=[secret]).show("abc a b c") == "abc a b c"


def test_secrets_that_are_not_hidden_are_named() -> None:
    assert too_short({"PIN": "123", "KEY": "1234", "EMPTY": "", "A": " x \n"}) == ("A", "PIN")


def test_short_secrets_are_hidden_only_where_they_stand_whole() -> None:
    assert Mask(secrets=["1234"]).show("1234 12 34 4321") == f"{STARS} 12 34 {STARS}"


def test_a_secret_is_no_pattern() -> None:
    assert Mask(secrets=["a.*b|c"]).show("aXXb a.*b|c") == f"aXXb {STARS}"


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert Mask(secrets=["secret", "secret-and-more"]).show("secret-and-more") == STARS


def test_secrets_beside_each_other_are_both_hidden() -> None:
    assert Mask(secrets=["first-secret", "other-secret"]).show("first-secretother-secret") == STARS * 2


@given(printable, printable, st.integers(1, 12))
def test_what_may_begin_a_secret_is_held_back(secret: str, before: str, count: int) -> None:
    begun = secret[: min(count, len(secret) - 1)]
    assert Mask(secrets=[secret]).held(before + begun) >= len(begun)
    assert Mask(secrets=[secret]).held(before + begun + "\n\x1b[1m") >= len(begun)


def test_nothing_is_held_back_for_nothing() -> None:
    assert Mask().held("any text") == 0
    assert Mask(secrets=["correct horse"]).held("any text of @") == 0


def test_what_is_held_back_is_bounded() -> None:
    mask = Mask(secrets=["correct horse"])
    assert mask.held("c" + "\n" * 1_000_000) < 5_000
    assert mask.held("\x1b[0mc" * 1_000_000) < 5_000


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
        ("{work}\n{work}\n", "$SRC_DIR\n$SRC_DIR\n"),
    ],
)
def test_paths_get_their_names_only_where_they_end(line: str, shown: str) -> None:
    words = {"work": SEALED.work, "prefix": SEALED.prefix, "build_prefix": SEALED.build_prefix}
    assert Mask(names=path_names(SEALED)).show(line.format(**words)) == shown.format(**words)


def test_the_prefix_is_never_shown_in_its_full_length() -> None:
    assert len(str(SEALED.prefix)) == 255
    assert "_placehold" not in Mask(names=path_names(SEALED)).show(f"gcc -Wl,-rpath,{SEALED.prefix}/lib")


def test_what_it_shows_steers_nothing() -> None:
    shown = Mask().show("\x1b]0;title\x07 \x1b[31mred\x1b[0m b \x9b2J\ttab\n::error::x ##vso[y]\n")
    assert shown == " red b \ttab\n: :error::x ## vso[y]\n"


@given(st.text(), st.lists(printable, max_size=3))
def test_showing_again_changes_nothing(text: str, secrets: list[str]) -> None:
    mask = Mask(secrets=secrets, names=path_names(SEALED))
    once = mask.show(text)
    assert mask.show(once) == once


@given(st.text(st.characters(categories=("L", "N", "P", "Sm", "Sc")) | st.sampled_from(" \t"), max_size=200))
def test_a_line_without_secrets_and_commands_passes_unchanged(text: str) -> None:
    line = f"> {text}".replace("##", "").replace("_", "")
    unseen = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"}
    assert Mask(secrets=["a secret that is not there"]).show(line) == line or unseen & set(line)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_what_has_a_credentials_shape_is_hidden_whoevers_it_is(kind: str) -> None:
    token = CREDENTIALS[kind].replace("\n", "\\n")
    for mask in (Mask(), Mask(secrets=[SECRET])):
        shown = mask.show(f"one\nuse {token} now\nthree\n")
        assert token not in shown
        assert shown.startswith("one\nuse ")
        assert STARS in shown
        assert shown.endswith(" now\nthree\n")


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize("around", ["x" * 5000, "\N{SNOWMAN} http://" * 500, "\ud800" * 5000])
def test_in_long_text_the_same_is_hidden(kind: str, around: str) -> None:
    """It is searched by another engine; half signs are nothing that one knows."""
    token = CREDENTIALS[kind].replace("\n", "\\n")
    assert Mask().hide(f"{around} {token} {around}") == f"{around} {Mask().hide(token)} {around}"
    assert Mask().hide(around) == around


@pytest.mark.parametrize(
    "line", ["gh" + "p_" + "x" * 36, "https://user:password@example.org", "npm_config_cache=/tmp", "eyJ", "AKIA"]
)
def test_what_only_looks_alike_stays(line: str) -> None:
    assert Mask().show(line) == line
