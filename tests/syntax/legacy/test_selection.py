"""Selecting with a memory: the same as selecting afresh, whatever was asked before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.syntax.legacy.lines import select_lines, split_lines
from builder.syntax.legacy.selection import Selection

TEXT = "package:\n  name: a  # [linux]\n  name: b  # [win]\n  version: 1\n# note\nabout:  # [linux]\n"


def test_lines_and_their_numbers() -> None:
    selected = Selection("meta.yaml").of(TEXT, {"linux": True, "win": False}.__getitem__)
    assert selected.text == "package:\n  name: a\n  version: 1\n\nabout:\n"
    assert selected.numbers == (1, 2, 4, 5, 6)


def test_each_selector_is_asked_once_for_a_text_and_the_answers_decide() -> None:
    asked: list[str] = []

    def holds(selector: str) -> bool:
        asked.append(selector)
        return selector == "linux"

    selection = Selection("meta.yaml")
    assert selection.of(TEXT, holds) is selection.of(TEXT, lambda selector: selector == "linux")
    assert asked == ["linux", "win"]


def test_what_is_wrong_is_told_with_its_line_each_time() -> None:
    def holds(selector: str) -> bool:
        raise ValueError(f"no {selector}")

    selection = Selection("some/meta.yaml")
    for _ in range(2):
        with pytest.raises(RecipeError) as caught:
            selection.of(TEXT, holds)
        places = [problem.place for problem in caught.value.problems]
        assert [(place.file, place.line) for place in places if place is not None] == [
            ("some/meta.yaml", 2),
            ("some/meta.yaml", 3),
            ("some/meta.yaml", 6),
        ]


_LINES = st.lists(
    st.sampled_from(["- a", "- b  # [one]", "- c  # [two]", "- d [one]", "# [two]", "", "- e  # [t] (x)"])
)


@given(_LINES.map("\n".join), st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=4))
def test_it_selects_what_select_lines_does(text: str, answers: list[tuple[bool, bool]]) -> None:
    selection = Selection("meta.yaml")
    for one, two in answers:
        holds = {"one": one, "two": two}.__getitem__
        assert selection.of(text, holds) == select_lines(split_lines(text), holds, "meta.yaml")
