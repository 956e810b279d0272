"""Divides what the jobs of a platform hold: one job for each combination of the keys that all outputs vary by.

Only combinations that some output has are jobs; of the other keys each job keeps all values, sorted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import cast

from builder.feedstock.collapse import Collapsed
from builder.feedstock.job import Setting
from builder.feedstock.seen import Seen, Sight
from builder.matrix.v0.space import Axis, Row
from builder.model.frozen import frozen
from builder.recipe.v0.scope import Fixed

_IMAGE = "docker_image"
_TEXT = 10**18
"""More than any number that a variant file may have."""


@frozen
class Part:
    """What one job holds: the axes with the rows that are left for it."""

    axes: tuple[Axis, ...]
    pins: Mapping[str, Fixed]
    zip_keys: tuple[tuple[str, ...], ...]
    numbers: frozenset[tuple[str, str]] = frozenset()

    def settings(self) -> dict[str, Setting]:
        """Return what the job's file says, keys sorted."""
        found: dict[str, Setting] = {
            key: tuple(self._typed(key, value) for value in axis.column(key)) for axis in self.axes for key in axis.keys
        }
        if self.zip_keys:
            found["zip_keys"] = self.zip_keys
        if self.pins:
            found["pin_run_as_build"] = {package: _pin(pin) for package, pin in sorted(self.pins.items())}
        return dict(sorted(found.items()))

    def first_values(self, keys: Collection[str]) -> dict[str, str]:
        """Return the first value of each of ``keys``."""
        return {key: _text(axis.column(key)[0]) for axis in self.axes for key in axis.keys if key in keys}

    def in_container(self, fallback: str) -> Part:
        """Return the part with one image, ``fallback`` if it has none; what is zipped with the image goes along."""
        axes = tuple(Axis(axis.keys, axis.rows[:1]) if _IMAGE in axis.keys else axis for axis in self.axes)
        if not any(_IMAGE in axis.keys for axis in axes):
            axes = (*axes, Axis((_IMAGE,), ((fallback,),)))
        return replace(self, axes=axes)

    def builds(self, output: Seen) -> bool:
        """Return whether the job builds an output: it has the values of all keys that the output uses."""
        return all(_has(axis, output) for axis in self.axes)

    def _typed(self, key: str, value: Fixed) -> str | int:
        text = _text(value)
        return int(text) if (key, text) in self.numbers else text


def parts(collapsed: Collapsed, sight: Sight) -> Iterator[Part]:
    """Yield the parts in the order of their values."""
    by_loops = [_by_loops(axis, collapsed.loops, sight.numbers) for axis in collapsed.axes]
    wanted = {tuple(one.variant.get(key, "") for key in collapsed.loops) for one in sight.outputs}
    for combination in sorted(wanted, key=str):
        values = dict(zip(collapsed.loops, combination, strict=True))
        chosen = [
            rows.get(tuple(values[key] for key in axis.keys if key in values))
            for axis, rows in zip(collapsed.axes, by_loops, strict=True)
        ]
        if all(rows is not None for rows in chosen):
            axes = zip(collapsed.axes, cast("list[tuple[Row, ...]]", chosen), strict=True)
            yield Part(
                axes=tuple(Axis(axis.keys, rows) for axis, rows in axes),
                pins=collapsed.pins,
                zip_keys=collapsed.zip_keys,
                numbers=sight.numbers,
            )


def _by_loops(
    axis: Axis, loops: tuple[str, ...], numbers: frozenset[tuple[str, str]]
) -> dict[tuple[Fixed, ...], tuple[Row, ...]]:
    """Return the sorted rows of an axis by the values that they have for the keys that jobs are divided by."""
    places = [place for place, key in enumerate(axis.keys) if key in loops]
    found: dict[tuple[Fixed, ...], list[Row]] = {}

    def order(row: Row) -> list[tuple[int, str]]:
        """Return what rows are sorted by: numbers by size, before all text, which is sorted as such."""
        texts = zip(axis.keys, map(_text, row), strict=True)
        return [(int(text), "") if (key, text) in numbers else (_TEXT, text) for key, text in texts]

    for row in sorted(axis.rows, key=order):
        found.setdefault(tuple(row[place] for place in places), []).append(row)
    return {values: tuple(rows) for values, rows in found.items()}


def _has(axis: Axis, output: Seen) -> bool:
    places = [place for place, key in enumerate(axis.keys) if key in output.used and key in output.variant]
    wanted = tuple(output.variant[axis.keys[place]] for place in places)
    return any(tuple(row[place] for place in places) == wanted for row in axis.rows)


def _text(value: Fixed) -> str:
    return value if isinstance(value, str) else str(value)


def _pin(pin: Fixed) -> str | Setting:
    """Return a pin as the file says it: the lower bound first; or one expression, with which conda-smithy ends."""
    if not isinstance(pin, Mapping):
        return _text(pin)
    return {bound: _text(pin[bound]) for bound in sorted(pin, reverse=True)}
