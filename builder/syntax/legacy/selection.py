"""Selects lines of texts for many variants; what was selected is remembered for each set of answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from builder.syntax.legacy.lines import Line, Selected, select_lines, split_lines

_TEXTS = 256
"""Texts that are remembered; a recipe has a few for each output, and those that its template writes."""

_Piece = tuple[tuple[Line, ...], tuple[str, ...]]


class Selection:
    """Selects lines of one file and of pieces of it; variants whose selectors agree share what was selected."""

    def __init__(self, file: str) -> None:
        """Take the name of the file that errors show."""
        self._file = file
        self._piece = lru_cache(maxsize=_TEXTS)(_split)
        self._chosen = lru_cache(maxsize=_TEXTS)(self._choose)

    def of(self, text: str, holds: Callable[[str], bool]) -> Selected:
        """Return the lines of ``text`` whose selectors hold; see `select_lines`, whose errors it raises."""
        lines, selectors = self._piece(text)
        try:
            answers = tuple([holds(selector) for selector in selectors])
        except ValueError:
            return select_lines(lines, holds, self._file)
        return self._chosen(text, answers)

    def _choose(self, text: str, answers: tuple[bool, ...]) -> Selected:
        lines, selectors = self._piece(text)
        return select_lines(lines, dict(zip(selectors, answers, strict=True)).__getitem__, self._file)


def _split(text: str) -> _Piece:
    """Return the lines of a text and its distinct selectors."""
    lines = split_lines(text)
    return lines, tuple(dict.fromkeys(line.selector for line in lines if line.selector is not None))
