"""Applies the line selectors of a ``conda_build_config.yaml``; lines keep their numbers."""

from __future__ import annotations

import re

from builder.errors import Place, Problem, RecipeError
from builder.matrix.selector import SelectorError, Selectors

_SELECTOR = re.compile(r"#\s*\[(.*)\]\s*$")
"""A comment that holds nothing but a selector; any other comment is just a comment (rattler-build's rule)."""


def select_lines(text: str, selectors: Selectors, file: str) -> str:
    """Return ``text`` with nothing in the lines whose selector does not hold.

    Raises `RecipeError` with every line whose selector is not of the language of `builder.matrix.selector`.
    """
    kept: list[str] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        selector = _SELECTOR.search(line) if "[" in line else None
        try:
            kept.append(line if selector is None or selectors.holds(selector[1]) else "")
        except SelectorError as error:
            assert selector is not None
            problems.append(
                _problem(str(error), Place(file=file, line=number, column=selector.start() + 1, frame=line))
            )
    if problems:
        raise RecipeError.of(problems)
    return "\n".join(kept)


def _problem(message: str, place: Place) -> Problem:
    return Problem(
        code="variant.selector",
        message=f"this selector cannot be evaluated: {message}",
        place=place,
        remedy='a selector looks like `# [linux and not aarch64]` or `# [os.environ.get("NAME", "") == "yes"]`',
    )
