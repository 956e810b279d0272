"""Patterns of ``.gitignore``: each rule of gitignore(5), and that no pattern takes long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.source.wildmatch import parse_rule


def matched(pattern: str, path: str, *, is_folder: bool = False) -> bool:
    rule = parse_rule(pattern.encode())
    return rule is not None and rule.matches([part.encode() for part in path.split("/")], is_folder=is_folder)


@pytest.mark.parametrize("line", ["", " ", "   ", "#comment", "!", "/", "//", "a//b", "a\\", "[a", "[", "[[:none:]]"])
def test_lines_that_match_nothing(line: str) -> None:
    for path in ("a", "a/b", "#comment", line or "x", "["):
        assert not matched(line, path)
        assert not matched(line, path, is_folder=True)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a", "a"),
        ("a", "x/y/a"),
        ("*.o", "x/a.o"),
        ("*", "anything"),
        ("*", ".hidden"),
        ("a*", "a"),
        ("*a*b*", "xaxbx"),
        ("/a", "a"),
        ("a/b", "a/b"),
        ("a/*", "a/b"),
        ("**/a", "a"),
        ("**/a", "x/y/a"),
        ("a/**", "a/b"),
        ("a/**", "a/b/c"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/b"),
        ("a/**/b", "a/x/y/b"),
        ("a/**/b", "a/b/b"),
        ("a/**/b/**/c", "a/x/b/y/c"),
        ("/**", "a/b"),
        ("x**y", "xay"),
        ("?", "a"),
        ("[ab]", "b"),
        ("[!ab]", "c"),
        ("[^ab]", "c"),
        ("[a-c]x", "bx"),
        ("[]a]", "]"),
        ("[]-a]", "^"),
        ("[a-]", "-"),
        ("[\\]]", "]"),
        ("[[:digit:]x]", "7"),
        ("[[:alpha:]]", "q"),
        ("\\#x", "#x"),
        ("\\!x", "!x"),
        ("\\*", "*"),
        ("a\\ ", "a "),
        ("a ", "a"),
        (" a", " a"),
        ("{a,b}", "{a,b}"),
        ("a.b", "a.b"),
        ("käse", "x/käse"),
    ],
)
def test_matches(pattern: str, path: str) -> None:
    assert matched(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a", "ab"),
        ("a", "a/b"),  # whoever asks has not gone into what is left out
        ("/a", "x/a"),
        ("a/b", "x/a/b"),
        ("a/*", "a/b/c"),
        ("*.o", "a.oo"),
        ("a/**", "a"),
        ("a/**/b", "ab"),
        ("a/**/b", "x/a/b"),
        ("**/a/b", "b"),
        ("a.b", "axb"),
        ("[ab]", "c"),
        ("[!ab]", "a"),
        ("[b-a]", "a"),
        ("[b-a]", "b"),
        ("[[:upper:]]", "a"),
        ("?", "ab"),
        ("\\*", "a"),
        ("a\\ ", "a"),
        ("A", "a"),
        ("x**y", "x/y"),
        ("{a,b}", "a"),
        ("*a*b", "xbxa"),
    ],
)
def test_matches_not(pattern: str, path: str) -> None:
    assert not matched(pattern, path)


def test_a_question_mark_is_one_byte() -> None:
    assert not matched("?", "ü")
    assert matched("??", "ü")


@pytest.mark.parametrize("pattern", ["a/", "/a/", "**/a/"])
def test_a_slash_at_the_end_asks_for_a_folder(pattern: str) -> None:
    assert matched(pattern, "a", is_folder=True)
    assert not matched(pattern, "a")


def test_an_exclamation_mark_takes_in_again() -> None:
    rule = parse_rule(b"!a/")
    assert rule is not None
    assert (rule.negated, rule.folders_only) == (True, True)


@given(st.text(alphabet="*a?[]!-\\/ ", max_size=40), st.text(alphabet="ab/", min_size=1, max_size=60))
def test_no_pattern_is_a_defect(pattern: str, path: str) -> None:
    assert matched(pattern, path) in {True, False}


@pytest.mark.parametrize("pattern", ["*a" * 120 + "b", "a*" * 120 + "b", "/".join(["**", "a"] * 60) + "/b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    """Exponential time would never end here."""
    assert not matched(pattern, "a" * 250)
    assert not matched(pattern, "/".join("a" * 500))
