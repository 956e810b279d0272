"""Texts that are no recipes whatever they say."""

from __future__ import annotations

import pytest

from builder.errors import RecipeError
from builder.recipe.v0.form import MAX_BLANK, MAX_LINE, check_form


def test_ordinary_recipes_pass() -> None:
    check_form("package:\n  name: a\r\n\n\n\tb: c\n", "meta.yaml")
    check_form("", "meta.yaml")
    check_form(f"{'x' * MAX_LINE}\n{' ' * (MAX_BLANK - 1)}x", "meta.yaml")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (f"a\nb\n{'x' * (MAX_LINE + 1)}\n", "this line has 16,385 characters, at most 16,384", 3),
        ("a\nb" + "\n" * (MAX_BLANK + 1) + "c", "501 blanks and line ends follow each other", 2),
        (f"a\n  b:{' ' * 1000}c", "1,000 blanks", 2),
        ("a\n" + "\n \t\r\n" * 200, "blanks and line ends", 1),
    ],
)
def test_what_takes_conda_builds_patterns_for_ever_is_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        check_form(text, "meta.yaml")
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line) == ("recipe.too-long", line)
    assert problem.remedy
