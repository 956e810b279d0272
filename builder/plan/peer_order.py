"""The order in which rattler-build lists what it renders: one combination of values after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from builder.matrix import value_text, variant_key
from builder.model.rendering import Rendering
from builder.model.variant import VariantValue
from builder.plan.subset import followed

_Values = Mapping[str, str]
_Combination = tuple[str, ...]
"""The values of all keys of a recipe, as text, in the order of the keys."""


def peer_order(renderings: Sequence[Rendering]) -> tuple[Rendering, ...]:
    """Return ``renderings`` recipe by recipe, each sorted by the combination of values that it first comes up in.

    Combinations are compared as rattler-build writes them, key by key, values as text; a rendering that does not use a
    key comes up with that key's first value. The outputs of one combination come as declared, but each after those of
    the same values that it follows: it goes through the list again and again and takes what may come.
    """
    recipes: dict[object, list[Rendering]] = {}
    for one in renderings:
        recipes.setdefault(one.recipe.path, []).append(one)
    return tuple(one for recipe in recipes.values() for one in _sorted(recipe))


def _sorted(recipe: Sequence[Rendering]) -> list[Rendering]:
    declared = {name: place for place, name in enumerate(dict.fromkeys(one.output.name for one in recipe))}
    combinations = _combinations(recipe)
    listed = sorted(recipe, key=lambda one: (combinations[one.identity], declared[one.output.name]))
    return _in_rounds(listed, _before(listed, combinations))


def _in_rounds(listed: Sequence[Rendering], before: Mapping[str, set[str]]) -> list[Rendering]:
    taken: dict[str, Rendering] = {}
    left = list(listed)
    while left:
        waiting = []
        for one in left:
            if before[one.identity] <= taken.keys():
                taken[one.identity] = one
            else:
                waiting.append(one)
        if len(waiting) == len(left):  # a circle, which `build_order` tells of
            return [*taken.values(), *waiting]
        left = waiting
    return list(taken.values())


def _before(listed: Sequence[Rendering], combinations: Mapping[str, _Combination]) -> dict[str, set[str]]:
    """Return for each rendering those that it comes after: of each output that it follows, the one most like it."""
    by_name: dict[str, list[str]] = {}
    alike: dict[tuple[str, _Combination], str] = {}
    for one in listed:
        if one.output.kind == "package":
            by_name.setdefault(one.output.name, []).append(one.identity)
            alike[one.output.name, combinations[one.identity]] = one.identity

    def nearest(own: _Combination, name: str) -> str:
        def agreeing(other: str) -> int:
            return sum(mine == theirs for mine, theirs in zip(own, combinations[other], strict=True))

        return alike.get((name, own)) or max(reversed(by_name[name]), key=agreeing)

    return {
        one.identity: {
            nearest(combinations[one.identity], name)
            for name in set(followed(one)) - {one.output.name}
            if name in by_name
        }
        for one in listed
    }


def _combinations(recipe: Sequence[Rendering]) -> dict[str, _Combination]:
    """Return by identity the first combination that each rendering comes up in."""
    chosen = _Chosen(recipe)
    values = {one.identity: chosen.of(one) for one in recipe}
    first: dict[str, str] = {}
    for found in values.values():
        for key, text in found.items():
            first[key] = min(text, first.get(key, text))
    keys = sorted(first)
    return {identity: tuple(found.get(key, first[key]) for key in keys) for identity, found in values.items()}


class _Chosen:
    """The values behind each rendering of one recipe, those of the outputs that it pins among them."""

    def __init__(self, recipe: Sequence[Rendering]) -> None:
        self._names = {variant_key(one.output.name) for one in recipe if one.output.kind == "package"}
        self._by_build = {(one.output.name, one.build_string): one for one in recipe}
        self._found: dict[str, _Values] = {}

    def of(self, rendering: Rendering) -> _Values:
        """Return the values, as text, by key."""
        if rendering.identity not in self._found:
            own = dict(self._own(rendering))
            self._found[rendering.identity] = own  # an end for outputs that pin each other
            pinned = (self._by_build.get((one.name, one.build_string)) for one in rendering.siblings)
            theirs = [self.of(one) for one in pinned if one is not None and one is not rendering]
            self._found[rendering.identity] = {key: text for found in theirs for key, text in found.items()} | own
        return self._found[rendering.identity]

    def _own(self, rendering: Rendering) -> Iterator[tuple[str, str]]:
        own = variant_key(rendering.output.name)
        for key, value in rendering.variant.items():
            if key != "target_platform" and not key.startswith("__") and (key == own or key not in self._names):
                yield key, _shown(value)


def _shown(value: VariantValue) -> str:
    return f'"{value}"' if isinstance(value, str) else value_text(value)
