"""Selectors at the ends of lines: conda-build's pattern, without its quadratic time."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builder.errors import MAX_PROBLEMS, RecipeError
from builder.syntax.legacy.language import OF_VARIANTS
from builder.syntax.legacy.lines import MAX_SELECTORS, Line, Selected, select_in_place, select_lines, split_lines
from builder.syntax.legacy.selector import Selectors

PEERS_PATTERN = re.compile(r"(.+?)\s*(#.*)?\[([^\[\]]+)\](?(2)[^\(\)]*)$")
"""What conda-build 26.7 takes for a selector: its ``sel_pat``, a fact to compare with."""


@pytest.mark.parametrize(
    ("line", "text", "selector"),
    [
        ("  - cmake  # [unix]", "  - cmake", "unix"),
        ("  - foo [linux]", "  - foo", "linux"),
        ("  - a  # [py<39] note", "  - a", "py<39"),
        ("  - a  # [py<39] note (x)", "  - a  # [py<39] note (x)", None),
        ("  - a  # see [docs](there) [py<39]", "  - a", "py<39"),
        ("  - numpy[version='1']", "  - numpy", "version='1'"),
        ('  "- a  # [win]"', '  "- a"', "win"),
        ("  - a  # [one] [two]", "  - a", "two"),
        ("  - a [one # two]", "  - a", "one # two"),
        ("  - a  # []", "  - a  # []", None),
        ("  - [a, b]", "  -", "a, b"),
        ("# [win]", "", None),
        ("   ", "", None),
        ("[win]", "[win]", None),
    ],
)
def test_a_selector_is_what_conda_build_takes_for_one(line: str, text: str, selector: str | None) -> None:
    assert split_lines(line) == (Line(text, selector),)


_LINES = st.text(st.sampled_from("ab[]()# '\"[]#"), min_size=1, max_size=24)


@given(_LINES)
@example("a [b]#")
@example(" [b]")
@example("a #[b][c](")
def test_every_line_is_split_as_by_the_peers_pattern(line: str) -> None:
    line = line.rstrip()
    (ours,) = split_lines(line) or (Line(""),)
    if not line or line.lstrip().startswith("#"):
        assert ours == Line("")
        return
    match = PEERS_PATTERN.match(line)
    quote = line[-1] if line[-1] in "'\"" else ""
    theirs = Line((match[1] + quote).rstrip(), match[3]) if match else Line(line)
    assert ours == theirs


def test_a_long_line_takes_no_long_time() -> None:
    (line,) = split_lines("a" + " #[" * 200_000)
    assert line.selector is None


def test_lines_stay_where_their_selector_holds_and_each_selector_is_asked_once() -> None:
    asked: list[str] = []

    def holds(selector: str) -> bool:
        asked.append(selector)
        return selector == "linux"

    text = "a:  # [linux]\n# [win]\n  - b  # [win]\n\n  - c  # [win]\n  - d  # [linux]\n  - e\n"
    selected = select_lines(split_lines(text), holds, "meta.yaml")
    assert selected == Selected(text="a:\n\n\n  - d\n  - e\n", numbers=(1, 2, 4, 6, 7))
    assert asked == ["linux", "win"]


def test_every_bad_selector_is_told_with_its_line() -> None:
    def holds(selector: str) -> bool:
        raise ValueError(f"{selector} is no expression")

    with pytest.raises(RecipeError) as caught:
        select_lines(split_lines("a\nb  # [1 +]\nc\nd  # [)(]\n"), holds, "meta.yaml")
    assert [(one.place.line, one.place.file) for one in caught.value.problems if one.place] == [
        (2, "meta.yaml"),
        (4, "meta.yaml"),
    ]
    assert "1 + is no expression" in str(caught.value)
    assert caught.value.problems[0].remedy


def test_a_text_of_which_nothing_is_left_is_empty() -> None:
    assert select_lines(split_lines("a  # [win]\n"), lambda _: False, "meta.yaml") == Selected(text="\n", numbers=())


IN_VARIANTS = Selectors({"linux": True, "win": False}, language=OF_VARIANTS).holds


def test_lines_that_do_not_hold_become_empty_and_the_others_keep_their_numbers() -> None:
    text = "a:\n  - 1  # [linux]\n  - 2  # [win]\n  - 3  # why not\n  - 4\n"
    assert select_in_place(text, IN_VARIANTS, "f") == "a:\n  - 1  # [linux]\n\n  - 3  # why not\n  - 4\n"


@pytest.mark.parametrize(
    "line",
    [
        "  - a",
        "  - a  # []",
        "  - a  # just [win] mentioned",
        "  - a  # [win] and a note",
        "  - [win]",
        "  - 'a # b'",
        "  - a[0]  # x",
    ],
)
def test_only_a_comment_that_is_a_selector_alone_selects(line: str) -> None:
    assert select_in_place(line, IN_VARIANTS, "f") == line


def test_a_selector_may_have_brackets_of_its_own() -> None:
    assert not select_in_place("- a  # [os.environ['X'] == 'y']", IN_VARIANTS, "f")


@pytest.mark.parametrize(
    "line", ["- a " + "#[ " * 100_000, "- a #" + " " * 500_000 + "[x]y", "- a #[ " + "] " * 200_000 + "y"]
)
def test_a_line_is_looked_at_once(line: str) -> None:
    """Trying every bracket of it would take minutes."""
    assert select_in_place(line, IN_VARIANTS, "f") == line


def test_selectors_are_counted_over_the_file() -> None:
    line = f"- a  # [{'linux or ' * 40}linux]\n"
    assert select_in_place(line * 100, IN_VARIANTS, "f") == line * 100
    with pytest.raises(RecipeError, match="more than 64 KiB") as caught:
        select_in_place(line * (MAX_SELECTORS // 300), IN_VARIANTS, "f")
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.column == 6


def test_no_more_broken_selectors_are_told_than_anybody_reads() -> None:
    with pytest.raises(RecipeError) as caught:
        select_in_place("- a  # [1 +]\n" * 3000, IN_VARIANTS, "f")
    assert len(caught.value.problems) == MAX_PROBLEMS


def test_what_python_thinks_of_a_selector_is_for_nobody_to_read() -> None:
    assert not select_in_place(
        r"- a  # ['\d' == 1if linux else 2]".replace("if linux else 2", " and win"), IN_VARIANTS, "f"
    )


def test_all_broken_selectors_are_told_with_their_places() -> None:
    text = "a:  # [1 +]\n  - 1\n  - 2  # [__import__('os')]\n"
    with pytest.raises(RecipeError) as caught:
        select_in_place(text, IN_VARIANTS, "conda_build_config.yaml")
    assert [(one.place.line, one.place.column) for one in caught.value.problems if one.place] == [(1, 5), (3, 8)]
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.frame == "a:  # [1 +]"
    assert all(one.code == "variant.selector" and one.remedy for one in caught.value.problems)
