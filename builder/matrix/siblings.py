"""Finds, for one rendering, the renderings of other outputs of its recipe that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from builder.matrix.space import Assignment, Space
from builder.model.frozen import frozen
from builder.model.rendering import Rendering

Kind = Literal["package", "staging"]
Need = tuple[Kind, str]
"""Which output is needed: its kind and its name."""


@frozen
class Finished:
    """A rendering with its place in the space: ``assigned`` are the keys that tell it from its namesakes.

    ``order`` sorts the renderings of one output; ``chosen`` are those whose build string is part of this one's hash;
    ``pinned`` are the names of all siblings that it pins, ``hashed`` is the text that its build hash is made of.
    """

    rendering: Rendering
    assigned: Assignment
    order: tuple[tuple[str, int], ...]
    chosen: Mapping[Need, Finished]
    pinned: tuple[str, ...] = ()
    hashed: str = ""


class _Shelf:
    """The renderings of one name that are told apart by the same keys, findable by the values of any of these."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.found: list[Finished] = []
        self._keys = keys
        self._indexes: dict[tuple[str, ...], dict[tuple[int, ...], list[Finished]]] = {}

    def having(self, assigned: Assignment) -> list[Finished]:
        shared = tuple(sorted(self._keys.intersection(assigned)))
        if shared not in self._indexes:
            index = self._indexes[shared] = {}
            for one in self.found:
                index.setdefault(tuple(one.assigned[key] for key in shared), []).append(one)
        return self._indexes[shared].get(tuple(assigned[key] for key in shared), [])


class Siblings:
    """The finished renderings of one recipe; finding one takes as long as there are answers, not renderings."""

    def __init__(self, space: Space) -> None:
        """Start empty."""
        self._space = space
        self._shelves: dict[Need, dict[frozenset[str], _Shelf]] = {}

    def add(self, finished: Iterable[Finished]) -> None:
        """Add all renderings of one output; skipped ones are no siblings."""
        for one in finished:
            output = one.rendering.output
            if output.skip:
                continue
            keys = frozenset(one.assigned)
            shelves = self._shelves.setdefault((output.kind, output.name), {})
            shelves.setdefault(keys, _Shelf(keys)).found.append(one)

    def agreeing(self, need: Need, assigned: Assignment) -> Iterator[tuple[Finished, dict[str, int]]]:
        """Yield the renderings of ``need`` that exist together with ``assigned``, each with the joined assignment."""
        for shelf in self._shelves.get(need, {}).values():
            for one in shelf.having(assigned):
                joined = self._space.joined(assigned, one.assigned)
                if joined is not None:
                    yield one, joined

    def nearest(self, need: Need, assigned: Assignment) -> list[tuple[Finished, dict[str, int]]]:
        """Return the renderings of ``need`` nearest to ``assigned``, for when the one that agrees is skipped.

        rattler-build's rule: in each combination of all keys the rendering that shares most values with it, the last of
        equals in the order of the values' text. So there is one for each combination of the keys that are not assigned.
        """
        found = [one for shelf in self._shelves.get(need, {}).values() for one in shelf.found]
        shared = [sum(assigned.get(key) == place for key, place in one.assigned.items()) for one in found]
        best: dict[tuple[tuple[str, int], ...], Finished] = {}
        for one, count in zip(found, shared, strict=True):
            free = tuple(sorted((key, place) for key, place in one.assigned.items() if key not in assigned))
            if count == max(shared) and (free not in best or self._text(one) > self._text(best[free])):
                best[free] = one
        joins = ((one, self._space.joined(assigned, dict(free))) for free, one in best.items())
        return [(one, joined) for one, joined in joins if joined is not None]

    def _text(self, one: Finished) -> list[str]:
        return [self._space.text(key, place) for key, place in sorted(one.assigned.items())]
