"""YAML values that remember where they stand: text, sequences and mappings, nothing coerced.

Nodes are made by the thousand, so they are dataclasses of the standard library, the fastest to make.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from builder.errors import Place
from builder.model.frozen import frozen

_LINE_END = re.compile("\n")
MAX_FRAME = 1000
"""Characters of a line that an error shows."""


@frozen(kw_only=False)
class Document:
    """The text that nodes point into; ``file`` is the name that errors show, ``lines`` the offset of each line."""

    file: str
    text: str = field(repr=False)
    lines: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, file: str, text: str) -> Document:
        """Make a document of its text."""
        return cls(file, text, (0, *(match.end() for match in _LINE_END.finditer(text))))

    def place(self, index: int) -> Place:
        """Return the place of the character at ``index``."""
        line = bisect_right(self.lines, index)
        start = self.lines[line - 1]
        end = self.lines[line] if line < len(self.lines) else len(self.text)
        frame = self.text[start : min(end, start + MAX_FRAME)].rstrip("\r\n")
        return Place(file=self.file, line=line, column=index - start + 1, frame=frame)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as its text; ``plain`` means without quotes and not a block, so that it may be coerced.

    ``start`` and ``end`` are character offsets in the document, quotes and block markers included.
    """

    text: str
    plain: bool
    start: int
    end: int
    document: Document = field(repr=False)

    @property
    def place(self) -> Place:
        """Where the scalar starts."""
        return self.document.place(self.start)

    def offset(self, index: int) -> int:
        """Return where in the document the character ``index`` of the text stands."""
        from builder.syntax.offset import source_offset  # only errors and explanations ask

        return self.start + source_offset(self.document.text[self.start : self.end], self.text, index)

    def place_at(self, index: int) -> Place:
        """Return the place of the character ``index`` of the text."""
        return self.document.place(self.offset(index))


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    start: int
    document: Document = field(repr=False)

    @property
    def place(self) -> Place:
        """Where the sequence starts."""
        return self.document.place(self.start)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and nodes in the order of the file; keys are scalars and differ."""

    entries: tuple[tuple[Scalar, Node], ...]
    start: int
    document: Document = field(repr=False)

    @property
    def place(self) -> Place:
        """Where the mapping starts."""
        return self.document.place(self.start)

    def get(self, key: str) -> Node | None:
        """Return the node under ``key``, None if there is no such key."""
        return next((node for name, node in self.entries if name.text == key), None)

    def __contains__(self, key: str) -> bool:
        return any(name.text == key for name, _ in self.entries)

    def __iter__(self) -> Iterator[str]:
        return (name.text for name, _ in self.entries)


Node = Scalar | Sequence | Mapping


def is_null(node: Node | None) -> bool:
    """Whether the node is absent or a plain scalar that stands for nothing (``key:``, ``null``, ``~``)."""
    return node is None or (isinstance(node, Scalar) and node.plain and node.text in {"", "~", "null", "Null", "NULL"})


def kind_of(node: Node) -> str:
    """Name the node's kind as people call it."""
    match node:
        case Scalar():
            return "text"
        case Sequence():
            return "a list"
        case Mapping():
            return "a mapping"
