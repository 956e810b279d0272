"""The space of variant values, and assignments in it: combinations over chosen keys, never the full product.

A value is counted by its place in its key's list, so that an assignment is a small mapping of integers: cheap to
compare, and sorted in the declared order of values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from builder.matrix.config import VariantConfig, token
from builder.model.variant import Origin, VariantValue

Assignment = Mapping[str, int]
"""Variant key → place of its value among the distinct values of that key."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """Keys that vary together (or one key): each row is one value of each key, as places."""

    keys: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]

    def fitting(self, assigned: Assignment) -> Iterator[tuple[int, ...]]:
        """Yield the rows that have the values that ``assigned`` gives to keys of this axis."""
        fixed = [(column, assigned[key]) for column, key in enumerate(self.keys) if key in assigned]
        return (row for row in self.rows if all(row[column] == place for column, place in fixed))


class Space:
    """All values of a `VariantConfig`, arranged for combining."""

    def __init__(self, config: VariantConfig) -> None:
        """Arrange ``config``, whose zip groups must fit (`VariantConfig.checked`)."""
        self._values: dict[str, tuple[VariantValue, ...]] = {}
        self._origins: dict[str, tuple[Origin, ...]] = {}
        self._axes: dict[str, _Axis] = {}
        places: dict[str, tuple[int, ...]] = {}
        for key, given in config.values.items():
            first: dict[tuple[bool, VariantValue], int] = {}
            rows = [first.setdefault(token(value), row) for row, value in enumerate(given.values)]
            places[key] = tuple(rows)
            self._values[key], self._origins[key] = given.values, given.origins
        zipped = [tuple(key for key in group if key in places) for group in config.zip_keys]
        loose = [(key,) for key in places if not any(key in group for group in zipped)]
        for keys in (*zipped, *loose):
            axis = _Axis(keys, tuple(dict.fromkeys(zip(*(places[key] for key in keys), strict=True))))
            self._axes.update(dict.fromkeys(keys, axis))

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def value(self, key: str, place: int) -> VariantValue:
        """Return the value of ``key`` at ``place``."""
        return self._values[key][place]

    def origin(self, key: str, place: int) -> Origin:
        """Return where that value was set."""
        return self._origins[key][place]

    def size(self, key: str) -> int:
        """Return how many distinct values ``key`` has."""
        axis = self._axes[key]
        column = axis.keys.index(key)
        return len({row[column] for row in axis.rows})

    def default(self, key: str, assigned: Assignment) -> int:
        """Return the place of the value that ``key`` has in the first combination that agrees with ``assigned``."""
        axis = self._axes[key]
        return next(axis.fitting(assigned))[axis.keys.index(key)]

    def count(self, assigned: Assignment, keys: Iterable[str]) -> int:
        """Return how many combinations `extensions` would give, without making them."""
        total = 1
        for _, rows in self._projections(assigned, keys):
            total *= len(rows)
        return total

    def extensions(self, assigned: Assignment, keys: Iterable[str]) -> Iterator[dict[str, int]]:
        """Yield ``assigned`` with each combination of values of ``keys`` (not yet assigned) that agrees with it.

        The first one holds the `default` values.
        """
        axes = self._projections(assigned, keys)
        for chosen in itertools.product(*(rows for _, rows in axes)):
            extended = dict(assigned)
            for (names, _), row in zip(axes, chosen, strict=True):
                extended.update(zip(names, row, strict=True))
            yield extended

    def joined(self, one: Assignment, other: Assignment) -> dict[str, int] | None:
        """Return both assignments as one, None if no combination agrees with both."""
        if any(one.get(key, place) != place for key, place in other.items()):
            return None
        both = {**one, **other}
        mixed = {key for key in other if key not in one and len(self._axes[key].keys) > 1}
        fits = all(next(self._axes[key].fitting(both), None) is not None for key in mixed)
        return both if fits else None

    def _projections(self, assigned: Assignment, keys: Iterable[str]) -> list[tuple[list[str], list[tuple[int, ...]]]]:
        """Return, for each axis that ``keys`` touch, their names and the distinct rows left to choose from."""
        by_axis: dict[tuple[str, ...], list[str]] = {}
        for key in sorted(keys):
            by_axis.setdefault(self._axes[key].keys, []).append(key)
        found = []
        for names in by_axis.values():
            axis = self._axes[names[0]]
            columns = [axis.keys.index(name) for name in names]
            rows = dict.fromkeys(tuple(row[column] for column in columns) for row in axis.fitting(assigned))
            found.append((names, list(rows)))
        return found
