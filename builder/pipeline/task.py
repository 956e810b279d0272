"""One task, phase by phase: this file is the table of contents of a build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder import check
from builder.check.clobbering import clashing
from builder.environment.wall import in_thread
from builder.errors import BakehouseError, PackageTestError
from builder.model.finding import Finding
from builder.model.frozen import frozen
from builder.model.outcome import Ending, Outcome
from builder.model.package import Package
from builder.model.task import Phase, Task, TaskState
from builder.pack import PackRequest
from builder.pipeline import (
    bytecode,
    circle,
    keeping,
    packing,
    repacking,
    scripting,
    secrecy,
    staged,
    stating,
    trying,
    twice,
    worked,
)
from builder.pipeline.bench import Bench
from builder.pipeline.phases import Phases
from builder.pipeline.ready import Ready, make_ready
from builder.pipeline.refusing import refuse_missing, refuse_scripts, refuse_unpublishable
from builder.pipeline.repacking import Twin
from builder.pipeline.sources import of_packages, of_sources
from builder.pipeline.staged import Staged
from builder.pipeline.trees import settle
from builder.pipeline.work import Work
from builder.report.events import Found
from builder.script import with_files


async def run_task(task: Task, inputs: Sequence[Outcome], bench: Bench) -> Outcome:
    """Run one task to its end, good or bad; only cancellation and defects of ours come out as exceptions."""
    phases = Phases(task.id, bench.emit)
    task = replace(task, rendering=with_files(task.rendering))
    try:
        refuse_scripts([task.rendering], test=bench.test, sealed=bench.sandbox.sealed)
        async with bench.store.scratch_async(task.id, keep=True) as scratch:
            started = bench.account.clock() if bench.account else 0.0
            work = Work(task=task, bench=bench, inputs=inputs, scratch=scratch, phases=phases, started=started)
            try:
                outcome = await (_stage(work) if task.rendering.output.kind == "staging" else _bake(work))
            except BakehouseError as error:
                await keeping.keep(work, error)
                raise
            if outcome.good and bench.keep and task.rendering.output.kind == "package":
                await keeping.keep_good(work)
        if outcome.good and not bench.keep:
            await in_thread(keeping.forget, bench.store, task.id)
    except BakehouseError as error:
        outcome = Outcome(task_id=task.id, ending=Ending.FAILED, problems=error.problems, exit_code=error.exit_code)
    return replace(outcome, timings=phases.timings())


async def _bake(work: Work) -> Outcome:
    """Make, test and publish a package."""
    phases = work.phases
    with phases.of(Phase.ENVIRONMENT):
        ready = await make_ready(work)
        refuse_unpublishable(work, ready)
        twin = await repacking.twin(work, ready) if not work.task.followed else None
    if (reused := await _reused(work, ready)) is not None:
        return await circle.settled(work, reused)
    if twin is not None and (outcome := await _packed_anew(work, ready, twin)) is not None:
        return outcome
    refuse_missing(work, ready)
    baked = await _baked(work, ready)
    varied = await twice.compare(work, ready, baked.package, _baked_again)
    package = await stating.stated(work, baked.package, baked.request, varied=varied)
    outcome = Outcome(
        task_id=work.task.id,
        ending=Ending.BUILT,
        file_name=package.file_name,
        package=package,
        build_key=ready.build_key,
        environments=ready.environments,
        findings=baked.findings,
        reasons=work.task.reasons,
        reproducible=varied is not None or None,
        peak_memory=baked.peak_memory,
    )
    return await _finished(work, outcome, baked.request.epoch)


@frozen
class _Baked:
    """A package, what it is made of, what the checks found, and the most memory that its script was seen to use."""

    package: Package
    request: PackRequest
    findings: tuple[Finding, ...]
    peak_memory: int | None


async def _baked(work: Work, ready: Ready) -> _Baked:
    """Make a package: from its sources to its file."""
    phases, bench = work.phases, work.bench
    with phases.of(Phase.SOURCE):
        tree = await scripting.fetch_sources(work)
    with phases.of(Phase.SCRIPT):
        scripted = await scripting.run_build(work, tree, ready)
    with phases.of(Phase.PAYLOAD):
        payload = await packing.chosen(work, ready, scripted)
    with phases.of(Phase.RELOCATE):
        movable = await packing.relocated(work, ready, payload)
        finished = await bytecode.compiled(work, ready, scripted, movable)
    with phases.of(Phase.CHECK):
        inherited = () if ready.parent is None else (ready.parent.source,)
        vouching = (*of_sources(*inherited, tree), *of_packages(ready.unpublishable))
        findings = (*vouching, *await packing.checked(work, ready, scripted, finished))
        for finding in findings:
            bench.emit(Found(task_id=work.task.id, finding=finding))
        check.require(findings, work.rendering.stem)
    with phases.of(Phase.PACK):
        request = packing.requested(work, ready, packing.Made(tree=tree, scripted=scripted, finished=finished))
        package, told = await packing.packed(work, request)
        await worked.keep_work(work, ready, tree, scripted)
    return _Baked(package=package, request=request, findings=(*findings, *told), peak_memory=scripted.peak_memory)


async def _baked_again(work: Work, ready: Ready) -> Package:
    return (await _baked(work, ready)).package


async def _finished(work: Work, outcome: Outcome, epoch: int) -> Outcome:
    """Test and publish a package that was packed."""
    phases, bench, package = work.phases, work.bench, outcome.package
    assert package is not None
    with phases.of(Phase.TESTING):
        untested = bench.untested(work.rendering)
        if untested is None and work.task.tested_by is not None:
            return await circle.left_waiting(work, outcome)
        waiting = circle.waiting_packages(work)
        if untested is not None and work.output.tests:
            work.note(f"Skipping tests because {untested}")
        elif untested is None:
            tried = await trying.tried(work, package, epoch, beside=waiting)
            findings = (*outcome.findings, *trying.found_by(work, tried))
            outcome = replace(outcome, tests=tried.results, findings=findings)
        if waiting:
            return await circle.settled(work, outcome)
        if not all(test.passed for test in outcome.tests):
            problems = await trying.set_aside(work, package, outcome.tests)
            return replace(outcome, ending=Ending.FAILED, problems=problems, exit_code=PackageTestError.exit_code)
    with phases.of(Phase.CHANNEL):
        return await circle.published(work, outcome)


async def _reused(work: Work, ready: Ready) -> Outcome | None:
    """Return the end of a task whose dependencies came out with the same bytes as when its package was built.

    Where another output's script goes on in its work folder, the store must have that too.
    """
    if work.task.state is not TaskState.AFTER and not work.task.followed:
        return None
    if work.task.followed and await in_thread(staged.load, work.bench.store, ready.build_key) is None:
        return None
    known = await in_thread(work.bench.channel.build_keys)
    name = known.get(ready.build_key)
    if name is None:
        return None
    reason = "its build key is in the channel: its dependencies came out with the same bytes"
    return Outcome(
        task_id=work.task.id, ending=Ending.REUSED, file_name=name, build_key=ready.build_key, reasons=(reason,)
    )


async def _packed_anew(work: Work, ready: Ready, twin: Twin) -> Outcome | None:
    """Pack, test and publish the files of a package that is in the channel in another packaging, None if damaged."""
    with work.phases.of(Phase.PACK):
        made = await repacking.repacked(work, ready, twin)
        if made is None:
            return None
        package, findings = made
        package = await stating.stated_anew(work, package, twin.file)
    outcome = Outcome(
        task_id=work.task.id,
        ending=Ending.BUILT,
        file_name=package.file_name,
        package=package,
        build_key=ready.build_key,
        environments=ready.environments,
        findings=findings,
        reasons=(*work.task.reasons, f"packed anew from {twin.file.name}, which has the same files"),
    )
    return await _finished(work, outcome, trying.package_epoch(package))


async def _stage(work: Work) -> Outcome:
    """Run a staging output's script and keep what it left for the packages that inherit it.

    Of one that is built twice both are kept: the packages' second builds take the second one, and show what came of it.
    """
    phases, store = work.phases, work.bench.store
    with phases.of(Phase.ENVIRONMENT):
        ready = await make_ready(work)
        refuse_unpublishable(work, ready)
        found = await in_thread(staged.load, store, ready.build_key)
    findings = tuple(finding for where, clashes in ready.clashes for finding in clashing(clashes, where))
    for finding in findings:
        work.bench.emit(Found(task_id=work.task.id, finding=finding))
    if found is None:
        refuse_missing(work, ready)
        findings += await _staged(work, ready)
    await twice.stage(work, ready, _staged)
    reasons = work.task.reasons if found is None else ("its build key is in the store",)
    return Outcome(
        task_id=work.task.id,
        ending=Ending.STAGED if found is None else Ending.REUSED,
        build_key=ready.build_key,
        environments=ready.environments,
        findings=findings,
        reasons=reasons,
    )


async def _staged(work: Work, ready: Ready) -> tuple[Finding, ...]:
    """Run the script and put what it left into the store; return what was found in its log."""
    phases = work.phases
    with phases.of(Phase.SOURCE):
        tree = await scripting.fetch_sources(work)
    with phases.of(Phase.SCRIPT):
        scripted = await scripting.run_build(work, tree, ready)
        if scripted.changes is not None:
            await in_thread(settle, tree.folder, scripted.changes)
        made = Staged(
            build_key=work.left_as(ready.build_key),
            environments=ready.environments,
            installed=scripted.installed,
            source=tree,
            owners=ready.around.owners,
            rendered=work.output.rendered,
            inside=work.inside,
            unpublishable=ready.unpublishable,
        )
        findings = await secrecy.require_silence(work)
        await staged.keep(work.bench.store, made)
    return findings
