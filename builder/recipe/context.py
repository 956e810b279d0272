"""The recipe's ``context``: typed names, evaluated in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import Problem
from builder.recipe.scope import RecipeScope
from builder.recipe.term import Table, Term, evaluate, expressions
from builder.syntax.node import Scalar


def evaluate_context(context: Table, scope: RecipeScope) -> None:
    """Put every name of ``context`` into the scope; problems are noted there."""
    for name, term in in_order(context, scope.problems):
        value = evaluate(term, scope)
        scope.context[name] = value


def in_order(context: Table, problems: list[Problem]) -> Iterator[tuple[str, Term]]:
    """Yield names and terms, each after those that it reads, otherwise as written (CEP 14); note circles as problems.

    A name that reads itself reads the variant key of that name.
    """
    terms = dict(context.entries)
    needs = {name: _needed(name, term, terms) for name, term in terms.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> Iterator[str]:
        if name in done:
            return
        if name in above:
            problems.append(_circle((*above[above.index(name) :], name), dict(context.names)))
            return
        for needed in needs[name]:
            yield from visit(needed, (*above, name))
        if name not in done:
            done.add(name)
            yield name

    for name in terms:
        for ready in visit(name, ()):
            yield ready, terms[ready]


def _needed(name: str, term: Term, terms: dict[str, Term]) -> list[str]:
    read = {found for expression in expressions(term) for found in expression.names}
    return [other for other in terms if other in read and other != name]


def _circle(names: tuple[str, ...], places: dict[str, Scalar]) -> Problem:
    return Problem(
        code="recipe.circle",
        message=f"context.{names[0]} needs itself: {' → '.join(names)}",
        place=places[names[0]].place,
        remedy="break the circle",
    )
