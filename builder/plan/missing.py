"""What a plan needs and does not make: the question behind ``--with-deps``."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping
from typing import TypeVar

from builder.model.rendering import Rendering
from builder.plan.needs import Planned

Recipe = TypeVar("Recipe", bound=Hashable)


def missing_from(renderings: Iterable[Rendering], available: Container[str]) -> dict[str, tuple[str, ...]]:
    """Return the names that are asked for by ``renderings`` and come neither from them nor from ``available``.

    Each goes with the ids of those that ask for it. Names only: whether a version fits is the solver's question.
    """
    wanted = [rendering for rendering in renderings if not rendering.output.skip]
    planned = Planned(wanted)
    missing: dict[str, list[str]] = {}
    for rendering in wanted:
        for name in planned.asked(rendering):
            if name not in planned and name not in available:
                missing.setdefault(name, []).append(rendering.identity)
    return {name: tuple(askers) for name, askers in missing.items()}


def providers(names: Iterable[str], collection: Mapping[Recipe, Iterable[str]]) -> dict[str, Recipe]:
    """Return which recipe of ``collection`` (recipe → names of its outputs) makes each of ``names``; the first wins."""
    makers: dict[str, Recipe] = {}
    for recipe, outputs in collection.items():
        for output in outputs:
            makers.setdefault(output, recipe)
    return {name: makers[name] for name in names if name in makers}
