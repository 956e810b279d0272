"""Prepares a task as far as its script, and keeps that, for those who want to run the script by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.model.outcome import Outcome
from builder.model.recipe import Script
from builder.model.task import Task
from builder.pipeline import keeping, scripting
from builder.pipeline.bench import Bench
from builder.pipeline.phases import Phases
from builder.pipeline.ready import make_ready
from builder.pipeline.work import Work
from builder.script import lay_out, with_files


async def prepare_task(task: Task, inputs: Sequence[Outcome], bench: Bench) -> Path:
    """Do all that comes before the task's script and keep that; return where, among the failed trees."""
    task = replace(task, rendering=with_files(task.rendering))
    phases = Phases(task.id, bench.emit)
    async with bench.store.scratch_async(task.id) as scratch:
        work = Work(task=task, bench=bench, inputs=inputs, scratch=scratch, phases=phases)
        ready = await make_ready(work)
        tree = await scripting.fetch_sources(work)
        entrance = scripting.entrance(work, tree, ready, work.script or Script(content=()))
        await in_thread(lay_out, entrance.run)
        keeping.noted(work, tree, entrance.run.script, entrance.mounts, entrance.run.variables)
        await in_thread(keeping.made_to_last, scratch, bench.sandbox, bench.store, "", bench.secrets)
        return await in_thread(bench.store.keep_failed, task.id, scratch)
