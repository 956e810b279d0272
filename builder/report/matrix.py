"""The matrix that ends a build: a row for each output, a column for each of the variants that they were built for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from builder.model.frozen import frozen
from builder.model.outcome import Ending, Outcome
from builder.model.rendering import Rendering
from builder.model.task import Plan
from builder.report.escape import escape

_WIDTH = 110
"""Columns of text that a line may have; further variants go below."""

_MOST = 64
"""Variants of one output that anybody wants to see beside each other."""

_SAME = "←"
"""The cell of a package that stands further left already: it does not use what the columns differ by."""

_NONE = "–"
"""The cell of what was not to be built, and the heading of a key without a value."""

Values = Mapping[str, str]
"""Variant key → value as text."""

_Spot = tuple[int | None, ...]
"""For each axis the point at which a package is, None where it uses none of the keys."""


@frozen
class _Axis:
    """Keys that vary together, such as zipped ones, and the combinations of values that they have."""

    keys: tuple[str, ...]
    points: tuple[Values, ...]

    def place(self, values: Values) -> int | None:
        """Return which point ``values`` is at: the one that has most of its keys; None when it has none of the keys."""
        own = {key: value for key, value in values.items() if key in self.keys}
        agreeing = [place for place, point in enumerate(self.points) if _agree(own, point)]
        return max(agreeing, key=lambda place: len(own.keys() & self.points[place].keys()), default=None)

    def heading(self) -> tuple[str, list[str]]:
        """Return the name of the key that stands for all, and for each point its value of it.

        A compiler's version is shown beside the compiler. Where no key tells all points apart, all values are shown.
        """
        for key in sorted(self.keys, key=lambda key: (key.endswith("_version"), key)):
            shown = [f"{point.get(key, _NONE)} {point.get(f'{key}_version', '')}".rstrip() for point in self.points]
            if len(set(shown)) == len(shown):
                return key, shown
        return ", ".join(self.keys), [" ".join(point.get(key, _NONE) for key in self.keys) for point in self.points]


@frozen
class _Cell:
    """One package of an output: its values of the keys in which the output's packages differ, and how it ended."""

    values: Values
    ending: Ending


