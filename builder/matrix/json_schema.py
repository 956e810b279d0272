"""The JSON Schema (draft 2020-12) of ``variants.yaml``, made of its statements' table and its keys' rules."""

from __future__ import annotations

from builder.matrix.keys import FORBIDDEN, KEY_PATTERN, NAME_LENGTH
from builder.matrix.special import STATEMENTS

Document = dict[str, object]

_SCALAR: Document = {"type": ["string", "number", "boolean", "null"]}
_NAMES: Document = {"type": ["array", "null"], "items": _SCALAR}
_PIN: Document = {
    "anyOf": [
        _SCALAR,
        {"type": "object", "properties": dict.fromkeys(("min_pin", "max_pin"), _SCALAR)},
    ]
}

_STATEMENTS: dict[str, Document] = {
    "zip_keys": {"type": ["array", "null"], "items": {"type": "array", "items": _SCALAR}},
    "extend_keys": _NAMES,
    "pin_run_as_build": {"type": ["object", "null"], "additionalProperties": _PIN},
    "ignore_version": _NAMES,
}


def variants_schema() -> Document:
    """Return the schema of ``variants.yaml``; ``conda_build_config.yaml`` has selectors, which no schema can see."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "variants.yaml",
        "description": "What recipes are built for: keys with lists of values.",
        "type": ["object", "null"],
        "propertyNames": {"pattern": KEY_PATTERN, "maxLength": NAME_LENGTH, "not": {"enum": sorted(FORBIDDEN)}},
        "properties": {key.name: {"description": key.doc, **_STATEMENTS[key.name]} for key in STATEMENTS},
        "additionalProperties": {
            "description": "The values of this key; a recipe that uses it is built once for each.",
            "type": "array",
            "items": {"$ref": "#/$defs/value"},
        },
        "$defs": {"choice": _choice(), "value": {"anyOf": [_SCALAR, {"$ref": "#/$defs/choice"}]}},
    }


def _choice() -> Document:
    value = {"$ref": "#/$defs/value"}
    branch: Document = {"anyOf": [value, {"type": "array", "items": value}]}
    return {
        "type": "object",
        "properties": {
            "if": {"description": "A condition over the platforms.", "type": ["string", "number", "boolean"]},
            "then": {"description": "The values if it holds.", **branch},
            "else": {"description": "The values if it does not.", **branch},
        },
        "required": ["if", "then"],
        "additionalProperties": False,
    }
