"""Reads the sections of a ``conda-forge.yml`` into typed values; collects what is wrong instead of stopping at it.

What a person left out, or wrote as ``null``, is the default. Scalars are read as YAML 1.1 has them, for that is what
conda-smithy reads: ``yes`` and ``on`` are truth values. Numbers and truth values may stand in quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from builder.errors import Place, Problem
from builder.syntax.node import Mapping as MappingNode
from builder.syntax.node import Node, Scalar, is_null, kind_of
from builder.syntax.node import Sequence as SequenceNode

_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
MAX_DIGITS = 9
"""Digits of a number; nobody waits longer, or keeps anything longer, than these can say."""


class Findings:
    """What was noticed while reading: ``errors`` stop the work, ``warnings`` do not."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def error(self, message: str, place: Place | None, remedy: str) -> None:
        """Note a mistake."""
        self.errors.append(Problem(code="feedstock.setting", message=message, place=place, remedy=remedy))

    def warn(self, message: str, place: Place | None, remedy: str) -> None:
        """Note something odd that does no harm."""
        self.warnings.append(Problem(code="feedstock.setting", message=message, place=place, remedy=remedy))


class Form:
    """A mapping of the file; its questions answer with a value of the right type, the default where there is none."""

    def __init__(self, node: Node | None, name: str, findings: Findings) -> None:
        """Take a section of the file; ``name`` is what errors call it, empty for the file itself."""
        self.name = name
        self.findings = findings
        self._asked: set[str] = set()
        self._node = node if isinstance(node, MappingNode) else None
        if self._node is None and not is_null(node) and node is not None:
            self._wrong(node, name, "a mapping of keys to values", "write `key: value` below it")

    def node(self, key: str) -> Node | None:
        """Return what stands at a key, None for nothing and for ``null``."""
        self._asked.add(key)
        found = None if self._node is None else self._node.get(key)
        return None if is_null(found) else found

    def has(self, key: str) -> bool:
        """Whether the key is written, even if as ``null``."""
        self._asked.add(key)
        return self._node is not None and key in self._node

    def place(self, key: str) -> Place | None:
        """Return where a key's value stands."""
        found = None if self._node is None else self._node.get(key)
        return None if found is None else found.place

    def written(self, key: str) -> str | None:
        """Return a text as it is written, ``null`` too; None if there is none."""
        self._asked.add(key)
        return self._scalar(None if self._node is None else self._node.get(key), key)

    def section(self, key: str) -> Form:
        """Return the form of a mapping below this one; an empty form if there is none."""
        return Form(self.node(key), self.label(key), self.findings)

    def entries(self) -> Iterator[str]:
        """Return the keys that are written, in their order."""
        return iter(()) if self._node is None else iter(self._node)

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        found = self.optional_text(key)
        return default if found is None else found

    def optional_text(self, key: str) -> str | None:
        """Return a text, None if there is none."""
        return self._scalar(self.node(key), key)

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """Return one of ``allowed``."""
        found = self.optional_text(key)
        if found is None:
            return default
        if found in allowed:
            return found
        self.findings.error(
            f"{self.label(key)} is {found!r}", self.place(key), f"write one of {', '.join(allowed)}, or leave it out"
        )
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a truth value."""
        node = self.node(key)
        if node is None:
            return default
        found = truth(node)
        if found is None:
            self._wrong(node, self.label(key), "true or false", "write true or false")
            return default
        return found

    def number(self, key: str, default: int) -> int:
        """Return a number that is not negative."""
        found = self.optional_number(key)
        return default if found is None else found

    def optional_number(self, key: str) -> int | None:
        """Return a number that is not negative, None if there is none."""
        node = self.node(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and node.text.isascii() and node.text.isdigit() and len(node.text) <= MAX_DIGITS:
            return int(node.text)
        self._wrong(node, self.label(key), f"a whole number of at most {MAX_DIGITS} digits", "write a whole number")
        return None

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a list of texts; a single one needs no list around it."""
        node = self.node(key)
        if node is None:
            return tuple(default)
        items = node.items if isinstance(node, SequenceNode) else (node,)
        found = [self._scalar(item, key) for item in items if not is_null(item)]
        return tuple(one for one in found if one is not None)

    def table(self, key: str) -> Mapping[str, str]:
        """Return a mapping of texts; entries that are ``null`` are left out."""
        section = self.section(key)
        found = {name: section.optional_text(name) for name in section.entries()}
        return {name: text for name, text in found.items() if text is not None}

    def finish(self, known: Sequence[str] = ()) -> None:
        """Warn about the keys that nobody asked for, but for those ``known`` to matter elsewhere."""
        for name, _ in () if self._node is None else self._node.entries:
            if name.text not in self._asked and name.text not in known:
                self.findings.warn(
                    f"nothing reads the key {self.label(name.text)}", name.place, "look at its spelling, or remove it"
                )

    def label(self, key: str) -> str:
        """Return what errors call a key: ``github_actions.max_parallel``."""
        return f"{self.name}.{key}" if self.name else key

    def _scalar(self, node: Node | None, key: str) -> str | None:
        if node is None:
            return None
        if isinstance(node, Scalar):
            return node.text
        self._wrong(node, self.label(key), "text", "write a single value")
        return None

    def _wrong(self, node: Node, label: str, wanted: str, remedy: str) -> None:
        shown = repr(node.text[:60]) if isinstance(node, Scalar) else kind_of(node)
        what = label or "the file"
        self.findings.error(f"{what} has to be {wanted}, and is {shown}", node.place, remedy)


def truth(node: Node) -> bool | None:
    """Return the truth value that a node writes, None if it writes none."""
    if not isinstance(node, Scalar) or node.text not in _TRUE | _FALSE:
        return None
    return node.text in _TRUE
