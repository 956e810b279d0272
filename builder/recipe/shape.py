"""The shapes that recipe values can have; `builder.recipe.schema` says which key has which."""

from __future__ import annotations

from builder.model.frozen import frozen
from builder.model.switch import Switch
from builder.recipe.kind import Kind


@frozen(kw_only=False)
class Text:
    """A scalar of one kind."""

    kind: Kind


@frozen(kw_only=False)
class Typed:
    """A scalar whose type is what YAML or its expression says: truth value, integer, text; or a list of such."""


@frozen(kw_only=False)
class Expression:
    """A bare expression, or a template that makes one."""


@frozen(kw_only=False)
class Many:
    """A list, where ``if``/``then``/``else`` may choose items; ``single``: one item needs no list around it.

    ``guarded`` lists hold mappings whose own key ``if`` says whether they are there.
    """

    item: Shape
    single: bool = False
    guarded: bool = False


@frozen(kw_only=False)
class Section:
    """A mapping whose keys are the rows of this name in the schema."""

    name: str


@frozen(kw_only=False)
class Case:
    """A mapping that has ``key`` is of ``section``; other keys are only warned about if it is ``lenient``."""

    key: str
    section: str
    lenient: bool = False


@frozen(kw_only=False)
class Cases:
    """A mapping of one of several sections: the first case whose key it has."""

    cases: tuple[Case, ...]


@frozen(kw_only=False)
class Table:
    """A mapping with keys that the recipe chooses, each of the kind ``key``."""

    key: Kind
    value: Shape


@frozen(kw_only=False)
class Script:
    """Text of a script or a list of its lines: names of the build's session stay, and all names in it count as read."""

    value: Shape


@frozen(kw_only=False)
class Either:
    """A shape for each kind of YAML node; None where that kind is not allowed."""

    scalar: Shape | None = None
    sequence: Shape | None = None
    mapping: Shape | None = None


@frozen(kw_only=False)
class Free:
    """Anything; text in it may hold expressions."""


@frozen(kw_only=False)
class Switched:
    """Something that recipes may use only with a switch; ``why`` says what it would cost otherwise."""

    switch: Switch
    why: str
    shape: Shape


Shape = Text | Typed | Expression | Many | Section | Cases | Table | Script | Either | Free | Switched


def expected(shape: Shape) -> str:
    """Say what the shape expects, to complete "expected …"."""
    match shape:
        case Text():
            return shape.kind.words
        case Many():
            inner = expected(shape.item)
            return f"{inner} or a list of such" if shape.single else f"a list (each item {inner})"
        case Cases():
            return f"a mapping with {' or '.join(case.key for case in shape.cases)}"
        case Script():
            return expected(shape.value)
        case Switched():
            return expected(shape.shape)
        case Either(mapping=Free(), scalar=None, sequence=None):
            return "a mapping"
        case Either():
            parts = [expected(part) for part in (shape.scalar, shape.sequence, shape.mapping) if part is not None]
            return " or ".join(parts)
        case _:
            return _WORDS[type(shape)]


_WORDS = {
    Typed: "text, a number, true or false, or a list of these",
    Expression: "an expression",
    Section: "a mapping",
    Table: "a mapping",
    Free: "anything",
}
