"""Line selectors over a whole file."""

from __future__ import annotations

import pytest

from builder.errors import MAX_PROBLEMS, RecipeError
from builder.matrix.lines import MAX_SELECTORS, select_lines
from builder.matrix.selector import Selectors

SELECTORS = Selectors({"linux": True, "win": False})


def test_lines_that_do_not_hold_become_empty_and_the_others_keep_their_numbers() -> None:
    text = "a:\n  - 1  # [linux]\n  - 2  # [win]\n  - 3  # why not\n  - 4\n"
    assert select_lines(text, SELECTORS, "f") == "a:\n  - 1  # [linux]\n\n  - 3  # why not\n  - 4\n"


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
    assert select_lines(line, SELECTORS, "f") == line


def test_a_selector_may_have_brackets_of_its_own() -> None:
    assert not select_lines("- a  # [os.environ['X'] == 'y']", SELECTORS, "f")


@pytest.mark.parametrize(
    "line", ["- a " + "#[ " * 100_000, "- a #" + " " * 500_000 + "[x]y", "- a #[ " + "] " * 200_000 + "y"]
)
def test_a_line_is_looked_at_once(line: str) -> None:
    """Trying every bracket of it would take minutes."""
    assert select_lines(line, SELECTORS, "f") == line


def test_selectors_are_counted_over_the_file() -> None:
    line = f"- a  # [{'linux or ' * 40}linux]\n"
    assert select_lines(line * 100, SELECTORS, "f") == line * 100
    with pytest.raises(RecipeError, match="more than 64 KiB") as caught:
        select_lines(line * (MAX_SELECTORS // 300), SELECTORS, "f")
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.column == 6


def test_no_more_broken_selectors_are_told_than_anybody_reads() -> None:
    with pytest.raises(RecipeError) as caught:
        select_lines("- a  # [1 +]\n" * 3000, SELECTORS, "f")
    assert len(caught.value.problems) == MAX_PROBLEMS


def test_what_python_thinks_of_a_selector_is_for_nobody_to_read() -> None:
    assert not select_lines(r"- a  # ['\d' == 1if linux else 2]".replace("if linux else 2", " and win"), SELECTORS, "f")


def test_all_broken_selectors_are_told_with_their_places() -> None:
    text = "a:  # [1 +]\n  - 1\n  - 2  # [__import__('os')]\n"
    with pytest.raises(RecipeError) as caught:
        select_lines(text, SELECTORS, "conda_build_config.yaml")
    assert [(one.place.line, one.place.column) for one in caught.value.problems if one.place] == [(1, 5), (3, 8)]
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.frame == "a:  # [1 +]"
    assert all(one.code == "variant.selector" and one.remedy for one in caught.value.problems)
