"""Conditions of ``build.skip``: what cannot be answered is false, with a warning (rattler-build's rule)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from builder.errors import RecipeError
from builder.recipe.scope import RecipeScope
from builder.syntax.expression import Compiler
from builder.syntax.template import Condition, Template, compile_condition

_FALSE = frozenset({
    "recipe.undefined", "recipe.expression", "recipe.expression-syntax", "recipe.unknown-function",
    "recipe.unknown-filter", "recipe.unknown-test",
})  # fmt: skip
"""What makes a condition false; that it asks for too much, or for what it may not see, is an error nevertheless."""


@dataclass(frozen=True, slots=True)
class Question:
    """A condition as a value: true or false; of a template it is the text that is evaluated once more."""

    condition: Condition | Template
    path: str
    compiler: Compiler = field(default_factory=Compiler, repr=False, compare=False)


def answer(question: Question, scope: RecipeScope) -> bool | None:
    """Return whether the condition holds, None after an error; why it has no answer is a warning.

    So a name that is no variant key on some platform does not skip there, and a misspelt one is not overlooked.
    """
    if scope.full:
        return None
    scope.enter(question.condition, question.path)
    try:
        condition = _condition(question, scope)
    except RecipeError as error:
        scope.problems += error.problems
        return None
    try:
        holds = condition is not None and _compiled(condition, question).holds(scope, scope.meter)
    except RecipeError as error:
        holds = False
        if not all(problem.code in _FALSE for problem in error.problems):
            scope.problems += error.problems
            return None
        scope.journal.warnings += [
            replace(problem, message=f"{question.path} counts as false: {problem.message}")
            for problem in error.problems
        ]
    scope.made(question.condition, holds)
    return holds


def _condition(question: Question, scope: RecipeScope) -> Condition | str | None:
    """Return the condition, or the text of one that a template makes; an empty one is none."""
    if isinstance(question.condition, Condition):
        return question.condition
    text = question.condition.text(scope, scope.meter)
    return text if text.strip() else None


def _compiled(condition: Condition | str, question: Question) -> Condition:
    if isinstance(condition, Condition):
        return condition
    where = question.condition.where
    return compile_condition(replace(where, text=condition, plain=False), question.compiler)