def matrix(plan: Plan, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Return the matrix as lines of text; none when every output of ``plan`` has one variant.

    Outputs with one variant are left out. Keys that vary together are one line of the heading. What is too large to
    look at is one line, which says so.
    """
    endings = {outcome.task_id: outcome.ending for outcome in outcomes}
    outputs: dict[str, list[Rendering]] = {}
    for task in plan.tasks:
        if task.rendering.output.kind == "package" and task.id in endings:
            outputs.setdefault(task.rendering.output.name, []).append(task.rendering)
    if (most := max(map(len, outputs.values()), default=0)) > _MOST:
        return (f"{most} variants of one package are too many for a matrix",)
    rows: dict[str, list[_Cell]] = {}
    for _, found in sorted(outputs.items()):
        if len(found) > 1:
            ordered = _wanted_first(found)
            cells = zip(_differing(ordered), ordered, strict=True)
            rows[_label(found)] = [_Cell(values=values, ending=endings[one.identity]) for values, one in cells]
    axes = list(_axes([cell.values for cells in rows.values() for cell in cells]))
    return tuple(_lines(axes, rows))


def _label(renderings: Sequence[Rendering]) -> str:
    versions = {rendering.output.version for rendering in renderings}
    return " ".join([renderings[0].output.name, *(versions if len(versions) == 1 else ())])


def _wanted_first(renderings: Sequence[Rendering]) -> list[Rendering]:
    """Return first the builds that solvers prefer, those that they like alike by their values."""

    def order(rendering: Rendering) -> tuple[int, list[tuple[str, list[tuple[int, str]]]]]:
        values = [(key, _natural(str(value))) for key, value in rendering.variant.items()]
        return abs(rendering.output.build.variant.down_prioritize_variant), values

    return sorted(renderings, key=order)


def _natural(text: str) -> list[tuple[int, str]]:
    """Return what sorts ``3.9`` before ``3.10``."""
    return [(int(number or 0), other) for number, other in re.findall(r"(\d+)|(\D+)", text)]


def _differing(renderings: Sequence[Rendering]) -> list[Values]:
    """Return for each package of an output its values of the keys in which they differ.

    The build string of another output of the recipe, which is a key as well, counts only when nothing else differs.
    """
    keys = {key for one in renderings for key in one.variant}
    keys = {key for key in keys if len({str(one.variant.get(key, _NONE)) for one in renderings}) > 1}
    siblings = {re.sub(r"[-.]", "_", sibling.name) for one in renderings for sibling in one.siblings}
    without = [_values(one, keys - siblings) for one in renderings]
    unlike = all(values not in without[:place] for place, values in enumerate(without))
    return without if unlike else [_values(one, keys) for one in renderings]


def _values(rendering: Rendering, keys: Iterable[str]) -> Values:
    return {key: escape(str(rendering.variant.get(key, _NONE))) for key in sorted(keys)}


def _axes(found: Sequence[Values]) -> Iterator[_Axis]:
    """Yield the axes along which the packages lie, by the names of their keys."""
    keys = sorted({key for values in found for key in values})
    groups: dict[str, tuple[str, ...]] = {key: (key,) for key in keys}
    for one, other in combinations(keys, 2):
        if groups[one] != groups[other] and _together(one, other, found):
            joined = tuple(sorted((*groups[one], *groups[other])))
            groups.update(dict.fromkeys(joined, joined))
    for group in dict.fromkeys(groups.values()):
        points: list[Values] = []
        for values in found:
            own = {key: values[key] for key in group if key in values}
            place = next((place for place, point in enumerate(points) if _agree(own, point)), None)
            if place is not None:
                points[place] = {**points[place], **own}
            elif own:
                points.append(own)
        yield _Axis(keys=group, points=tuple(points))


def _together(one: str, other: str, found: Iterable[Values]) -> bool:
    """Whether the value of one of two keys follows from that of the other, wherever both are used."""
    pairs = {(values[one], values[other]) for values in found if one in values and other in values}
    return len(pairs) == max(len({left for left, _ in pairs}), len({right for _, right in pairs})) > 0


def _agree(one: Values, other: Values) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared) and all(one[key] == other[key] for key in shared)


def _lines(axes: Sequence[_Axis], rows: Mapping[str, Sequence[_Cell]]) -> Iterator[str]:
    """Yield the table: the headings of all axes, a rule, the rows; again for the columns that do not fit beside."""
    spots = {label: [(tuple(axis.place(cell.values) for axis in axes), cell.ending) for cell in cells]
             for label, cells in rows.items()}  # fmt: skip
    columns = _columns({spot for placed in spots.values() for spot, _ in placed})
    headings = [axis.heading() for axis in axes]
    top = {
        name: [_NONE if (point := column[number]) is None else shown[point] for column in columns]
        for number, (name, shown) in enumerate(headings)
    }
    body = {label: _row(placed, columns) for label, placed in spots.items()}
    first = max(map(len, [*top, *body]), default=0) + 2
    widths = [max(len(row[number]) for row in [*top.values(), *body.values()]) + 2 for number in range(len(columns))]
    for number, block in enumerate(_blocks(widths, _WIDTH - first)):
        if number:
            yield ""
        yield from (_line(name, row, block, first, widths) for name, row in top.items())
        yield "─" * (first + sum(widths[column] for column in block) - 2)
        yield from (_line(label, row, block, first, widths) for label, row in body.items())


def _line(label: str, row: Sequence[str], block: Iterable[int], first: int, widths: Sequence[int]) -> str:
    return (label.ljust(first) + "".join(row[column].ljust(widths[column]) for column in block)).rstrip()


def _columns(spots: Iterable[_Spot]) -> list[_Spot]:
    """Return the spots that are nowhere told more exactly, in the order of the points."""
    every = sorted(set(spots), key=lambda spot: [-1 if point is None else point for point in spot])
    return [spot for spot in every if not any(other != spot and _covers(spot, other) for other in every)]


def _covers(spot: _Spot, other: _Spot) -> bool:
    """Whether ``other`` is at ``spot``, or would be if that were told more exactly."""
    return all(point is None or point == at for point, at in zip(spot, other, strict=True))


def _row(placed: Iterable[tuple[_Spot, Ending]], columns: Sequence[_Spot]) -> list[str]:
    cells = [_NONE] * len(columns)
    for spot, ending in placed:
        word = ending.value
        for number, column in enumerate(columns):
            if _covers(spot, column):
                cells[number], word = word, _SAME
    return cells


def _blocks(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the numbers of columns that fit beside each other, at least one at a time."""
    block: list[int] = []
    for number, width in enumerate(widths):
        if block and sum(widths[column] for column in block) + width > room:
            yield block
            block = []
        block.append(number)
    if block:
        yield block
