"""A ``meta.yaml`` over its variants, as the renderings that everything after the front end takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.v0.config import LegacyConfig, Spec, values_of
from builder.matrix.v0.render import LegacyRenderer, LegacyRendering
from builder.matrix.v0.space import space_of
from builder.matrix.v0.work import with_work
from builder.model.answer import Answer
from builder.model.frozen import frozen
from builder.model.legacy_pin import LegacyPin
from builder.model.recipe import Output, PinSubpackage
from builder.model.rendering import Override, Platforms, Rendering, Sibling
from builder.model.target import NOARCH
from builder.model.variant import Origin, Variant
from builder.recipe.v0 import MetaText
from builder.recipe.v0.output import package_output
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.scope import Fixed

_AS_WRITTEN = Override()
_DEFAULT = "a default of conda-build"


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
    renderer = LegacyRenderer(
        text=question.text,
        space=space_of(question.config),
        platforms=question.platforms,
        environment=question.environment,
        limit=question.limit,
    )
    remarks = Remarks(file=str(question.text.file.path), text=question.text.text)
    making = _Making(question, remarks)
    legacy = list(renderer.render())
    found = [making.rendering(one) for one in legacy]
    pinned = [replace(one, siblings=tuple(_siblings(one, found))) for one in found]
    shared = with_work(legacy, pinned, making.rendering, remarks)
    told = tuple(remarks.warnings), tuple(remarks.problems)
    return tuple(replace(one, warnings=told[0], obstacles=told[1]) for one in shared)


class _Making:
    """Makes renderings of what one recipe came to."""

    def __init__(self, question: LegacyQuestion, remarks: Remarks) -> None:
        self._question, self._remarks = question, remarks
        self._asked = tuple(_asked(question))
        self._pins = tuple(_pins(question.config))
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
            pins=self._pins,
            why=self._reasons(tuple(variant)),
        )

    def _reasons(self, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return why each of ``keys`` is used: one object for all renderings with the same ones."""
        if keys not in self._why:
            self._why[keys] = tuple((key, "used by the recipe's text or scripts") for key in keys)
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
            lines = config.lines.get(source, {}).get(key, ())
            place = values.index(value)
            return Origin(source=source or _DEFAULT, line=lines[place] if place < len(lines) else None)
    return None


def _pins(config: LegacyConfig) -> Iterator[tuple[str, LegacyPin]]:
    """Yield the packages whose run requirement gets the version that was built with."""
    said = config.values.get("pin_run_as_build", {})
    for package, pin in sorted(said.items()) if isinstance(said, Mapping) else ():
        fields: Spec = {"min_pin": pin, "max_pin": pin} if isinstance(pin, str) else dict(_mapping(pin))
        lower, upper = fields.get("min_pin"), fields.get("max_pin")
        yield (
            package.lower(),
            LegacyPin(
                min_pin=lower if isinstance(lower, str) else LegacyPin().min_pin,
                max_pin=upper if isinstance(upper, str) else LegacyPin().max_pin,
            ),
        )


def _mapping(value: Fixed) -> Mapping[str, Fixed]:
    return value if isinstance(value, Mapping) else {}


def _siblings(one: Rendering, found: Sequence[Rendering]) -> Iterator[Sibling]:
    """Yield the outputs that a rendering pins, each in a variant that agrees with its own."""
    for name in dict.fromkeys(_pinned(one.output)):
        named = [other for other in found if other.output.name == name and other is not one]
        fitting = next((other for other in named if _agree(one.variant, other.variant)), None)
        sibling = one if name == one.output.name else fitting or next(iter(named), None)
        if sibling is not None:
            output = sibling.output
            yield Sibling(name=name, version=output.version, build_string=sibling.build_string)


def _pinned(output: Output) -> Iterator[str]:
    needs, exports = output.requirements, output.requirements.run_exports
    sections: Iterable[Iterable[object]] = (
        needs.build, needs.host, needs.run, needs.run_constraints,
        exports.weak, exports.strong, exports.weak_constraints, exports.strong_constraints, exports.noarch,
    )  # fmt: skip
    for section in sections:
        yield from (one.name for one in section if isinstance(one, PinSubpackage))


def _agree(one: Variant, other: Variant) -> bool:
    return all(other.get(key, value) == value for key, value in one.items())
