"""Finds, for an output of a ``meta.yaml``, the other outputs that it pins, and the run requirements that are pinned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from builder.matrix.v0.render import LegacyRendering
from builder.model.legacy_pin import AnyPin, LegacyPin
from builder.model.recipe import PinSubpackage, Requirement, Requirements
from builder.model.rendering import Sibling
from builder.recipe.v0.scope import Fixed, LegacyVariant

_LOWER, _UPPER = "x.x.x.x.x.x.x", "x"
"""conda-build's bounds for packages of ``pin_run_as_build`` that do not say theirs."""


class LegacySiblings:
    """The renderings of one recipe by name, in their order."""

    def __init__(self, renderings: Iterable[LegacyRendering]) -> None:
        """Take all that are not skipped."""
        self._by_name: dict[str, list[LegacyRendering]] = {}
        for one in renderings:
            self._by_name.setdefault(one.metadata.name, []).append(one)

    def of(self, rendering: LegacyRendering, requirements: Requirements) -> tuple[Sibling, ...]:
        """Return what ``requirements``, those of ``rendering``, pin: of each name one sibling, none for itself."""
        names = dict.fromkeys(one.name for one in _all(requirements) if isinstance(one, PinSubpackage))
        found = ((name, self._found(name, rendering)) for name in names if name != rendering.metadata.name)
        return tuple(
            Sibling(name=name, version=one.metadata.version, build_string=one.build_string)
            for name, one in found
            if one is not None
        )

    def _found(self, name: str, rendering: LegacyRendering) -> LegacyRendering | None:
        """Return the only rendering of that name or, of several, the first one that shares all values (conda-build)."""
        many = self._by_name.get(name, [])
        if len(many) == 1:
            return many[0]
        return next((one for one in many if _agree(one.used, rendering.scope.variant)), None)


def run_pins(variant: Mapping[str, Fixed]) -> tuple[tuple[str, AnyPin], ...]:
    """Return what the variant says under ``pin_run_as_build``, by package; one expression stands for both bounds."""
    stated = variant.get("pin_run_as_build")
    if not isinstance(stated, Mapping):
        return ()
    return tuple((name.lower(), _run_pin(how)) for name, how in sorted(stated.items()))


def _run_pin(how: Fixed) -> LegacyPin:
    if not isinstance(how, Mapping):
        return LegacyPin(min_pin=_text(how), max_pin=_text(how))
    return LegacyPin(min_pin=_text(how.get("min_pin", _LOWER)), max_pin=_text(how.get("max_pin", _UPPER)))


def _text(bound: Fixed) -> str | None:
    return bound if isinstance(bound, str) and bound else None


def _agree(used: Mapping[str, Fixed], variant: LegacyVariant) -> bool:
    return all(variant[key] == value for key, value in used.items() if key in variant)


def _all(requirements: Requirements) -> Iterator[Requirement]:
    exports = requirements.run_exports
    yield from (*requirements.build, *requirements.host, *requirements.run, *requirements.run_constraints)
    yield from (*exports.weak, *exports.strong, *exports.noarch)
    yield from (*exports.weak_constraints, *exports.strong_constraints)
