"""The JSON documents of ``render --json``: a rendering as plain data, in the form that DESIGN §4 promises."""

from __future__ import annotations

import json

from builder.matrix.identity import value_text
from builder.model.interpreter import interpreter, interpreter_of_file
from builder.model.legacy_pin import AnyPin
from builder.model.recipe import PinCompatible, PinSubpackage, Requirement, Requirements, Script
from builder.model.rendering import Rendering
from builder.model.target import target
from builder.model.variant import VariantValue

Document = dict[str, object]


def rendering_document(rendering: Rendering) -> Document:
    """Return what ``render --json`` prints for one rendering.

    ``variant`` is what is hashed, ``used_vars`` its names, ``why`` says for each how it got there and ``origins`` where
    its value was set; ``asked`` is what the recipe was told of the machine. Requirements are those of the rendered
    recipe, before any solve: a pin is a mapping ``{"pin_subpackage": {"name": …, "lower_bound": …, "upper_bound": …}}``
    with rattler-build's field names.
    """
    output = rendering.output
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
        "requirements": requirements_document(output.requirements),
        "skip": output.skip,
        "recipe": str(rendering.recipe.path),
        "script": script_document(output.build.script, target(rendering.platforms.target).family.script_shell),
        "kind": output.kind,
        "staging": rendering.staging,
        "why": dict(rendering.why),
        "origins": {key: str(origin) for key, origin in rendering.variant.origins},
        "asked": [{"subject": one.subject, "question": one.question, "sha256": one.digest} for one in rendering.asked],
    }


def requirements_document(requirements: Requirements) -> Document:
    """Return the requirements of an output, by kind."""
    if requirements.shown is not None:
        return {kind: list(many) for kind, many in requirements.shown}
    return {
        "build": [requirement_document(one) for one in requirements.build],
        "host": [requirement_document(one) for one in requirements.host],
        "run": [requirement_document(one) for one in requirements.run],
        "run_constraints": [requirement_document(one) for one in requirements.run_constraints],
    }


def script_document(script: Script, shell: str) -> Document:
    """Return what a build would run: the interpreter's name and the text, or the file, that it is given.

    ``shell`` runs what names no interpreter. What the recipe does not say is left out: without text and file the build
    looks for ``build.sh`` (``build.bat``) beside the recipe.
    """
    by_file = interpreter_of_file(script.file) if script.file is not None else None
    program = interpreter(script.interpreter or shell) if script.interpreter or by_file is None else by_file
    lines = script.content
    fields = {
        "interpreter": program.name if program else script.interpreter,
        "content": (program.joined(lines) if program else "\n".join(lines)) if lines is not None else None,
        "file": script.file,
        "env": dict(script.env) or None,
        "secrets": list(script.secrets) or None,
        "cwd": script.cwd,
        "steps": [script_document(step, shell) for step in script.steps] or None,
    }
    return {field: value for field, value in fields.items() if value is not None}


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


def _pin(name: str, pin: AnyPin) -> Document:
    if pin.exact:
        return {"name": name, "exact": True}
    fields = {"name": name, "lower_bound": pin.lower_bound, "upper_bound": pin.upper_bound, "build": pin.build}
    return {field: value for field, value in fields.items() if value is not None}


def value_in_a_line(key: str, value: VariantValue) -> str:
    """Return a key with its value for people: ``python 3.12``; what would not show or break the line is quoted."""
    text = value_text(value)
    return f"{key} {text if text.isprintable() else json.dumps(text)}"
