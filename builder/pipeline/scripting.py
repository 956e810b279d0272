"""The source and script phases: a patched tree, and what the recipe's script makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.model.frozen import frozen
from builder.model.payload import Entry, Installed
from builder.model.python import python_in
from builder.model.recipe import Script
from builder.model.source import SourceTree
from builder.model.target import target
from builder.pipeline import keeping
from builder.pipeline.ready import Ready
from builder.pipeline.work import Work
from builder.sandbox import Bind, Changes, Mount, Overlay, Session, Tmpfs
from builder.sandbox.allowance import lent
from builder.script import (
    ActivatedPrefix,
    Log,
    Ran,
    Run,
    Stage,
    build_variables,
    collect,
    path_names,
    read_listing,
    run_script,
)
from builder.script.advice import Lent, advice
from builder.script.variables import language_variables
from builder.source import WorkFolder, prepare

NO_SOURCE_EPOCH = 946684800
"""The time of packages that are made of nothing dated: 1 January 2000."""


async def fetch_sources(work: Work) -> SourceTree:
    """Fetch, verify, unpack and patch the task's sources into its work folder."""

    def patch_session(mounts: Sequence[Mount]) -> AbstractAsyncContextManager[Session]:
        bench, variables = work.bench, {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        return bench.sandbox.open(bench.root.folder, mounts, work.allowance.limits, variables)

    goes_on = work.rendering.follows is not None
    tree = await prepare(
        work.output.source,
        recipe_folder=work.rendering.recipe.folder,
        into=WorkFolder(
            here=work.folder("sources" if goes_on else "tree"),
            inside=work.inside,
            case_blind=not target(work.rendering.platforms.host).is_linux,
        ),
        fetcher=work.bench.fetcher,
        patch_session=patch_session,
    )
    # The one before has unpacked them already, and changed them since: they only tell what the package is made of.
    return replace(tree, folder=work.folder("tree")) if goes_on else tree


def epoch_of(work: Work, tree: SourceTree, ready: Ready) -> int:
    """Return the package's time: what the user gave, else the newest time in the sources, else a constant."""
    dated = [time for time in (tree.newest, ready.newest_source) if time is not None]
    if work.bench.epoch is not None:
        return work.bench.epoch
    return max(dated, default=NO_SOURCE_EPOCH)


@frozen
class Scripted:
    """What a script left: ``installed`` for the package, ``work`` the work folder's layers, the uppermost first.

    ``peak_memory`` is the most memory, in bytes, that it was seen to use, as far as anybody looked.
    """

    installed: Installed
    work: tuple[Path, ...]
    changes: Changes | None = None
    peak_memory: int | None = None


async def run_build(work: Work, tree: SourceTree, ready: Ready) -> Scripted:
    """Run the task's script, if it has one, and return what it left in the host prefix and in the work folder."""
    inherited = ready.parent.installed if ready.parent else Installed(folder=work.folder("nothing"), entries=())
    layers = ready.work_layers(tree.folder)
    script, inherit = work.script, work.output.inherit
    packed = inherit is None or inherit.packed
    if script is None:
        return Scripted(installed=inherited if packed else replace(inherited, entries=()), work=layers)
    bench, made = work.bench, entrance(work, tree, ready, script)
    await in_thread(keeping.noted, work, tree, script, made.mounts, made.run.variables)
    async with _opened(work, made) as session:
        ran = await run_script(session, made.run, _log(work))
    if not ran.good:
        raise ran.error(remedy=_remedy(work, ran))
    changes = await in_thread(bench.sandbox.changes, made.source)
    left = collect(await in_thread(bench.sandbox.changes, made.host), log=ran.log)
    listing = (await in_thread(bench.sandbox.changes, made.listing)).folder
    listed = await in_thread(read_listing, listing, work.inside.prefix)
    left = replace(left, listed=listed, undeclared=ran.exit.undeclared)
    installed = _together(inherited, left) if packed else _added(inherited, left)
    work_layers, peak = (changes.folder, *layers), ran.exit.peak_memory
    return Scripted(installed=installed, work=work_layers, changes=changes, peak_memory=peak)


def _opened(work: Work, made: Entrance) -> AbstractAsyncContextManager[Session]:
    bench, allowance = work.bench, work.allowance
    network = allowance.allowed.build.network
    return bench.sandbox.open(bench.root.folder, made.mounts, allowance.limits, made.run.variables, network=network)


@frozen
class Entrance:
    """What the task's script runs in, or people who enter its place; the overlays get what they write."""

    run: Run
    mounts: tuple[Mount, ...]
    host: Overlay
    source: Overlay
    listing: Overlay


def entrance(work: Work, tree: SourceTree, ready: Ready, script: Script) -> Entrance:
    """Return how ``script`` runs: in which mounts, with which variables."""
    bench, inside = work.bench, work.inside
    layers = ready.work_layers(tree.folder)
    host = Overlay(lower=ready.host_layers, upper=work.scratch / "host", inside=inside.prefix)
    source = Overlay(lower=layers, upper=work.scratch / "work-changes", inside=inside.work)
    # An overlay of nothing: a writable bind would show the machine's path of its folder to the script.
    listing = Overlay(lower=(), upper=work.scratch / "listing", inside=inside.listing)
    stage = Stage(inside=inside, epoch=epoch_of(work, tree, ready), cores=bench.cores)
    python = python_in(ready.host.environment, target(work.rendering.platforms.host))
    variables = build_variables(work.rendering, stage, python=python)
    packages = {package.name for package in ready.host.environment.packages}
    variables.update(language_variables(inside.prefix, packages))
    variables.update(bench.secrets_of(script))
    run = _run(work, ready, script, variables)
    mounts = (host, source, *_mounts(work, ready), listing)
    return Entrance(run=run, mounts=mounts, host=host, source=source, listing=listing)


def _remedy(work: Work, ran: Ran) -> str:
    """Return what to do about a script that failed; the state of another failure may be in use just now."""
    store, task, allowance = work.bench.store, work.task, work.allowance
    network = allowance.allowed.build.network or not work.bench.sandbox.sealed
    lent = Lent(name=work.rendering.recipe.called, limits=allowance.limits, network=network)
    advised = advice(ran.exit, ran.tail, lent)
    first = f"{advised}; " if advised is not None else ""
    if store.is_locked(store.failed_lock(task.id)):
        return f"{first}the whole log is {ran.log}; the tree is not kept, since somebody debugs the one before"
    return (
        f"{first}`{work.entrance}` enters it as the script left it; the whole log is {ran.log}, "
        f"the tree {store.failed_place(task.id)}"
    )


def _run(work: Work, ready: Ready, script: Script, variables: Mapping[str, str]) -> Run:
    inside = work.inside
    return Run(
        script=script,
        folder=work.folder("run"),
        inside=inside.script,
        cwd=inside.work,
        prefixes=_prefixes(work, ready),
        variables=variables,
    )


def _prefixes(work: Work, ready: Ready) -> list[ActivatedPrefix]:
    """Return what is activated; where build and host are one environment, that."""
    host = ActivatedPrefix(inside=work.inside.prefix, folder=ready.host.folder)
    build = ActivatedPrefix(inside=work.inside.build_prefix, folder=ready.build.folder)
    return [host] if work.output.build.merge_build_and_host_envs else [host, build]


def _log(work: Work) -> Log:
    return Log(work.log, on_line=work.say, secrets=work.bench.secrets.values(), names=path_names(work.inside))


def _mounts(work: Work, ready: Ready) -> list[Mount]:
    """Return the mounts that nobody looks into afterwards."""
    inside = work.inside
    return [
        Overlay(lower=(ready.build.folder,), upper=work.scratch / "build", inside=inside.build_prefix),
        Bind(source=work.rendering.recipe.folder, inside=inside.recipe),
        Bind(source=work.folder("run"), inside=inside.script),
        Tmpfs(inside=inside.home),
        *lent(work.allowance.allowed.build, work.bench.sandbox),
    ]


def _together(inherited: Installed, own: Installed) -> Installed:
    """Return what was inherited with what the output's own script changed about it."""
    entries: dict[str, Entry] = {entry.path: entry for entry in inherited.entries}
    theirs = set(entries)
    entries.update((entry.path, entry) for entry in own.entries)
    for path in own.deleted:
        entries.pop(path, None)
    return replace(
        own,
        entries=tuple(entries[path] for path in sorted(entries)),
        changed=tuple(sorted({*inherited.changed, *own.changed} - theirs)),
        deleted=tuple(sorted({*inherited.deleted, *own.deleted} - theirs)),
        irregular=(*inherited.irregular, *own.irregular),
        undeclared=tuple(sorted({*inherited.undeclared, *own.undeclared})),
    )


def _added(inherited: Installed, own: Installed) -> Installed:
    """Return what the output's own script added to what was inherited (conda-build's rule): not what it changed."""
    theirs = {entry.path for entry in inherited.entries}
    return replace(
        own,
        entries=tuple(entry for entry in own.entries if entry.path not in theirs),
        changed=tuple(sorted({*own.changed} - theirs)),
        deleted=tuple(sorted({*own.deleted} - theirs)),
    )
