"""Everything between a plan and its outcomes: the sandbox and its root, the solver, the bench, the walk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from builder.cli.accounting import account_of
from builder.cli.confinement import Confinement, names_of
from builder.cli.options import BuildChoice, PackageChoice
from builder.cli.reproducing import surroundings_for
from builder.cli.roots import sandbox_and_root
from builder.cli.site import Site, private, secrets, source_date_epoch
from builder.environment import Lock, Solver, Solving, read_lock, write_lock
from builder.environment.admission import Admission
from builder.environment.place import channel_place
from builder.errors import UsageError
from builder.farm import Claimed, Job, Ledger, LocalExecutor, drive
from builder.model.environment import Environments
from builder.model.frozen import frozen
from builder.model.outcome import Outcome
from builder.model.packaging import Packaging
from builder.model.recipe import ScriptTest
from builder.model.target import target, virtual_packages
from builder.model.task import Plan, TaskState
from builder.pipeline import Bench, refuse_scripts, run_task
from builder.report.events import Event, Noted, Warned
from builder.sandbox import Limits
from builder.sandbox.allowance import Allowance
from builder.script import with_files


@frozen
class Baking:
    """One run: where, how, and whom to tell; ``cores`` is how many this machine has.

    ``written`` is how packages are, which the plan's recipe keys say too.
    """

    place: Site
    choice: BuildChoice
    confinement: Confinement
    emit: Callable[[Event], None]
    cores: int
    packaging: PackageChoice = PackageChoice()
    written: Packaging = Packaging()

    @property
    def sealed(self) -> bool:
        """Whether scripts see nothing of the machine."""
        return self.confinement.sealed

    def warn(self, text: str) -> None:
        """Tell of what is not as it should be, though the work goes on."""
        self.emit(Warned(text=text))

    def ledger(self) -> AbstractContextManager[Ledger]:
        """Open the ledger of this run's store."""
        return Ledger(self.place.store)


async def bake(plan: Plan, baking: Baking, ledger: Ledger) -> tuple[Outcome, ...]:
    """Run the plan and return all ends in its order."""
    needed = [task for task in plan.tasks if task.state is not TaskState.REUSE]
    if not needed:
        return await drive(plan, LocalExecutor(_never, 1), keep_going=True, emit=baking.emit)
    if not baking.choice.keep_going:
        renderings = [with_files(task.rendering) for task in needed]
        refuse_scripts(renderings, test=baking.choice.test, sealed=baking.sealed)
    bench = await bench_for(plan, baking)
    executor = LocalExecutor(claimed(bench, ledger), baking.choice.jobs)
    outcomes = await drive(plan, executor, keep_going=baking.choice.keep_going, emit=baking.emit)
    if baking.choice.lock_file is not None and not baking.choice.locked:
        await asyncio.to_thread(_renew_lock, baking.choice.lock_file, bench.lock, outcomes)
    return outcomes


def claimed(bench: Bench, ledger: Ledger) -> Claimed:
    """Return what runs a task once among all processes."""
    channel = bench.channel

    async def run(job: Job) -> Outcome:
        return await run_task(job.task, job.inputs, bench)

    def known(recipe_key: str) -> str | None:
        return channel.keys().get(recipe_key)

    return Claimed(ledger, str(channel.root), run=run, known=known)


def _lock(choice: BuildChoice) -> Lock | None:
    """Return the lock file that was asked for; without ``--locked`` it need not be there yet."""
    if choice.lock_file is None:
        if choice.locked:
            raise UsageError("--locked needs --lock-file FILE", code="cli.locked")
        return None
    return read_lock(choice.lock_file) if choice.locked or choice.lock_file.is_file() else None


def _renew_lock(path: Path, old: Lock | None, outcomes: Sequence[Outcome]) -> None:
    """Write the environments of this run's tasks, and those of tasks that needed no solve as they were."""
    kept = {name: Environments(build=task.build, host=task.host) for name, task in (old.tasks if old else {}).items()}
    solved = {one.task_id: one.environments for one in outcomes if one.environments is not None}
    ids = {outcome.task_id for outcome in outcomes}
    write_lock(path, {name: found for name, found in {**kept, **solved}.items() if name in ids})


