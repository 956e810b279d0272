"""The recipe's ``context``: typed names in the order in which they need each other."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from builder.errors import Problem
from builder.recipe.scope import RecipeScope
from builder.recipe.term import Table, Term, evaluate, expressions
from builder.syntax.node import Scalar
from builder.syntax.value import Value


def evaluate_context(context: Table, scope: RecipeScope) -> None:
    """Put every name of ``context``, which is `in_order`, into the scope; problems are noted there.

    What needs a name that has a problem is left out, so that each mistake is told once.
    """
    scope.context = scope.remember(_values, context)


def _values(context: Table, scope: RecipeScope) -> dict[str, Value]:
    broken: set[str] = set()
    scope.defining = True
    for name, term in context.entries:
        if broken and broken & {read for expression in expressions(term) for read in expression.names}:
            broken.add(name)
            continue
        before = len(scope.problems)
        scope.define(name, evaluate(term, scope))
        if len(scope.problems) > before:
            broken.add(name)
    scope.defining = False
    scope.journal.forget_context()
    return scope.context


def in_order(context: Table, problems: list[Problem]) -> Table:
    """Return the table with each name after those that it reads, otherwise as written (CEP 14); note a circle.

    A name that reads itself reads the variant key of that name.
    """
    terms, rank = dict(context.entries), {name: index for index, (name, _) in enumerate(context.entries)}
    sorter = TopologicalSorter({name: _needed(name, term, rank) for name, term in terms.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        problems.append(_circle(tuple(reversed(error.args[1])), dict(context.names)))
        return context
    ready, ordered = sorted(sorter.get_ready(), key=rank.__getitem__), []
    while ready:
        ordered += ready
        sorter.done(*ready)
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
    return Table(tuple((name, terms[name]) for name in ordered), names=context.names)


def _needed(name: str, term: Term, rank: dict[str, int]) -> set[str]:
    return {found for expression in expressions(term) for found in expression.names if found in rank} - {name}


def _circle(names: tuple[str, ...], places: dict[str, Scalar]) -> Problem:
    return Problem(
        code="recipe.circle",
        message=f"context.{names[0]} needs itself: {' → '.join(names)}",
        place=places[names[0]].place,
        remedy="break the circle",
    )
