"""Prepares a task as far as its script, and keeps that, for those who want to run the script by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.model.outcome import Outcome
from builder.model.recipe import Script
from builder.model.task import Task
from builder.pipeline import keeping, kept, scripting
from builder.pipeline.bench import Bench, Root
from builder.pipeline.kept import Kept
from builder.pipeline.phases import Phases
from builder.pipeline.ready import make_ready
from builder.pipeline.work import Work
from builder.sandbox import Engines
from builder.script import lay_out, with_files
from builder.store import Store
from builder.testing.session import ScriptRun, Subject, set_up


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


def test_id(package: Path, run: ScriptRun) -> str:
    """Return what the state of a package's test goes by."""
    return f"test {package.stem} {run.name}"


async def prepare_test(run: ScriptRun, subject: Subject, root: Root, store: Store, engines: Engines) -> Path:
    """Do all that comes before a test's script and keep that; return where, among the failed trees.

    The bench's scratch folder is a fresh one, which is kept.
    """
    bench, package = subject.bench, subject.package.path
    setting = await set_up(run, subject)
    await in_thread(lay_out, setting.run)
    secrets = run.script.secrets
    state = Kept(
        task_id=test_id(package, run),
        kind="test",
        name=package.stem,
        said="",
        given=package.absolute(),
        recipe_folder=package.absolute().parent,
        own_key="",
        isolation=bench.sandbox.name,
        rootfs=root.digest,
        scratch=bench.scratch,
        mounts=setting.mounts,
        variables=tuple((name, value) for name, value in setting.run.variables.items() if name not in secrets),
        secrets=secrets,
        limits=bench.limits,
        network=bench.permissions.network,
        engine=engines.address(bench.sandbox.name),
        image=engines.image,
        script=setting.run.inside,
    )
    await in_thread(kept.write, state, bench.scratch, store)
    return await in_thread(store.keep_failed, state.task_id, bench.scratch)
