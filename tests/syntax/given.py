"""What the tests of this room share: scalars without a file, and a scope that is a mapping and remembers its readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.syntax.expression import Compiler, undefined
from builder.syntax.node import Document, Node, Scalar
from builder.syntax.reader import read_yaml
from builder.syntax.value import Value


@dataclass
class Names:
    """A scope over a mapping; ``asked`` lists the names in the order in which they were looked up."""

    values: Mapping[str, Value] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def lookup(self, name: str) -> Value:
        self.asked.append(name)
        return self.values[name] if name in self.values else undefined(name, lambda: self.values)


def value_of(source: str, **names: Value) -> Value:
    """Return the value of an expression."""
    return Compiler().expression(source).evaluate(Names(names))


def scalar(text: str, *, plain: bool = True) -> Scalar:
    """Return a scalar that is a whole document."""
    return Scalar(text, plain, 0, len(text), Document.of("test.yaml", text))


def node(text: str) -> Node:
    """Return the node of a YAML text."""
    return read_yaml(text.encode(), "test.yaml")
