"""Finds the state that `bakehouse debug` is to enter: the kept one of a failure, or one that is prepared now."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from builder.cli import planning
from builder.cli.baking import Baking, bench_for, claimed
from builder.cli.confinement import Confinement, confined
from builder.cli.options import BuildChoice, DebugChoice
from builder.cli.rendering import Rendered
from builder.cli.roots import sandbox_and_root
from builder.cli.selection import Selection
from builder.cli.site import Site
from builder.errors import BakehouseError, MachineError, UsageError, WorkError
from builder.farm import Job, Ledger, LocalExecutor, drive
from builder.model.frozen import frozen
from builder.model.outcome import Ending, Outcome
from builder.model.recipe import GitSource
from builder.model.rendering import Rendering
from builder.model.task import Plan, Task, TaskState
from builder.pipeline import kept
from builder.pipeline.entering import Door, busy
from builder.pipeline.kept import Kept
from builder.pipeline.preparing import prepare_task
from builder.report.events import Event, Finished, Noted


@frozen
class Search:
    """Where to look, for what, and whom to tell."""

    place: Site
    choice: DebugChoice
    emit: Callable[[Event], None]

    @property
    def confinement(self) -> Confinement:
        """How scripts are kept apart from the machine."""
        return confined(self.choice.sandbox, self.place)


def is_package(path: Path) -> bool:
    """Whether ``path`` names a package and no recipe."""
    return path.name.endswith((".conda", ".tar.bz2"))


def renderings_of(rendered: Rendered, choice: DebugChoice) -> tuple[Rendering, ...]:
    """Return the renderings that the command line may mean; at least one."""
    there = [one for one in rendered.renderings if not one.output.skip]
    wanted = choice.named
    found = tuple(one for one in there if wanted is None or wanted in {one.output.name, one.stem, one.identity})
    if not found:
        names = ", ".join(dict.fromkeys(one.output.name for one in there))
        message = f"there is no output {wanted!r}" if wanted else "the recipe has no output for this platform"
        raise UsageError(message, code="debug.output", remedy=f"there are {names}" if names else None)
    return found


def kept_of(renderings: Sequence[Rendering], search: Search) -> Kept | None:
    """Return the only kept state of ``renderings``, None without any; raises `UsageError` when there are several."""
    store = search.place.store
    found = [one for one in renderings if kept.there(store.failed_place(one.identity))]
    if len(found) > 1:
        raise ambiguous("several of them are kept", found, [kept.said(store.failed_place(f.identity)) for f in found])
    return kept.read(store.failed_place(found[0].identity), store) if found else None


def is_outdated(state: Kept, rendered: Rendered, search: Search) -> bool:
    """Whether the recipe is no longer what it was when ``state`` was kept, as far as that can be known here.

    Git repositories are not asked, and a recipe whose sources are gone is not the same, but says so by itself.
    """
    sources = [source for one in rendered.renderings for source in one.output.source]
    if any(isinstance(source, GitSource) for source in sources):
        return False
    place = search.place
    try:
        with Ledger(place.store) as ledger:
            confinement = _as_kept(state, search)
            plan = planning.make(rendered.renderings, place, ledger, confinement=confinement)
    except BakehouseError:
        return False
    task = plan.by_id().get(state.task_id)
    return task is not None and kept.own_key(task) != state.own_key


async def prepared(rendered: Rendered, renderings: Sequence[Rendering], selection: Selection, search: Search) -> Kept:
    """Prepare the only one of ``renderings``, after what it needs is built."""
    if len(renderings) > 1:
        raise ambiguous("none of them has failed, and several can be prepared", renderings, ["" for _ in renderings])
    (rendering,), place, choice = renderings, search.place, search.choice
    refuse_busy(rendering.identity, search)
    why = "" if choice.fresh else "no failure of it is kept (one that was killed leaves nothing): "
    search.emit(Noted(text=f"{why}preparing {rendering.stem} as far as its script"))
    if choice.with_deps:
        rendered = planning.with_dependencies(rendered, selection, set())
    baking = Baking(
        place=place,
        choice=_build_choice(choice),
        confinement=search.confinement,
        emit=search.emit,
        cores=len(os.sched_getaffinity(0)),
    )
    with baking.ledger() as ledger:
        place.channel.ensure()
        plan = await asyncio.to_thread(
            planning.make, rendered.renderings, place, ledger, confinement=baking.confinement, emit=search.emit
        )
        await _prepare(
            replace(plan.by_id()[rendering.identity], state=TaskState.BUILD, tests_need=()), plan, baking, ledger
        )
    return kept.read(place.store.failed_place(rendering.identity), place.store)


async def _prepare(task: Task, plan: Plan, baking: Baking, ledger: Ledger) -> None:
    """Build what ``task`` needs as a build of it would, and then prepare it instead of building it."""
    bench = await bench_for(plan, baking)
    build = claimed(bench, ledger)

    async def run(job: Job) -> Outcome:
        if job.task.id != task.id:
            return await build(job)
        await prepare_task(task, job.inputs, bench)
        return Outcome(task_id=task.id, ending=Ending.SKIPPED)

    def emit(event: Event) -> None:
        if not (isinstance(event, Finished) and event.outcome.task_id == task.id):
            baking.emit(event)

    outcomes = await drive(Plan(tasks=(*_below(task, plan), task)), LocalExecutor(run, 1), keep_going=False, emit=emit)
    problems = [problem for one in outcomes if not one.good for problem in one.problems]
    if problems:
        raise WorkError.of(problems)


async def door_of(state: Kept, search: Search) -> Door:
    """Return what opens ``state``; raises `MachineError` when this machine has no such sandbox or root."""
    store = search.place.store
    confinement = _as_kept(state, search)
    rootfs = Path("/") if state.isolation == "none" else store.folder("rootfs", state.rootfs)
    if rootfs is not None and confinement.image is None:
        sandbox = await asyncio.to_thread(confinement.sandbox, store.root / "probe")
        return Door(store=store, sandbox=sandbox, rootfs=rootfs)
    sandbox, root = await sandbox_and_root(search.place, confinement, search.emit)
    if root.digest != state.rootfs:
        raise MachineError(
            f"{state.name} was kept with another root of the sandbox (sha256:{state.rootfs})",
            code="debug.rootfs",
            remedy="enter a freshly prepared one with --fresh, or name the image that it was built in with --image",
        )
    return Door(store=store, sandbox=sandbox, rootfs=root.folder)


def _as_kept(state: Kept, search: Search) -> Confinement:
    """Return how the script was kept apart from the machine; engine and image may be said anew."""
    found, asked = search.confinement, search.choice.sandbox
    engines = replace(found.engines, image=asked.image or state.image)
    if asked.engine is None and state.engine is not None:
        engines = replace(engines, docker=state.engine, podman=state.engine)
    return replace(found, isolation=state.isolation, engines=engines)


def refuse_busy(task_id: str, search: Search) -> None:
    """Raise `MachineError` when somebody is in the state of ``task_id``: a new one could not take its place."""
    store = search.place.store
    if store.is_locked(store.failed_lock(task_id)):
        raise busy(task_id)


def _below(task: Task, plan: Plan) -> tuple[Task, ...]:
    """Return what must be built before ``task``, in the plan's order."""
    tasks, wanted, todo = plan.by_id(), set[str](), [task.id]
    while todo:
        here = tasks[todo.pop()]
        for need in here.needs if here.id == task.id else (*here.needs, *here.tests_need):
            if need not in wanted:
                wanted.add(need)
                todo.append(need)
    return tuple(one for one in plan.tasks if one.id in wanted)


def _build_choice(choice: DebugChoice) -> BuildChoice:
    return BuildChoice(
        jobs=1,
        keep_going=False,
        with_deps=choice.with_deps,
        test="native",
        lock_file=None,
        locked=False,
        sandbox=choice.sandbox,
    )


def ambiguous(what: str, renderings: Sequence[Rendering], said: Sequence[str]) -> UsageError:
    """Return the error that lists ``renderings``, of which one must be named, each with what is ``said`` of it."""
    lines = [
        f"\n  {one.stem}{_variant(one)}{f': {why}' if why else ''}" for one, why in zip(renderings, said, strict=True)
    ]
    return UsageError(
        f"{what}:{''.join(lines)}",
        code="debug.ambiguous",
        remedy="name one with --output NAME-VERSION-BUILD, or its values with --variant KEY=VALUE",
    )


def _variant(rendering: Rendering) -> str:
    shown = [f"{key}={value}" for key, value in rendering.variant.items() if key != "target_platform"]
    return f" ({', '.join(shown)})" if shown else ""
