"""The languages of selectors: that of variant files, and what it has less than that of recipes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.legacy.language import OF_RECIPES, OF_VARIANTS
from builder.syntax.legacy.selector import SelectorError, Selectors, Value

NAMES: dict[str, Value] = {
    "linux": True, "osx": False, "win": False, "unix": True, "x86_64": True, "aarch64": False, "linux64": True,
    "target_platform": "linux-64", "build_platform": "linux-64", "host_platform": "linux-64",
}  # fmt: skip


def holds(text: str, **environment: str) -> bool:
    return Selectors(NAMES, environment, language=OF_VARIANTS).holds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("  ", True),
        ("linux", True),
        ("win", False),
        ("not osx", True),
        ("linux and not aarch64", True),
        ("linux and (x86_64 or aarch64)", True),
        ("not ((linux and (x86_64 or aarch64)) or win)", False),
        ("target_platform == 'linux-64'", True),
        ('target_platform != "linux-64"', False),
        ("target_platform in ('linux-64', 'osx-64')", True),
        ("target_platform not in ['linux-64']", False),
        ("build_platform.startswith('linux')", True),
        ("build_platform.endswith('-64')", True),
        ("1 < 2 <= 2", True),
        ("1 < 2 < 2", False),
        ("linux == 1", True),
        ("None", False),
    ],
)
def test_what_holds(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize("text", ["foo", "not foo", "foo == 'x'", "foo or linux", "linux and foo", "py > 36"])
def test_a_selector_with_an_unknown_name_does_not_hold(text: str) -> None:
    assert not holds(text)


def test_an_unknown_name_that_is_not_reached_does_not_matter() -> None:
    assert holds("linux or foo")


def test_environment_variables() -> None:
    selector = 'linux and os.environ.get("CF_CUDA_ENABLED", "False") == "True"'
    assert holds(selector, CF_CUDA_ENABLED="True")
    assert not holds(selector, CF_CUDA_ENABLED="False")
    assert not holds(selector)
    assert holds("os.environ.get('X') == ''")
    assert holds("environ.get('X', 'y') == 'y'")
    assert holds("os.environ['X'] == 'y'", X="y")
    assert not holds("os.environ['X'] == 'y'")
    assert holds("os.environ.get('B', '').startswith('linux-')", B="linux-64")


def test_what_was_asked_is_remembered() -> None:
    selectors = Selectors(NAMES, {"A": "1"}, language=OF_VARIANTS)
    selectors.holds("os.environ.get('A') and os.environ.get('B', 'no') == 'yes'")
    selectors.holds("win and os.environ.get('C')")
    assert selectors.asked == {"A", "B"}


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",  # B6
        "().__class__.__mro__",
        "linux.__class__",
        "open('/etc/passwd').read()",
        "os.system('id')",
        "os.environ.get.__globals__",
        "os.environ.pop('HOME')",
        "os.environ.get('A', 'b', 'c')",
        "os.environ.get(name='A')",
        "os.environ.get(1)",
        "[x for x in (1,)]",
        "lambda: 1",
        "f'{linux}'",
        "linux if win else osx",
        "(linux := 1)",
        "1 + 1",
        "-1",
        "10**10**10",
        "'a' * 1000000000",
        "target_platform[0]",
        "target_platform.upper()",
        "target_platform.startswith(1)",
        "linux is True",
        "'a' < 1",
        "'x' in linux",
        "1 +",
        "linux)",
        "b'x'",
        "...",
        "(" * 300 + ")" * 300,
        "not " * 120 + "linux" + ")",
        "linux and " * 60 + "linux",
    ],
)
def test_b6_everything_else_is_refused(text: str) -> None:
    with pytest.raises(SelectorError):
        holds(text)


@given(st.text(max_size=80))
def test_no_text_does_anything_else_than_hold_or_be_refused(text: str) -> None:
    with contextlib.suppress(SelectorError):
        assert holds(text) in {True, False}


@pytest.mark.parametrize(
    ("text", "in_recipes", "in_variants"),
    [
        ("not foo", True, False),
        ("foo or linux", True, False),
        ("SECRET == 'x'", True, False),
        ("os.environ.get('X') == ''", False, True),
        ("os.environ.get('X', '') == ''", True, True),
    ],
)
def test_where_the_languages_disagree(text: str, in_recipes: bool, in_variants: bool) -> None:
    """conda-build: a missing name is False, a name may be a variable; rattler-build: neither, and unset is empty."""
    answers = [Selectors(NAMES, {"SECRET": "x"}, language=one).holds(text) for one in (OF_RECIPES, OF_VARIANTS)]
    assert answers == [in_recipes, in_variants]


@pytest.mark.parametrize(
    "text", ["", "os.getenv('A') == 'b'", "py > 3 + 5", "'a'.upper() == 'A'", "int('1') == 1", "(1,)[0]"]
)
def test_what_only_one_of_the_languages_has(text: str) -> None:
    selectors = [Selectors({"py": 312}, {"A": "b"}, language=one) for one in (OF_RECIPES, OF_VARIANTS)]
    one, other = selectors if text else selectors[::-1]
    assert one.holds(text)
    with pytest.raises(SelectorError):
        other.holds(text)
