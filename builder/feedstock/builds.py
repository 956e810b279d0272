"""Which packages each job builds: found by the keys that jobs are divided by, for there may be thousands of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from builder.feedstock.breakup import Part
from builder.feedstock.seen import Seen
from builder.recipe.v0.scope import Fixed

_Values = tuple[Fixed, ...]


class Builds:
    """The outputs of one platform, to be asked for the packages of each of its jobs."""

    def __init__(self, outputs: Sequence[Seen], loops: Iterable[str]) -> None:
        """Take all outputs, and the keys that the jobs are divided by."""
        self._loops = tuple(loops)
        self._outputs: dict[tuple[str, ...], dict[_Values, list[Seen]]] = {}
        for one in outputs:
            keys = tuple(key for key in self._loops if key in one.used and key in one.variant)
            values = tuple(one.variant[key] for key in keys)
            self._outputs.setdefault(keys, {}).setdefault(values, []).append(one)

    def stems(self, part: Part, values: Mapping[str, str]) -> tuple[str, ...]:
        """Return the packages that a job with ``values`` builds, sorted: those that agree with all that it holds."""
        found: set[str] = set()
        for keys, outputs in self._outputs.items():
            candidates = outputs.get(tuple(values.get(key, "") for key in keys), ())
            found.update(one.stem for one in candidates if one.stem and part.builds(one))
        return tuple(sorted(found))
