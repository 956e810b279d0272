"""Finds in a recipe's text what a traced evaluation speaks of: expressions, items of lists, names in any branch."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import Place
from builder.model.frozen import frozen
from builder.recipe.kind import Plain
from builder.recipe.question import Question
from builder.recipe.scope import mentioned
from builder.recipe.term import (
    Choice,
    Constant,
    Formula,
    Listing,
    Loose,
    Mentioning,
    Table,
    Term,
    in_template,
)
from builder.recipe.trace import Trace
from builder.syntax.node import Scalar
from builder.syntax.template import Condition, Template


@frozen(kw_only=False)
class Written:
    """A piece of the recipe: its ``text`` as written, and where it stands."""

    text: str
    place: Place


@frozen(kw_only=False)
class Item:
    """One item of an evaluated list: what it came to, and the scalar that it was written as."""

    value: Plain
    scalar: Scalar

    @property
    def written(self) -> Written:
        """The item as written."""
        return written(self.scalar)


@frozen(kw_only=False)
class Mention:
    """A name in an expression; ``under`` are the choices around it, outermost first: each with the branch's name."""

    what: Template | Condition
    under: tuple[tuple[Choice, str], ...]


def written(scalar: Scalar) -> Written:
    """Return a scalar's text in one line, and its place."""
    return Written(" ".join(scalar.text.split()), scalar.place)


def expression_with(what: Template | Condition, name: str) -> Written:
    """Return the expression of ``what`` that reads ``name``, the first one if it only turns out to do so."""
    if isinstance(what, Condition):
        return Written(what.expression.source, what.where.place_at(what.start))
    found = zip(what.expressions, what.starts, strict=True)
    reading = [(one, start) for one, start in found if name in mentioned(one)]
    expression, start = reading[0] if reading else (what.expressions[0], what.starts[0])
    return Written(expression.source, what.where.place_at(start))


def part(term: Term, *keys: str) -> Term:
    """Return the term under ``keys``, one below the other; an absent constant if there is none."""
    for key in keys:
        inner = term.made_of if isinstance(term, Constant) else term
        entries = inner.entries if isinstance(inner, Table) else ()
        term = next((value for name, value in entries if name == key), Constant(None))
    return term


def scalar_of(term: Term) -> Scalar | None:
    """Return the scalar that a term was written as, None for anything but one scalar."""
    match term:
        case Constant(made_of=Scalar() as scalar):
            return scalar
        case Formula() | Loose():
            return term.template.where
        case Question():
            return term.condition.where
        case _:
            return None


def items(term: Term | Choice, trace: Trace) -> Iterator[Item]:
    """Yield the items of a list that an evaluation took, in their order; a scalar is a list of one."""
    match term:
        case Constant(made_of=Scalar() as scalar):
            yield Item(term.value, scalar)
        case Constant(made_of=(Listing() | Table()) as inner):
            yield from items(inner, trace)
        case Formula() | Loose():
            value = trace.made.get(id(term.template))
            if value is not None:
                yield Item(value, term.template.where)
        case Choice():
            holds = trace.made.get(id(term.condition))
            if holds is not None:
                yield from items(term.then if holds else term.otherwise, trace)
        case Listing():
            for item in term.items:
                yield from items(item, trace)
        case _:
            return


def mentions(term: Term | Choice, name: str, under: tuple[tuple[Choice, str], ...] = ()) -> Iterator[Mention]:
    """Yield every text in ``term`` with an expression that reads ``name``, in branches that are not taken too."""
    match term:
        case Formula() | Loose():
            yield from _mention(term.template, name, under)
        case Question():
            yield from _mention(term.condition, name, under)
        case Choice():
            yield from _mention(term.condition, name, under)
            yield from mentions(term.then, name, (*under, (term, "then")))
            yield from mentions(term.otherwise, name, (*under, (term, "else")))
        case Listing():
            for item in term.items:
                yield from mentions(item, name, under)
        case Table():
            for _, value in term.entries:
                yield from mentions(value, name, under)
        case Mentioning():
            yield from mentions(term.term, name, under)
        case Constant():
            return


def _mention(what: Template | Condition, name: str, under: tuple[tuple[Choice, str], ...]) -> Iterator[Mention]:
    if any(name in mentioned(expression) for expression in in_template(what)):
        yield Mention(what, under)