async def _never(job: Job) -> Outcome:
    raise AssertionError(f"{job.task.id} is reused and must not run")


async def bench_for(plan: Plan, baking: Baking) -> Bench:
    """Return what every task of ``plan`` works with."""
    place, choice = baking.place, baking.choice
    sandbox, root = await sandbox_and_root(place, baking.confinement, baking.emit)
    for note in sandbox.capabilities().notes:
        baking.emit(Noted(text=note) if sandbox.sealed else Warned(text=note))
    limits = baking.confinement.limits_of(choice.jobs)
    subdirs = {task.rendering.platforms.host for task in plan.tasks} | {"linux-64"}
    await asyncio.to_thread(place.channel.ensure, *sorted(subdirs))
    return Bench(
        store=place.store,
        sandbox=sandbox,
        root=root,
        fetcher=place.fetcher(baking.emit),
        solver=solver_for(place, subdirs, root.glibc, baking.warn),
        solvers=_solvers_of(plan, place, subdirs, root.glibc, baking.warn),
        lock=_lock(choice),
        locked=choice.locked,
        admission=Admission(place.store, place.access(baking.warn), frozenset({channel_place(str(place.output)).url})),
        channel=place.channel,
        limits=limits,
        engines=baking.confinement.engines,
        allowances=_allowances(plan, baking.confinement, limits),
        cores=cores_of_one(baking.cores, choice.jobs),
        epoch=source_date_epoch(),
        test=choice.test,
        access=place.access(baking.warn),
        secrets=secrets(_secret_names(plan)),
        private=private(),
        logs=_made(place.store.root / "logs"),
        broken=place.broken,
        emit=baking.emit,
        packaging=baking.written,
        rules=place.rules,
        keep=baking.packaging.keep_build,
        no_binary_prefix=baking.packaging.error_prefix_in_binary,
        account=account_of(place, baking.cores),
        around=await surroundings_for(place, sandbox, root, baking.emit) if choice.check_reproducible else None,
    )


def _allowances(plan: Plan, confinement: Confinement, limits: Limits) -> dict[str, Allowance]:
    """Return what the scripts of each task may use."""
    found = {}
    for task in plan.tasks:
        names, folder = names_of(task.rendering), task.rendering.recipe.folder.resolve()
        found[task.id] = Allowance(limits=confinement.limits_for(names, limits, folder), allowed=task.allowed)
    return found


def _solvers_of(
    plan: Plan, place: Site, subdirs: Iterable[str], glibc: str, report: Callable[[str], None]
) -> dict[tuple[str, ...], Solving]:
    """Return what solves for variants that name their channels themselves."""
    named = {task.rendering.channel_sources: place.channels_of(task.rendering) for task in plan.tasks}
    return {
        sources: solver_for(replace(place, channels=channels), subdirs, glibc, report)
        for sources, channels in named.items()
        if channels != place.channels
    }


def cores_of_one(cores: int, jobs: int) -> int:
    """Return how many processes each of ``jobs`` scripts that run at once may have.

    Twice an even share: configure scripts and the ends of builds keep one core busy, whatever they are allowed.
    """
    return min(cores, max(1, 2 * cores // jobs))


def solver_for(place: Site, subdirs: Iterable[str], glibc: str, report: Callable[[str], None] | None = None) -> Solving:
    """Return what solves against our output first, then the other channels, for machines that have that glibc.

    ``report`` hears what is left out of their indexes.
    """
    channels = (str(place.output), *(name for name in place.channels if name != str(place.output)))
    machines = {subdir: virtual_packages(target(subdir), glibc=glibc) for subdir in subdirs}
    return Solver(
        channels,
        place.store,
        machines=machines,
        may_be_empty=(str(place.output),),
        rules=place.rules,
        access=place.access(report),
    )


def _secret_names(plan: Plan) -> tuple[str, ...]:
    outputs = [task.rendering.output for task in plan.tasks]
    scripts = [output.build.script for output in outputs]
    scripts += [test.script for output in outputs for test in output.tests if isinstance(test, ScriptTest)]
    return tuple(sorted({name for script in scripts for name in script.secrets}))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
