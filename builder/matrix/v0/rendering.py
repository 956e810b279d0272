"""A ``meta.yaml`` over its variants, as the renderings that everything after the front end takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from builder.errors import MAX_PROBLEMS, RecipeError
from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.v0.config import LegacyConfig, values_of
from builder.matrix.v0.render import LegacyRenderer, LegacyRendering
from builder.matrix.v0.siblings import LegacySiblings, run_pins
from builder.matrix.v0.space import space_of
from builder.matrix.v0.usage import ALWAYS
from builder.matrix.v0.work import with_work
from builder.model.answer import Answer
from builder.model.frozen import frozen
from builder.model.rendering import Override, Platforms, Rendering
from builder.model.target import NOARCH
from builder.model.variant import Origin, Variant
from builder.recipe.v0 import MetaText
from builder.recipe.v0.naming import unknown_sections, wrong_names
from builder.recipe.v0.output import package_output
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.scope import Fixed

_AS_WRITTEN = Override()
_DEFAULT = "a default of conda-build"
_ALWAYS = "always"
_FOUND = "found in the recipe or its scripts"


@frozen
class LegacyQuestion:
    """A ``meta.yaml`` over a configuration; ``environment`` are the variables that its operator lets it read."""

    text: MetaText
    config: LegacyConfig
    platforms: Platforms
    environment: Mapping[str, str] = field(default_factory=dict)
    override: Override = _AS_WRITTEN
    limit: int = DEFAULT_LIMIT


def render_legacy(question: LegacyQuestion) -> tuple[Rendering, ...]:
    """Render every output that is not skipped. Raises `RecipeError` for what is wrong in the recipe.

    Outputs that come to one file name are all there, in conda-build's order: who builds takes the last one.
    """
    return rendered(question)[1]


def rendered(question: LegacyQuestion) -> tuple[Sequence[LegacyRendering], tuple[Rendering, ...]]:
    """Return what a recipe comes to, and the renderings made of that: staging outputs, then one for each output."""
    renderer = LegacyRenderer(
        text=question.text,
        space=space_of(question.config),
        platforms=question.platforms,
        environment=question.environment,
        limit=question.limit,
        number=question.override.build_number,
    )
    remarks = Remarks(file=str(question.text.file.path), text=question.text.text)
    found = [_prefixed(one, question.override.build_string_prefix) for one in renderer.render()]
    _refuse_wrong_names(found, remarks)
    for one in found[:1]:
        unknown_sections(one.metadata, remarks)
    making = _Making(question, remarks, LegacySiblings(found))
    renderings = with_work(found, [making.rendering(one) for one in found], making.rendering, remarks)
    warnings, obstacles = (*question.text.doubled, *remarks.warnings), tuple(remarks.problems)
    if not (warnings or obstacles):
        return found, renderings
    return found, tuple(replace(one, warnings=warnings, obstacles=obstacles) for one in renderings)


def _refuse_wrong_names(found: Sequence[LegacyRendering], remarks: Remarks) -> None:
    problems = dict.fromkeys(problem for one in found for problem in wrong_names(one.output, remarks))
    if problems:
        raise RecipeError.of(list(problems)[:MAX_PROBLEMS])


def _prefixed(found: LegacyRendering, prefix: str | None) -> LegacyRendering:
    """Return ``found`` with what the user wants before build strings that recipes leave to us."""
    if prefix is None or found.metadata.text("build", "string"):
        return found
    return replace(found, build_string=f"{prefix}_{found.build_string}")


class _Making:
    """Makes renderings of what one recipe came to."""

    def __init__(self, question: LegacyQuestion, remarks: Remarks, siblings: LegacySiblings) -> None:
        self._question, self._remarks, self._siblings = question, remarks, siblings
        self._asked = tuple(_asked(question))
        self._why: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def rendering(self, found: LegacyRendering) -> Rendering:
        question = self._question
        output = package_output(found.output, question.text, found.scope, self._remarks)
        variant = {key: _text(value) for key, value in found.used.items()}
        origins = {key: _origin(key, value, question.config) for key, value in variant.items()}
        return Rendering(
            recipe=question.text.file,
            output=output,
            variant=Variant.of(variant, {key: origin for key, origin in origins.items() if origin is not None}),
            hashed=json.dumps(dict(found.hashed), sort_keys=True),
            platforms=question.platforms,
            subdir=NOARCH if output.build.noarch else question.platforms.target,
            hash=found.hash,
            build_string=found.build_string,
            asked=self._asked,
            siblings=self._siblings.of(found, output.requirements),
            pins=run_pins(found.scope.variant),
            why=self._reasons(tuple(variant)),
        )

    def _reasons(self, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return why each of ``keys`` is used: one object for all renderings with the same ones."""
        if keys not in self._why:
            self._why[keys] = tuple((key, _ALWAYS if key in ALWAYS else _FOUND) for key in keys)
        return self._why[keys]


def _asked(question: LegacyQuestion) -> Iterator[Answer]:
    """Yield the variables that the recipe may read and names."""
    for name, value in sorted(question.environment.items()):
        if name in question.text.text:
            yield Answer("environment", name, hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest())


def _text(value: Fixed) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _origin(key: str, value: str, config: LegacyConfig) -> Origin | None:
    """Return where the value of a key was set: in the most important source that has it."""
    for source, spec in reversed(config.sources):
        if value in (values := values_of(spec.get(key, ()))):
            return origin_of(source, key, values.index(value), config)
    return None


def origin_of(source: str, key: str, place: int, config: LegacyConfig) -> Origin:
    """Return where a source sets the value number ``place`` of a key."""
    lines = config.lines.get(source, {}).get(key, ())
    return Origin(source=source or _DEFAULT, line=lines[place] if place < len(lines) else None)
