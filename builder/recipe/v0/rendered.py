"""What a ``meta.yaml`` came to, as the one text that recipe keys hash and packages keep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from builder.model.legacy_pin import LegacyPin
from builder.model.recipe import PinSubpackage, Requirement, Requirements
from builder.recipe.v0.outputs import OutputMetadata
from builder.syntax.legacy.data import Plain

_SHOWN = ("package", "source", "build", "requirements", "test", "app", "outputs", "about", "extra")


def rendered(output: OutputMetadata, requirements: Requirements) -> str:
    """Return JSON: the sections in conda-build's order, the entry that the ``output`` was made of, and its ``pins``.

    In the sections a pin is only a name. All outputs are among the sections of the recipe's own output only.
    """
    return json.dumps({**_sections(output), "pins": dict(_pins(requirements)), "output": dict(output.entry)})


def _sections(output: OutputMetadata) -> dict[str, Plain]:
    sections = output.metadata.sections
    left_out = {"outputs"} if output.parent else set()
    return {name: sections[name] for name in _SHOWN if sections.get(name) and name not in left_out}


def _pins(requirements: Requirements) -> Iterator[tuple[str, Plain]]:
    """Yield the pins of each kind of requirement that has some, in the order of the recipe."""
    exports = requirements.run_exports
    for kind, many in (
        ("build", requirements.build),
        ("host", requirements.host),
        ("run", requirements.run),
        ("run_constrained", requirements.run_constraints),
        ("weak", exports.weak),
        ("strong", exports.strong),
        ("weak_constrains", exports.weak_constraints),
        ("strong_constrains", exports.strong_constraints),
        ("noarch", exports.noarch),
    ):
        if found := list(_shown(many)):
            yield kind, found


def _shown(many: Sequence[Requirement]) -> Iterator[Plain]:
    for one in many:
        if not isinstance(one, str) and isinstance(pin := one.pin, LegacyPin):
            kind = "pin_subpackage" if isinstance(one, PinSubpackage) else "pin_compatible"
            bounds: dict[str, Plain] = {"min_pin": pin.min_pin, "max_pin": pin.max_pin}
            given = {"lower_bound": pin.lower_bound, "upper_bound": pin.upper_bound, "build": pin.build}
            said: dict[str, Plain] = {key: value for key, value in given.items() if value is not None}
            yield {kind: {"name": one.name, **({"exact": True} if pin.exact else bounds | said)}}
