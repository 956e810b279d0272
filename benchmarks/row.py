"""One line of the table that the benchmarks print."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured, both figures, what is to be reached and whether it is."""

    what: str
    ours: str
    theirs: str
    figure: str
    goal: str
    good: bool
