"""Expressions: compiled once per distinct text, evaluated against a scope, reading nothing but its names.

There is no template engine behind an expression: it is a tree of the operators, filters and tests of this room over
immutable data, so there are no attributes of objects, no methods and no statements to reach for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from builder.model.frozen import frozen
from builder.syntax.value import ExpressionError, Undefined, Value

MAX_SOURCE = 8 * 1024
MAX_SOURCES = 64 * 1024
"""Characters in all different expressions of one file; the largest recipes have some 6,000."""

MAX_EXPRESSIONS = 10_000
"""Expressions in one file."""

_MAX_MISSPELT = 64
_MAX_COMPARED = 500
KEYWORDS = frozenset({"and", "or", "not", "is", "in", "if", "else"})


class Scope(Protocol):
    """Where names get their values."""

    def lookup(self, name: str) -> Value:
        """Return the value of ``name``, or an `Undefined` that says so; the scope records what is asked of it."""
        ...


@dataclass(slots=True)
class Meter:
    """How much more text and list items may be made; pass one along to bound all evaluations of a file together."""

    left: int = 1 << 24

    def spend(self, cost: int) -> None:
        """Count ``cost`` characters; raise `ExpressionError` when there are none left."""
        self.left -= cost
        if self.left < 0:
            raise ExpressionError("the expressions make more text than any recipe needs", code="recipe.too-much")


@dataclass(slots=True)
class Frame:
    """What one evaluation works with."""

    lookup: Callable[[str], Value]
    meter: Meter

    def made(self, value: Value) -> Value:
        """Return ``value``, a new one, after counting it."""
        self.meter.spend(len(value) if isinstance(value, str) else 8 * len(value) if isinstance(value, tuple) else 1)
        return value


Evaluator = Callable[[Frame], Value]


@frozen(kw_only=False)
class Call:
    """A call in an expression's text: the function's name and its first argument, if that is text written out."""

    function: str
    argument: str | None


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; ``names`` are all variables in it, taken or not, ``calls`` the functions it calls by name.

    The name of a called function is in ``calls`` only.
    """

    source: str
    names: frozenset[str]
    calls: tuple[Call, ...]
    evaluator: Evaluator = field(repr=False, compare=False)

    def evaluate(self, scope: Scope, meter: Meter | None = None) -> Value:
        """Return the expression's value; raise `ExpressionError`."""
        try:
            return self.evaluator(Frame(scope.lookup, meter or Meter()))
        except RecursionError:
            raise ExpressionError("the expression is nested too deeply", code="recipe.too-much") from None


CONSTANTS: dict[str, Value] = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}


@dataclass(slots=True)
class Compiler:
    """Compiles expressions, each distinct text once; make one per process, and one `for_file` of it for each file."""

    compiled: dict[str, Expression] = field(default_factory=dict)
    characters: int = 0
    expressions: int = 0
    met: set[str] = field(default_factory=set)

    def for_file(self) -> Compiler:
        """Return a compiler that knows what this one has compiled, and counts anew what a file asks for."""
        return Compiler(self.compiled)

    @property
    def exhausted(self) -> bool:
        """Whether the file has had more expressions than any file needs; nothing more is compiled for it."""
        return self.characters > MAX_SOURCES or self.expressions > MAX_EXPRESSIONS

    def expression(self, source: str) -> Expression:
        """Return the compiled expression of ``source``; raise `ExpressionError` if it is none."""
        if len(source) > MAX_SOURCE and len(source.strip()) > MAX_SOURCE:
            raise ExpressionError(f"the expression has more than {MAX_SOURCE} characters", code="recipe.too-much")
        self.expressions += 1
        if source not in self.met:
            self.met.add(source)
            self.characters += len(source)
        if self.exhausted:
            limits = f"{MAX_EXPRESSIONS:,} expressions, or {MAX_SOURCES >> 10} KiB of different ones"
            raise ExpressionError(f"the file has more than {limits}", code="recipe.too-much")
        text = source.strip()
        found = self.compiled.get(text)
        if found is None:
            found = self.compiled[text] = _compile(text)
        return found


def _compile(source: str) -> Expression:
    if source.isidentifier() and source not in KEYWORDS:
        return _name(source)
    from builder.syntax.simple import simple_expression

    if (simple := simple_expression(source)) is not None:
        return simple
    # Imported here: jinja2 costs 50 ms, and a recipe of names, simple calls and conditions does not need it.
    from builder.syntax.grammar import parse

    try:
        return parse(source)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", code="recipe.too-much") from None


def _name(name: str) -> Expression:
    if name in CONSTANTS:
        constant = CONSTANTS[name]
        return Expression(name, frozenset(), (), lambda _: constant)
    return Expression(name, frozenset({name}), (), lambda frame: frame.lookup(name))


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Return a "did you mean" remedy for a misspelt name, None if nothing is close."""
    import difflib
    import heapq

    if len(name) > _MAX_MISSPELT:
        return None
    likely = heapq.nsmallest(_MAX_COMPARED, known, key=lambda word: (abs(len(word) - len(name)), word))
    close = difflib.get_close_matches(name, sorted(likely), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else None


def undefined(name: str, known: Callable[[], Iterable[str]]) -> Undefined:
    """Make the value of a name that the scope does not have; ``known`` gives those that it has."""
    return Undefined(name, remedy=lambda: suggestion(name, known()))
