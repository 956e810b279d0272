"""One task from environments to a published package, through the seams of all rooms."""

from __future__ import annotations

from builder.pipeline.bench import Bench, Root
from builder.pipeline.refusing import refuse_scripts
from builder.pipeline.task import run_task

__all__ = ["Bench", "Root", "refuse_scripts", "run_task"]
