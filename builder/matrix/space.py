"""The space of variant values, and assignments in it: combinations over chosen keys, never the full product.

A value is counted by its place in its key's list, so that an assignment is a small mapping of integers: cheap to
compare, and sorted in the declared order of values.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping

from builder.matrix.config import VariantConfig, token
from builder.model.variant import Origin, VariantValue

Assignment = Mapping[str, int]
"""Variant key → place of its value among the distinct values of that key."""


_Row = tuple[int, ...]


class _Axis:
    """Keys that vary together (or one key): each row is one value of each key, as places."""

    def __init__(self, keys: tuple[str, ...], rows: Iterable[_Row]) -> None:
        self.keys = keys
        self.columns = {key: column for column, key in enumerate(keys)}
        self._every = list(dict.fromkeys(rows))
        self._by_values: dict[tuple[str, ...], dict[_Row, list[_Row]]] = {}

    def fitting(self, assigned: Assignment) -> list[_Row]:
        """Return the rows that have the values that ``assigned`` gives to keys of this axis."""
        if len(self.keys) == 1:
            return self._every if self.keys[0] not in assigned else [(assigned[self.keys[0]],)]
        fixed = tuple([key for key in self.keys if key in assigned])
        if not fixed:
            return self._every
        if fixed not in self._by_values:
            index = self._by_values[fixed] = {}
            for row in self._every:
                index.setdefault(tuple(row[self.columns[key]] for key in fixed), []).append(row)
        return self._by_values[fixed].get(tuple([assigned[key] for key in fixed]), [])


class Space:
    """All values of a `VariantConfig`, arranged for combining; a key is arranged when somebody asks for it.

    ``pins`` and ``ignored`` are what the configuration says of run requirements and of keys that enter no hash.
    """

    def __init__(self, config: VariantConfig) -> None:
        """Take ``config``, whose zip groups must fit (`VariantConfig.checked`)."""
        self._values = config.values
        self.pins = config.pins
        self.ignored = config.ignored
        self._groups = {key: group for group in config.zip_keys for key in group}
        self._axes: dict[str, _Axis] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def value(self, key: str, place: int) -> VariantValue:
        """Return the value of ``key`` at ``place``."""
        return self._values[key].values[place]

    def text(self, key: str, place: int) -> str:
        """Return that value as JSON: by these texts rattler-build orders combinations."""
        return json.dumps(self.value(key, place))

    def origin(self, key: str, place: int) -> Origin:
        """Return where that value was set."""
        return self._values[key].origins[place]

    def _axis(self, key: str) -> _Axis:
        if key not in self._axes:
            keys = tuple(one for one in self._groups.get(key, (key,)) if one in self._values)
            columns = [_places(self._values[one].values) for one in keys]
            axis = _Axis(keys, zip(*columns, strict=True))
            self._axes.update(dict.fromkeys(keys, axis))
        return self._axes[key]

    def size(self, key: str) -> int:
        """Return how many distinct values ``key`` has."""
        axis = self._axis(key)
        return len({row[axis.columns[key]] for row in axis.fitting({})})

    def default(self, key: str, assigned: Assignment) -> int:
        """Return the place of the value that ``key`` has in the first combination that agrees with ``assigned``."""
        axis = self._axis(key)
        return axis.fitting(assigned)[0][axis.columns[key]]

    def is_open(self, key: str, assigned: Assignment) -> bool:
        """Whether ``key``, not yet assigned, has several values in the combinations that agree with ``assigned``."""
        axis = self._axis(key)
        rows, column = axis.fitting(assigned), axis.columns[key]
        return len(rows) > 1 and any(row[column] != rows[0][column] for row in rows)

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
        mixed = {key for key in other if key not in one and len(self._axis(key).keys) > 1}
        return both if all(self._axis(key).fitting(both) for key in mixed) else None

    def _projections(self, assigned: Assignment, keys: Iterable[str]) -> list[tuple[list[str], list[_Row]]]:
        """Return, for each axis that ``keys`` touch, their names and the distinct rows left to choose from."""
        by_axis: dict[tuple[str, ...], list[str]] = {}
        for key in sorted(keys):
            by_axis.setdefault(self._axis(key).keys, []).append(key)
        found = []
        for names in by_axis.values():
            axis = self._axis(names[0])
            rows = axis.fitting(assigned)
            if axis.keys != tuple(names):  # rows of the whole axis differ already
                columns = [axis.columns[name] for name in names]
                rows = list(dict.fromkeys(tuple(row[column] for column in columns) for row in rows))
            found.append((names, rows))
        return found


def _places(values: Iterable[VariantValue]) -> list[int]:
    """Return for each value the place of the first one that is the same."""
    first: dict[tuple[bool, VariantValue], int] = {}
    return [first.setdefault(token(value), row) for row, value in enumerate(values)]
