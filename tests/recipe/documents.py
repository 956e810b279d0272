"""YAML as the JSON that editors check against a schema."""

from __future__ import annotations

from builder.syntax.node import Mapping, Node, Scalar, is_null
from builder.syntax.scalar import as_bool, as_float, as_int

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def as_json(node: Node) -> Json:
    """Return what a reader of YAML 1.2 makes of a node."""
    if isinstance(node, Scalar):
        return _scalar(node)
    if isinstance(node, Mapping):
        return {name.text: as_json(value) for name, value in node.entries}
    return [as_json(item) for item in node.items]


def _scalar(node: Scalar) -> Json:
    if is_null(node):
        return None
    if not node.plain:
        return node.text
    for read in (as_bool, as_int, as_float):
        value = read(node.text)
        if value is not None:
            return value
    return node.text
