"""A recipe's text with its shapes checked and its expressions compiled: terms, which a scope turns into plain data.

What needs no scope is a `Constant` already, however large, so that evaluating once more costs only what can change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from builder.errors import Problem, RecipeError
from builder.model.frozen import frozen
from builder.recipe.kind import Kind, Plain, SwitchError
from builder.recipe.question import Question, answer
from builder.recipe.scope import RecipeScope
from builder.syntax.expression import Expression
from builder.syntax.node import Scalar
from builder.syntax.template import Condition, Template, usual_remedy
from builder.syntax.value import ExpressionError, Undefined, Value, text_of

EMPTY: tuple[Plain, ...] = ()


@dataclass(frozen=True, slots=True)
class Constant:
    """Plain data; ``made_of`` is the scalar or the term that it was, for those who ask where a part of it stands."""

    value: Plain
    made_of: Scalar | Listing | Table | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Formula:
    """Text with expressions, of a kind; ``path`` is its key for errors. Text that comes out empty counts as absent."""

    template: Template
    kind: Kind
    path: str


@dataclass(frozen=True, slots=True)
class Loose:
    """Text with expressions whose value keeps its type; quoted text stays text."""

    template: Template
    quoted: bool
    path: str


@dataclass(frozen=True, slots=True)
class Choice:
    """``if``/``then``/``else`` in a list: its items take its place."""

    condition: Condition
    then: Listing
    otherwise: Listing
    path: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; absent items are left out, unless ``keeps`` says that they are data."""

    items: tuple[Term | Choice, ...]
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and terms; absent values are left out, unless ``keeps`` says that they are data."""

    entries: tuple[tuple[str, Term], ...]
    keeps: bool = False
    names: tuple[tuple[str, Scalar], ...] = field(default=(), repr=False)


@frozen(kw_only=False)
class Mentioning:
    """A term all of whose names count as read, in branches not taken too (scripts; rattler-build's rule)."""

    term: Term
    path: str


Term = Constant | Formula | Loose | Question | Listing | Table | Mentioning


def evaluate(term: Term, scope: RecipeScope) -> Plain:
    """Return the plain data of ``term``; what goes wrong is noted in ``scope.problems`` and counts as absent."""
    match term:
        case Constant():
            return term.value
        case Formula():
            return scope.remember(_formula, term)
        case Listing():
            return _listing(term, scope)
        case Table():
            pairs = [(key, evaluate(value, scope)) for key, value in term.entries]
            return {key: value for key, value in pairs if value is not None or term.keeps}
        case Mentioning():
            scope.remember(_mention, term)
            return evaluate(term.term, scope)
        case Loose():
            return scope.remember(_loose, term)
        case Question():
            return scope.remember(answer, term)


def expressions(term: Term | Choice) -> Iterator[Expression]:
    """Return all expressions in ``term``, in branches that will not be taken too."""
    for template in templates(term):
        yield from in_template(template)


def in_template(template: Template | Condition) -> tuple[Expression, ...]:
    """Return the expressions of one text."""
    return template.expressions if isinstance(template, Template) else (template.expression,)


def templates(term: Term | Choice) -> Iterator[Template | Condition]:
    """Return all templates and conditions in ``term``."""
    match term:
        case Formula() | Loose():
            yield term.template
        case Question():
            yield term.condition
        case Choice():
            yield term.condition
            yield from templates(term.then)
            yield from templates(term.otherwise)
        case Listing():
            for item in term.items:
                yield from templates(item)
        case Table():
            for _, value in term.entries:
                yield from templates(value)
        case Mentioning():
            yield from templates(term.term)
        case Constant():
            pass


def _mention(term: Mentioning, scope: RecipeScope) -> None:
    for template in templates(term.term):
        scope.enter(template, term.path)
        for expression in in_template(template):
            scope.mention(expression)


def _formula(term: Formula, scope: RecipeScope) -> Plain:
    if scope.full:
        return None
    scope.enter(term.template, term.path, term.kind.late)
    try:
        text = term.template.text(scope, scope.meter)
    except RecipeError as error:
        scope.problems += error.problems
        return None
    try:
        return scope.made(term.template, term.kind.convert(text) if text else None)
    except ValueError as error:
        scope.problems.append(bad_value(term.path, term.template.where, error, term.kind.words))
        return None


def _loose(term: Loose, scope: RecipeScope) -> Plain:
    if scope.full:
        return None
    scope.enter(term.template, term.path)
    try:
        value = term.template.value(scope, scope.meter)
        if isinstance(value, Undefined):
            raise value.refuse()
        return scope.made(term.template, plain(text_of(value) if term.quoted else value))
    except RecipeError as error:
        scope.problems += error.problems
    except ExpressionError as error:
        where = term.template.where.place
        remedy = error.remedy or usual_remedy(error.code)
        scope.problems.append(Problem(code=error.code, message=error.message, place=where, remedy=remedy))
    return None


def _listing(term: Listing, scope: RecipeScope) -> tuple[Plain, ...]:
    found: list[Plain] = []
    for item in term.items:
        if isinstance(item, Choice):
            holds = scope.remember(_holds, item)
            if holds is not None:
                found += _listing(item.then if holds else item.otherwise, scope)
        else:
            value = evaluate(item, scope)
            if value is not None or term.keeps:
                found.append(value)
    return tuple(found)


def _holds(choice: Choice, scope: RecipeScope) -> bool | None:
    if scope.full:
        return None
    scope.enter(choice.condition, choice.path)
    try:
        holds = choice.condition.holds(scope, scope.meter)
    except RecipeError as error:
        scope.problems += error.problems
        return None
    scope.made(choice.condition, holds)
    return holds


def plain(value: Value) -> Plain:
    """Return an expression's value as plain data; a number that JSON cannot hold becomes its text."""
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return text_of(value)


def bad_value(path: str, where: Scalar, error: ValueError, words: str) -> Problem:
    """Make the problem of a value that is not what ``words`` say."""
    if isinstance(error, SwitchError):
        return Problem(code="recipe.switch", message=f"{path}: {error}", place=where.place, remedy=error.remedy)
    return Problem(code="recipe.bad-value", message=f"{path}: {error}", place=where.place, remedy=f"write {words}")
