"""What the text of a ``meta.yaml`` may look like, so that patterns of conda-build, which see text only, have an end."""

from __future__ import annotations

import re

from builder.errors import Place, RecipeError
from builder.syntax.node import MAX_FRAME

MAX_LINE = 16_384
"""Characters; the longest lines of conda-forge, descriptions of R packages, have some 3,000."""

MAX_BLANK = 500
"""Blanks and line ends in a row: conda-build looks for sections behind each of them."""

_BLANK = re.compile(r"\s+")


def check_form(text: str, file: str) -> None:
    """Raise `RecipeError` for a line that is too long or too much blank space."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE:
            place = Place(file=file, line=number, column=MAX_LINE + 1, frame=line[:MAX_FRAME])
            message = f"this line has {len(line):,} characters, at most {MAX_LINE:,} are allowed"
            raise RecipeError(message, code="recipe.too-long", place=place, remedy="write the text over several lines")
    for blank in _BLANK.finditer(text):
        if blank.end() - blank.start() > MAX_BLANK:
            number = text.count("\n", 0, blank.start()) + 1
            message = f"{blank.end() - blank.start():,} blanks and line ends follow each other here"
            place = Place(file=file, line=number, column=1, frame="")
            raise RecipeError(message, code="recipe.too-long", place=place, remedy="remove them")
