"""The space of conda-build's variants: a product that is never made whole.

conda-build makes every combination of all values, drops those that a more important file leaves out, and then folds the
keys that nobody uses into one value. All of that is done here on each axis by itself, which comes to the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from builder.matrix.v0.config import LegacyConfig, values_of
from builder.model.frozen import frozen
from builder.recipe.v0.scope import Fixed, LegacyVariant

Row = tuple[Fixed, ...]


@frozen(kw_only=False)
class Axis:
    """Keys that vary together, and their rows: one value for each key."""

    keys: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, key: str) -> list[Fixed]:
        """Return the values of one key, row by row."""
        place = self.keys.index(key)
        return [row[place] for row in self.rows]

    def kept(self, key: str, values: Collection[str] | str) -> Axis:
        """Return the rows whose value of ``key`` is in ``values``, all of them when none is.

        conda-build's rule, in a text too: of ``"3.10"``, rows with ``"3.1"`` are kept as well.
        """
        if len(self.rows) == 1:
            return self
        wanted = values if isinstance(values, str) else frozenset(values)
        column = zip(self.rows, self.column(key), strict=True)
        rows = tuple(row for row, value in column if not isinstance(value, Mapping) and value in wanted)
        return Axis(self.keys, rows) if rows else self


@frozen
class LegacySpace:
    """All variants: ``fixed`` is the same in each of them, ``axes`` are combined."""

    fixed: LegacyVariant
    axes: tuple[Axis, ...]

    def first(self) -> LegacyVariant:
        """Return the first variant."""
        return self._base()

    def varying(self) -> frozenset[str]:
        """Return the keys that have more than one value."""
        many = (axis for axis in self.axes if len(axis.rows) > 1)
        return frozenset(key for axis in many for key in axis.keys if len(set(map(repr, axis.column(key)))) > 1)

    def kept(self, key: str, values: Collection[str] | str) -> LegacySpace:
        """Return the space without the rows of other values of ``key``; see `Axis.kept`."""
        return self.kept_all([(key, values)])

    def kept_all(self, wanted: Iterable[tuple[str, Collection[str] | str]]) -> LegacySpace:
        """Return the space without the rows of other values than those ``wanted`` of keys, one key after the other."""
        axes = list(self.axes)
        places = {key: place for place, axis in enumerate(axes) for key in axis.keys}
        for key, values in wanted:
            place = places.get(key)
            if place is not None:
                axes[place] = axes[place].kept(key, values)
        return LegacySpace(fixed=self.fixed, axes=tuple(axes))

    def conforming(self, variant: LegacyVariant, keys: Collection[str]) -> LegacySpace:
        """Return the space in which ``keys`` have the values of ``variant``."""
        values = ((key, variant.get(key)) for key in sorted(keys))
        return self.kept_all((key, value) for key, value in values if isinstance(value, str))

    def count(self, used: Collection[str]) -> int:
        """Return how many variants `reduced` would give."""
        total = 1
        for axis in self.axes:
            if len(axis.rows) > 1 and any(key in used for key in axis.keys):
                total *= len(axis.rows)
        return total

    def reduced(self, used: Collection[str]) -> Iterator[LegacyVariant]:
        """Yield the variants that differ in ``used`` keys, or in keys that are zipped with one of them."""
        base = self._base()
        varied = [axis for axis in self.axes if len(axis.rows) > 1 and any(key in used for key in axis.keys)]
        for rows in itertools.product(*(axis.rows for axis in varied)):
            variant = dict(base)
            for axis, row in zip(varied, rows, strict=True):
                variant.update(zip(axis.keys, row, strict=True))
            yield variant

    def _base(self) -> dict[str, Fixed]:
        """Return the first variant; most of some 500 keys are alone in their axis."""
        base = dict(self.fixed)
        for axis in self.axes:
            if len(axis.keys) == 1:
                base[axis.keys[0]] = axis.rows[0][0]
            else:
                base.update(zip(axis.keys, axis.rows[0], strict=True))
        return base


@lru_cache(maxsize=8)
def space_of(config: LegacyConfig) -> LegacySpace:
    """Return all variants of a configuration.

    For each key, the most important source but the defaults says which of its values count. All recipes without a
    variant file of their own have one configuration, so that the last few are remembered.
    """
    zipped = {key for group in config.zip_keys for key in group}
    fixed = {key: value for key, value in config.values.items() if key in config.extend_keys and key not in zipped}
    axes = [
        Axis((key,), _rows(values)) for key, values in config.values.items() if key not in fixed and key not in zipped
    ]
    axes += [_zipped(group, config.values) for group in config.zip_keys]
    space = LegacySpace(fixed=fixed, axes=tuple(axis for axis in axes if axis.rows))
    wanted: dict[str, Collection[str]] = {}
    for _, spec in reversed(config.sources[1:]):
        for key, values in spec.items():
            if key not in config.extend_keys and key not in wanted and not isinstance(values, Mapping):
                wanted[key] = values if isinstance(values, str) else values_of(values)
    return space.kept_all(wanted.items())


def newest_python(space: LegacySpace) -> LegacySpace:
    """Return the variants of the newest Python: all that a noarch package is rendered for."""
    axis = next((axis for axis in space.axes if "python" in axis.keys), None)
    if axis is None:
        return space
    newest = max((str(value) for value in axis.column("python")), key=_version)
    return space.kept("python", newest)


def _rows(values: Fixed) -> tuple[Row, ...]:
    return ((values,),) if isinstance(values, Mapping) else _distinct([(value,) for value in values_of(values)])


def _zipped(group: tuple[str, ...], values: Mapping[str, Fixed]) -> Axis:
    keys = tuple(key for key in group if key in values)
    return Axis(keys, _distinct(list(zip(*(values_of(values[key]) for key in keys), strict=False))))


def _distinct(rows: list[Row]) -> tuple[Row, ...]:
    if len(rows) < 2:
        return tuple(rows)
    return tuple({repr(row): row for row in rows}.values())


def _version(text: str) -> tuple[int, ...]:
    """Return what versions of Python are compared by; what follows a space is a build."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split(" ", maxsplit=1)[0].split("."))
