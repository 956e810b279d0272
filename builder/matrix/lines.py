"""Applies the line selectors of a ``conda_build_config.yaml``; lines keep their numbers."""

from __future__ import annotations

import re

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError
from builder.matrix.selector import SelectorError, Selectors
from builder.syntax.node import MAX_FRAME

MAX_SELECTORS = 1 << 16
"""Characters of all selectors in one file; those of conda-forge's pinning file have some 3,000."""

_SELECTOR = re.compile(r"#\s*\[(.*)\]\s*$")
"""A comment that holds nothing but a selector; any other comment is just a comment (rattler-build's rule)."""


def select_lines(text: str, selectors: Selectors, file: str) -> str:
    """Return ``text`` with nothing in the lines whose selector does not hold.

    Raises `RecipeError` with every line whose selector is not of the language of `builder.matrix.selector`.
    """
    kept: list[str] = []
    problems: list[Problem] = []
    left = MAX_SELECTORS
    for number, line in enumerate(text.split("\n"), 1):
        selector = _SELECTOR.search(line) if "[" in line and line.rstrip().endswith("]") else None
        if selector is None:
            kept.append(line)
            continue
        place = Place(file=file, line=number, column=selector.start() + 1, frame=line[:MAX_FRAME])
        left -= len(selector[1])
        if left < 0 or len(problems) >= MAX_PROBLEMS:
            problems += [_too_much(place)] if left < 0 else []
            break
        try:
            kept.append(line if selectors.holds(selector[1]) else "")
        except SelectorError as error:
            problems.append(_problem(str(error), place))
    if problems:
        raise RecipeError.of(problems)
    return "\n".join(kept)


def _too_much(place: Place) -> Problem:
    message = f"the selectors of this file have more than {MAX_SELECTORS >> 10} KiB"
    return Problem(code="variant.selector", message=message, place=place, remedy="split the file")


def _problem(message: str, place: Place) -> Problem:
    return Problem(
        code="variant.selector",
        message=f"this selector cannot be evaluated: {message}",
        place=place,
        remedy='a selector looks like `# [linux and not aarch64]` or `# [os.environ.get("NAME", "") == "yes"]`',
    )
