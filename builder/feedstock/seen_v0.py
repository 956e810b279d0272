"""A ``meta.yaml`` as the division into CI jobs sees it: every output of every variant, as conda-build makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.feedstock.seen import Seen, Sight
from builder.feedstock.spec import JobSpec
from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.v0.identity import NUMPY_XX, build_string, digest, hashed
from builder.matrix.v0.render import LegacyRenderer
from builder.matrix.v0.space import LegacySpace, space_of
from builder.matrix.v0.usage import Subject
from builder.recipe.v0 import MetaText, OutputMetadata
from builder.recipe.v0.clock import EPOCH
from builder.recipe.v0.scope import Fixed

TIMELESS: Mapping[str, str] = {EPOCH: "0"}
"""What recipes that ask for the time are told: a CI job has its own, and how jobs are divided does not go by it."""

_PINS = "pin_run_as_build"
_NUMPY: Fixed = {"min_pin": "x.x", "max_pin": "x.x"}
_Spaces = dict[int, tuple[LegacySpace, LegacySpace]]


def sight_of_meta(text: MetaText, spec: JobSpec, limit: int = DEFAULT_LIMIT) -> Sight:
    """Return the outputs of a ``meta.yaml`` for one platform. Raises `RecipeError`."""
    space = space_of(spec.config())
    environment = {**TIMELESS, **spec.environment}
    renderer = LegacyRenderer(
        text=text, space=space, platforms=spec.job.platforms, environment=environment, limit=limit
    )
    counted = renderer.counted()
    known: _Spaces = {}
    found = [_seen(subject, _pinned(conforming, subject, known)) for subject, conforming in renderer.subjects(counted)]
    return Sight(outputs=tuple(sorted(found, key=lambda one: one.stem)), space=counted, text=text.text)


def _seen(subject: Subject, conforming: LegacySpace) -> Seen:
    metadata = subject.metadata
    return Seen(
        stem=stem_of(subject),
        feedstock=metadata.text("extra", "feedstock-name") or metadata.name,
        is_noarch=bool(metadata.noarch),
        used=subject.used(),
        used_at_top=subject.used(at_top=True),
        variant=subject.scope.variant,
        space=conforming,
    )


def _pinned(space: LegacySpace, subject: Subject, known: _Spaces) -> LegacySpace:
    """Return the variants with a pin of numpy if the recipe asks for one; of one space always the same."""
    if id(space) not in known:
        recipe = replace(subject, output=OutputMetadata(metadata=subject.metadata, entry={}))
        pins = space.fixed.get(_PINS, {})
        made = space
        if isinstance(pins, Mapping) and NUMPY_XX.search(recipe.requirements()):
            made = replace(space, fixed={**space.fixed, _PINS: {"numpy": _NUMPY, **pins}})
        known[id(space)] = space, made
    return known[id(space)][1]


def stem_of(subject: Subject) -> str:
    """Return name, version and build string of an output."""
    build = build_string(subject, digest(hashed(subject, subject.used())))
    return f"{subject.metadata.name}-{subject.metadata.version}-{build}"
