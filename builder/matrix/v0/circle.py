"""Finds outputs of a ``meta.yaml`` that need each other: in no order could they be built (conda-build's rule)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from builder.matrix.v0.usage import Subject

_Needs = Mapping[str, set[str]]


def circle_of(subjects: Iterable[Subject]) -> tuple[str, ...]:
    """Return the names of outputs that need each other, the first one again at the end; empty when there are none.

    What stands in ``build`` counts as long as there is no ``host``, or when two outputs have each other there.
    """
    packages = [one for one in subjects if one.output.is_package]
    names = {one.metadata.name for one in packages}
    if len(names) < 2:
        return ()
    ordering: dict[str, set[str]] = {name: set() for name in names}
    every: dict[str, set[str]] = {name: set() for name in names}
    for one in packages:
        name, has_host = one.metadata.name, "host" in one.metadata.section("requirements")
        is_native = one.scope.platforms.host == one.scope.platforms.build
        ordering[name] |= _needed(one, ("run", "host") if has_host else ("run", "host", "build")) & names - {name}
        every[name] |= _needed(one, ("run", "host", "build") if is_native else ("run", "host")) & names - {name}
    return _pair(every) or _longer(ordering)


def _needed(subject: Subject, kinds: tuple[str, ...]) -> set[str]:
    return {spec.split(" ")[0] for kind in kinds for spec in subject.metadata.requirements(kind)}


def _pair(needs: _Needs) -> tuple[str, ...]:
    for name in sorted(needs):
        for other in sorted(needs[name]):
            if name in needs[other]:
                return (name, other, name)
    return ()


def _longer(needs: _Needs) -> tuple[str, ...]:
    """Return a circle among those that are left when whatever needs nobody is taken away, again and again."""
    left = {name: set(others) for name, others in needs.items()}
    while ready := [name for name, others in left.items() if not others & left.keys()]:
        for name in ready:
            del left[name]
    if not left:
        return ()
    path = [min(left)]
    while (following := min(left[path[-1]] & left.keys())) not in path:
        path.append(following)
    return (*path[path.index(following) :], following)
