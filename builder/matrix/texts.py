"""Writes renderings as JSON and as lines for people; what thousands of variants share is written once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring

from builder.matrix.document import rendering_document, requirements_document, script_document, value_in_a_line
from builder.model.recipe import Output, Requirements
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.target import target
from builder.model.variant import Origin, VariantValue

_MOST_OUTPUTS = 64
"""How many are remembered: where each variant makes another output, nothing is shared."""

_encoder = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all renderings of one evaluated output have in common, in the pieces in which it stands in the document."""

    of: tuple[Output, RecipeFile, Platforms]
    head: str
    middle: str
    tail: str


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of many used variants, and why each of them counts."""

    of: tuple[tuple[str, str], ...]
    names: str
    reasons: str


class RenderingTexts:
    """Writes renderings; whatever it is asked for is `rendering_document` or a line of it, letter for letter."""

    def __init__(self) -> None:
        """Begin with nothing written."""
        self._shared: dict[tuple[int, int, int], _Shared] = {}
        self._keys: dict[int, _Keys] = {}
        self._origins: dict[int, tuple[Origin, str]] = {}
        self._requirements: dict[int, tuple[Requirements, str]] = {}
        self._values: dict[tuple[str, type, VariantValue], tuple[str, str]] = {}

    def document(self, rendering: Rendering) -> str:
        """Return the JSON of `rendering_document`."""
        shared, keys = self._of_output(rendering), self._of_keys(rendering)
        variant = ", ".join([self._value(key, value)[0] for key, value in rendering.variant.pairs])
        origins = ", ".join([self._origin(key, origin) for key, origin in rendering.variant.origins])
        return (
            f"{{{shared.head}, "
            f'"build": {encode_basestring(rendering.build_string)}, "hash": "{rendering.hash}", {shared.middle}, '
            f'"variant": {{{variant}}}, "used_vars": {keys.names}, {shared.tail}, '
            f'"staging": {_encoder(rendering.staging)}, "why": {keys.reasons}, '
            f'"origins": {{{origins}}}, "asked": {_asked(rendering)}}}'
        )

    def variant(self, rendering: Rendering) -> str:
        """Return the used variant in one line for people, without the target platform: ``python 3.12, mpi openmpi``."""
        pairs = rendering.variant.pairs
        return ", ".join([self._value(key, value)[1] for key, value in pairs if key != "target_platform"])

    def _of_output(self, rendering: Rendering) -> _Shared:
        of = rendering.output, rendering.recipe, rendering.platforms
        key = id(of[0]), id(of[1]), id(of[2])
        if key not in self._shared:
            if len(self._shared) >= _MOST_OUTPUTS:
                self._shared.clear()
            self._shared[key] = self._written(rendering)
        return self._shared[key]

    def _written(self, rendering: Rendering) -> _Shared:
        output, noarch = rendering.output, rendering.output.build.noarch
        script = script_document(output.build.script, target(rendering.platforms.target).family.script_shell)
        return _Shared(
            (output, rendering.recipe, rendering.platforms),
            f'"name": {encode_basestring(output.name)}, "version": {encode_basestring(output.version)}, '
            f'"build_number": {output.build.number}',
            f'"subdir": "{rendering.subdir}", "noarch": {_encoder(noarch)}',
            f'"requirements": {self._of_requirements(output.requirements)}, "skip": {_encoder(output.skip)}, '
            f'"recipe": {encode_basestring(str(rendering.recipe.path))}, "script": {_encoder(script)}, '
            f'"kind": "{output.kind}"',
        )

    def _of_requirements(self, requirements: Requirements) -> str:
        found = self._requirements.get(id(requirements))
        if found is None:
            text = _encoder(requirements_document(requirements))
            found = self._requirements[id(requirements)] = requirements, text
        return found[1]

    def _of_keys(self, rendering: Rendering) -> _Keys:
        """Return the used keys: variants that share their reasons have the same ones."""
        found = self._keys.get(id(rendering.why))
        if found is None:
            names, reasons = _encoder(list(rendering.variant)), _encoder(dict(rendering.why))
            found = self._keys[id(rendering.why)] = _Keys(rendering.why, names, reasons)
        return found

    def _origin(self, key: str, origin: Origin) -> str:
        found = self._origins.get(id(origin))
        if found is None:
            found = self._origins[id(origin)] = origin, _encoder(str(origin))
        return f"{encode_basestring(key)}: {found[1]}"

    def _value(self, key: str, value: VariantValue) -> tuple[str, str]:
        """Return a key with its value, as JSON and for people."""
        which = key, value.__class__, value
        found = self._values.get(which)
        if found is None:
            found = self._values[which] = f"{encode_basestring(key)}: {_encoder(value)}", value_in_a_line(key, value)
        return found


def _asked(rendering: Rendering) -> str:
    return _encoder(rendering_document(rendering)["asked"]) if rendering.asked else "[]"
