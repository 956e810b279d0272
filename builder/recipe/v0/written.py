"""From places in what a template wrote to the places in the recipe that people can look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder.errors import Place, Problem
from builder.syntax.legacy.lines import Selected
from builder.syntax.node import MAX_FRAME


def as_written(
    problems: Sequence[Problem], recipe: str, selected: Selected, rendered: str, kept: Sequence[int]
) -> list[Problem]:
    """Return ``problems`` about lines of ``rendered`` with those of the ``recipe`` instead.

    ``rendered`` came of the ``selected`` lines of the recipe; if some of its lines were ``kept``, by number, they are
    about those. Most templates write a line for each of theirs; after others a line is looked for by what it says,
    and the place is the file if that is not there once.
    """
    lines, numbers = recipe.splitlines(), tuple[int, ...]()
    if len(rendered.splitlines()) == len(selected.numbers):
        numbers = tuple(selected.numbers[number - 1] for number in kept) if kept else selected.numbers
    return [replace(one, place=_place(one.place, lines, numbers) if one.place else None) for one in problems]


def _place(place: Place, lines: Sequence[str], numbers: Sequence[int]) -> Place:
    if place.line is None:
        return place
    if place.line <= len(numbers):
        number = numbers[place.line - 1]
    else:
        said = (place.frame or "").strip()
        found = [number for number, line in enumerate(lines, 1) if said and line.strip().startswith(said)]
        if len(found) != 1:
            return Place(file=place.file)
        number = found[0]
    return replace(place, line=number, frame=lines[number - 1][:MAX_FRAME])
