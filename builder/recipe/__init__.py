"""Reads recipes (``recipe.yaml``) and evaluates their outputs for a variant."""

from __future__ import annotations

from builder.recipe.evaluation import evaluate_output as evaluate
from builder.recipe.evaluation import scope_for
from builder.recipe.load import load
from builder.recipe.request import Ask, Evaluated, GitQuestion, Request
from builder.recipe.scope import RecipeScope
from builder.recipe.text import OutputText, RecipeText

__all__ = [
    "Ask",
    "Evaluated",
    "GitQuestion",
    "OutputText",
    "RecipeScope",
    "RecipeText",
    "Request",
    "evaluate",
    "load",
    "scope_for",
]
