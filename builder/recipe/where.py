"""Where in a recipe an output's script or source stands, for errors that come up long after the recipe was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.errors import BakehouseError, Place
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.syntax import read_yaml
from builder.syntax.file import IrregularError, read_file
from builder.syntax.node import Mapping, Node, Scalar, Sequence
from builder.syntax.reader import MAX_BYTES


def script_place(path: Path, output: str) -> Place:
    """Return the place of the build script of ``output``: what names its interpreter or its file, if anything does.

    An output that is not found under its name (it may be a template) has the place of the file.
    """
    root = _read(path)
    for section in _sections(root, output):
        script = _at(section, "build", "script")
        if script is not None:
            named = (_at(script, "interpreter"), _at(script, "file"), script)
            return next(node for node in named if node is not None).place
    return Place(file=str(path)) if root is not None else _in_template(path, "build.script")


def source_place(path: Path, output: str, source: Source) -> Place:
    """Return where ``output`` says the path, address or repository of ``source``.

    One that is not written out (it may be a template) has the place of the sources, without any that of the file.
    """
    address = _address(source)
    root = _read(path)
    if root is None:
        return _in_template(path, "source")
    found = [_at(section, "source") for section in _sections(root, output)]
    sources = [node for node in found if node is not None]
    written = (scalar.place for node in sources for scalar in _scalars(node) if scalar.text == address)
    return next(written, sources[0].place if sources else Place(file=str(path)))


def _address(source: Source) -> str:
    match source:
        case UrlSource():
            return source.urls[0]
        case PathSource():
            return source.path
        case GitSource():
            return source.git


def _in_template(path: Path, key: str) -> Place:
    """Return the line of a ``key`` of the whole recipe in a text that is no YAML before a template has run."""
    from builder.recipe.v0.remarks import Remarks  # few recipes are wrong, and fewer of those are templates

    try:
        text = read_file(path, MAX_BYTES).decode()
    except (OSError, IrregularError, UnicodeDecodeError):
        return Place(file=str(path))
    return Remarks(file=str(path), text=text).place(key)


def _read(path: Path) -> Node | None:
    try:
        return read_yaml(read_file(path, MAX_BYTES), str(path))
    except (OSError, IrregularError, BakehouseError):
        return None


def _scalars(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from _scalars(item)
        case Mapping():
            for _, value in node.entries:
                yield from _scalars(value)


def _sections(root: Node | None, output: str) -> Iterator[Node]:
    """Yield the mapping of the output called ``output``, then the recipe's own."""
    outputs = _at(root, "outputs")
    for each in outputs.items if isinstance(outputs, Sequence) else ():
        name = _at(each, "package", "name") or _at(each, "staging", "name")
        if isinstance(name, Scalar) and name.text == output:
            yield each
    if root is not None:
        yield root


def _at(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
