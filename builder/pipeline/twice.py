"""Builds a task once more in other surroundings: a package is published only if no byte of it is another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.errors import CheckError, Place, WorkError
from builder.model.package import Package
from builder.pack.cause import Known, guess
from builder.pack.difference import Difference, first_difference
from builder.pipeline import staged
from builder.pipeline.ready import Ready
from builder.pipeline.staged import Staged
from builder.pipeline.work import Work
from builder.report.events import Event, Found
from builder.sandbox.confined import Confined, confine
from builder.sandbox.varied import Surroundings, Varied
from builder.store import remove_tree

_HEAD = 512
_WORDS = {"date": "the date", "processors": "the number of processors", "kernel": "the kernel's release"}


async def compare(
    work: Work, ready: Ready, package: Package, make: Callable[[Work, Ready], Awaitable[Package]]
) -> tuple[str, ...] | None:
    """Make ``package`` once more, if that was asked for, and return what was other then; None if it was not asked for.

    Raises `CheckError` if it comes out with other bytes, or not at all. Both packages stay in the task's folder.
    """
    around = work.bench.around
    if around is None:
        return None
    work.note("building it once more, in other surroundings")
    again, needed = await _second(work, ready, around)
    try:
        other = await make(again, needed)
    except WorkError as error:
        raise _failed(work, around, error) from error
    if other.sha256 != package.sha256:
        unpacker = confine(work.bench.store)
        raise await unpacker.in_thread(_differing, work, again, (package.path, other.path), unpacker)
    await in_thread(remove_tree, again.scratch)
    return around.variations


async def stage(work: Work, ready: Ready, make: Callable[[Work, Ready], Awaitable[object]]) -> None:
    """Run a staging output's script once more, if that was asked for and the store has not what it leaves then."""
    around = work.bench.around
    if around is None:
        return
    again, needed = await _second(work, ready, around)
    if await in_thread(staged.load, work.bench.store, again.left_as(ready.build_key)) is not None:
        return
    try:
        await make(again, needed)
    except WorkError as error:
        raise _failed(work, around, error) from error


async def _second(work: Work, ready: Ready, around: Surroundings) -> tuple[Work, Ready]:
    """Return the task once more, with a folder of its own, and what it needs: the same environments and sources.

    What it takes from another task is what that one's second build left, so that a whole recipe is built twice.
    """
    await asyncio.sleep(around.apart)
    again = await in_thread(_again, work, around)
    parent = await in_thread(_left, ready.parent, again)
    before = await in_thread(_left, ready.before, again)
    return again, replace(ready, parent=parent, before=before)


def _again(work: Work, around: Surroundings) -> Work:
    """Return the task's second build: findings were told, and logs of their own are kept."""
    first = work.bench
    logs = first.logs / "again"
    logs.mkdir(parents=True, exist_ok=True)

    def emit(event: Event) -> None:
        if not isinstance(event, Found):
            first.emit(event)

    sandbox = Varied(sandbox=first.sandbox, surroundings=around)
    bench = replace(first, sandbox=sandbox, cores=other_cores(first.cores), logs=logs, emit=emit)
    return replace(work, bench=bench, scratch=work.folder("again"), again=True)


def other_cores(cores: int) -> int:
    """Return of how many processors the second build is told."""
    return cores - 1 if cores > 1 else 2


def _left(first: Staged | None, work: Work) -> Staged | None:
    """Return what a task's second build left, or what its first one did where it was not built twice."""
    if first is None:
        return None
    return staged.load(work.bench.store, work.left_as(first.build_key)) or first


def _failed(work: Work, around: Surroundings, error: WorkError) -> CheckError:
    problem = error.problems[0]
    varied = _listed([_WORDS[one] for one in around.variations])
    return CheckError(
        f"{work.rendering.stem} can be built, but not once more in other surroundings ({varied}): {problem.message}",
        code="reproducible.failed",
        place=problem.place,
        remedy=f"have it not depend on them; the log of that build is {work.bench.logs / 'again' / work.log.name}",
    )


def _differing(work: Work, again: Work, packages: tuple[Path, Path], unpacker: Confined) -> CheckError:
    scratch = work.folder("compared")
    found = first_difference(*packages, scratch, unpacker.extract)
    cause = guess(found, _head(scratch, found), Known(processors=(work.bench.cores, again.bench.cores)))
    remove_tree(scratch)
    around = again.bench.around
    assert around is not None
    sides = f"\n  │ first  {found.one}\n  │ second {found.other}" if found.one or found.other else ""
    varied = _listed([_WORDS[one] for one in around.variations])
    store, task = work.bench.store, work.task.id
    kept = store.failed_place(task)
    places = f"both packages are kept: {' and '.join(str(kept / one.relative_to(work.scratch)) for one in packages)}"
    if store.is_locked(store.failed_lock(task)):
        places = "neither is kept, since somebody debugs the failure before"
    return CheckError(
        f"it came out with other bytes when it was built once more, in other surroundings ({varied}); the first "
        f"difference is {found.place}, and looks like {cause.what}{sides}",
        code="reproducible.differs",
        place=Place(file=f"{packages[0].name}: {found.path}", line=found.line) if found.path else None,
        remedy=f"{cause.remedy}; {places}",
    )


def _head(scratch: Path, found: Difference) -> bytes:
    file = scratch / "one" / found.path
    if not found.path or file.is_symlink() or not file.is_file():
        return b""
    with file.open("rb") as opened:
        return opened.read(_HEAD)


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
