"""Turning plain values into the text of info files, the same text every time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from builder.syntax import write_yaml

Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]


def json_text(value: Plain) -> bytes:
    """Return ``value`` as indented JSON, keys in the order given, with a newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def yaml_text(value: Plain) -> bytes:
    """Return ``value`` as YAML, keys in the order given."""
    return write_yaml(value).encode()


def without_empty(value: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return ``value`` without the keys that say nothing: None, empty texts, empty lists."""
    return {key: inner for key, inner in value.items() if inner is not None and inner not in ("", (), [], {})}
