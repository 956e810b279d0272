"""Renderings → the plan: one graph of tasks with recipe keys, states and reasons."""

from __future__ import annotations

from builder.plan.context import FORMAT, Existing, PlanContext, SourceDigests
from builder.plan.document import task_document
from builder.plan.keys import recipe_key
from builder.plan.missing import missing_from, providers
from builder.plan.planner import make_plan

__all__ = [
    "FORMAT",
    "Existing",
    "PlanContext",
    "SourceDigests",
    "make_plan",
    "missing_from",
    "providers",
    "recipe_key",
    "task_document",
]
