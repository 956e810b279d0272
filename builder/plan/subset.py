"""A part of what was rendered: one output with all that it needs; and an order to build renderings in."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

from builder.errors import Place, RecipeError, UsageError
from builder.model.match_spec import MatchSpec
from builder.model.recipe import PinSubpackage, Requirement
from builder.model.rendering import Rendering
from builder.plan.needs import Planned


def needed_for(renderings: Sequence[Rendering], name: str) -> tuple[Rendering, ...]:
    """Return all variants of the output ``name`` and of those that building and testing them asks for, by name.

    rattler-build leaves out what is only needed to run, and then cannot test what it built.
    """
    names = {one.output.name for one in renderings if one.output.kind == "package"}
    if name not in names:
        raise _unknown(name, names)
    planned = Planned(one for one in renderings if not one.output.skip)
    by_name: dict[str, list[Rendering]] = {}
    by_identity = {one.identity: one for one in renderings}
    for one in renderings:
        if one.output.kind == "package":
            by_name.setdefault(one.output.name, []).append(one)
    pending, kept = list(by_name[name]), set[str]()
    while pending:
        one = pending.pop()
        if one.identity in kept:
            continue
        kept.add(one.identity)
        pending += [other for asked in planned.asked(one) for other in by_name.get(asked, ())]
        pending += [by_identity[other] for other in (one.staging, one.follows) if other is not None]
    return tuple(one for one in renderings if one.identity in kept)


def _unknown(name: str, names: Iterable[str]) -> UsageError:
    from difflib import get_close_matches

    known = sorted(names)
    close = get_close_matches(name, known, n=1)
    listed = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    remedy = f"did you mean {close[0]}?" if close else f"there are {listed}" if known else "name a recipe that has it"
    return UsageError(f"no recipe has an output {name}", code="cli.up-to", remedy=remedy)


def build_order(renderings: Sequence[Rendering]) -> tuple[Rendering, ...]:
    """Return ``renderings`` with all variants of an output after all of those that it follows, otherwise as they are.

    rattler-build's order: an output follows what its build and host requirements name, what it pins among the run
    requirements and run exports, and what its run constraints pin exactly. Raises `RecipeError` for a circle.
    """
    by_name: dict[str, list[int]] = {}
    places = {one.identity: index for index, one in enumerate(renderings)}
    for index, one in enumerate(renderings):
        if one.output.kind == "package":
            by_name.setdefault(one.output.name, []).append(index)
    waiting, followers = [0] * len(renderings), dict[int, list[int]]()
    for index, one in enumerate(renderings):
        before = {place for name in set(followed(one)) - {one.output.name} for place in by_name.get(name, ())}
        before |= {places[other] for other in (one.staging, one.follows) if other in places}
        waiting[index] = len(before)
        for place in before:
            followers.setdefault(place, []).append(index)
    ready, ordered = [index for index, count in enumerate(waiting) if count == 0], list[int]()
    while ready:
        index = heapq.heappop(ready)
        ordered.append(index)
        for follower in followers.get(index, ()):
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, follower)
    if len(ordered) < len(renderings):
        raise _circle([one for index, one in enumerate(renderings) if waiting[index]])
    return tuple(renderings[index] for index in ordered)


def followed(rendering: Rendering) -> Iterator[str]:
    """Yield the names of all outputs that this one comes after, by the rule of `build_order`."""
    requirements = rendering.output.requirements
    exports = requirements.run_exports
    yield from (_name(one) for one in (*requirements.build, *requirements.host))
    exported = (
        *exports.noarch, *exports.strong, *exports.strong_constraints, *exports.weak, *exports.weak_constraints,
    )  # fmt: skip
    yield from (one.name for one in (*requirements.run, *exported) if isinstance(one, PinSubpackage))
    yield from (one.name for one in requirements.run_constraints if isinstance(one, PinSubpackage) and one.pin.exact)


def _name(requirement: Requirement) -> str:
    return MatchSpec.parse(requirement).name if isinstance(requirement, str) else requirement.name


def _circle(left: Sequence[Rendering]) -> RecipeError:
    names = ", ".join(sorted({one.output.name for one in left}))
    return RecipeError(
        f"these outputs need each other to be built, or need some that do: {names}",
        code="plan.cycle",
        place=Place(file=str(left[0].recipe.path)),
        remedy="take one of them from a channel: leave its recipe out, or ask for a version that is not built here",
    )
