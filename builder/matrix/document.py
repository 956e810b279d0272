"""The JSON documents of ``render --json``: a rendering as plain data, in the form that DESIGN §4 promises."""

from __future__ import annotations

from builder.matrix.identity import value_text
from builder.model.pin import Pin
from builder.model.recipe import PinCompatible, PinSubpackage, Requirement
from builder.model.rendering import Rendering
from builder.model.variant import VariantValue

Document = dict[str, object]


def rendering_document(rendering: Rendering) -> Document:
    """Return what ``render --json`` prints for one rendering.

    ``variant`` is what is hashed, ``used_vars`` its names, ``why`` says for each how it got there and ``origins`` where
    its value was set. Requirements are those of the rendered recipe, before any solve: a pin is a mapping
    ``{"pin_subpackage": {"name": …, "lower_bound": …, "upper_bound": …}}`` with rattler-build's field names.
    """
    output = rendering.output
    requirements = output.requirements
    return {
        "name": output.name,
        "version": output.version,
        "build_number": output.build.number,
        "build": rendering.build_string,
        "hash": rendering.hash,
        "subdir": rendering.subdir,
        "noarch": output.build.noarch,
        "variant": variant_document(rendering),
        "used_vars": list(rendering.variant),
        "requirements": {
            "build": [requirement_document(one) for one in requirements.build],
            "host": [requirement_document(one) for one in requirements.host],
            "run": [requirement_document(one) for one in requirements.run],
            "run_constraints": [requirement_document(one) for one in requirements.run_constraints],
        },
        "skip": output.skip,
        "recipe": str(rendering.recipe.path),
        "kind": output.kind,
        "staging": rendering.staging,
        "why": dict(rendering.why),
        "origins": {key: str(origin) for key, origin in rendering.variant.origins},
    }


def variant_document(rendering: Rendering) -> dict[str, VariantValue]:
    """Return the used variant, keys sorted."""
    return dict(rendering.variant)


def requirement_document(requirement: Requirement) -> str | Document:
    """Return a requirement as text, or a pin as a mapping without its empty fields."""
    match requirement:
        case str():
            return requirement
        case PinSubpackage(name=name, pin=pin):
            return {"pin_subpackage": _pin(name, pin)}
        case PinCompatible(name=name, pin=pin):
            return {"pin_compatible": _pin(name, pin)}


def _pin(name: str, pin: Pin) -> Document:
    if pin.exact:
        return {"name": name, "exact": True}
    fields = {"name": name, "lower_bound": pin.lower_bound, "upper_bound": pin.upper_bound, "build": pin.build}
    return {field: value for field, value in fields.items() if value is not None}


def variant_text(rendering: Rendering) -> str:
    """Return the used variant in one line for people, without the target platform: ``python 3.12, mpi openmpi``."""
    pairs = ((key, value) for key, value in rendering.variant.items() if key != "target_platform")
    return ", ".join(f"{key} {value_text(value)}" for key, value in pairs)
