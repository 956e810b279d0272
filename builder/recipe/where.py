"""Where in a recipe an output's script stands, for errors that come up long after the recipe was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.errors import BakehouseError, Place
from builder.syntax import read_yaml
from builder.syntax.node import Mapping, Node, Scalar, Sequence


def script_place(path: Path, output: str) -> Place:
    """Return the place of the build script of ``output``: what names its interpreter or its file, if anything does.

    An output that is not found under its name (it may be a template) has the place of the file.
    """
    try:
        root = read_yaml(path.read_bytes(), str(path))
    except (OSError, BakehouseError):
        return Place(file=str(path))
    for section in _sections(root, output):
        script = _at(section, "build", "script")
        if script is not None:
            named = (_at(script, "interpreter"), _at(script, "file"), script)
            return next(node for node in named if node is not None).place
    return Place(file=str(path))


def _sections(root: Node, output: str) -> Iterator[Node]:
    """Yield the mapping of the output called ``output``, then the recipe's own."""
    outputs = _at(root, "outputs")
    for each in outputs.items if isinstance(outputs, Sequence) else ():
        name = _at(each, "package", "name") or _at(each, "staging", "name")
        if isinstance(name, Scalar) and name.text == output:
            yield each
    yield root


def _at(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
