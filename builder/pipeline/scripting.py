"""The source and script phases: a patched tree, and what the recipe's script makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

from builder.model.payload import Entry, Installed
from builder.model.source import SourceTree
from builder.pipeline.ready import Ready
from builder.pipeline.work import Work
from builder.sandbox import Bind, Mount, Overlay, Session, Tmpfs
from builder.script import ActivatedPrefix, Log, Run, Stage, build_variables, collect, run_script
from builder.source import prepare

_CHANGES = "work-changes"
NO_SOURCE_EPOCH = 946684800
"""The time of packages that are made of nothing dated: 1 January 2000."""


async def fetch_sources(work: Work) -> SourceTree:
    """Fetch, verify, unpack and patch the task's sources into its work folder."""

    def patch_session(mounts: Sequence[Mount]) -> AbstractAsyncContextManager[Session]:
        bench, variables = work.bench, {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        return bench.sandbox.open(bench.root.folder, mounts, bench.limits, variables)

    return await prepare(
        work.output.source,
        recipe_folder=work.rendering.recipe.folder,
        into=work.folder("work"),
        fetcher=work.bench.fetcher,
        patch_session=patch_session,
        inside=work.inside,
    )


def epoch_of(work: Work, tree: SourceTree, ready: Ready) -> int:
    """Return the package's time: what the user gave, else the newest time in the sources, else a constant."""
    inherited = ready.parent.source.newest if ready.parent else None
    dated = [time for time in (tree.newest, inherited) if time is not None]
    if work.bench.epoch is not None:
        return work.bench.epoch
    return max(dated, default=NO_SOURCE_EPOCH)


def work_layers(work: Work, tree: SourceTree, ready: Ready) -> tuple[Path, ...]:
    """Return the folders that make up the work folder after the script, the uppermost first."""
    changes = work.scratch / _CHANGES
    above = (changes,) if changes.is_dir() else ()
    return (*above, tree.folder, *((ready.parent.source.folder,) if ready.parent else ()))


async def run_build(work: Work, tree: SourceTree, ready: Ready) -> Installed:
    """Run the task's script, if it has one, and return what then lies in the host prefix for its package."""
    inherited = ready.parent.installed if ready.parent else Installed(folder=work.folder("nothing"), entries=())
    script = work.script
    if script is None:
        return inherited
    host = Overlay(lower=ready.host_layers, upper=work.scratch / "host", inside=work.inside.prefix)
    mounts = _mounts(work, tree, ready, host)
    stage = Stage(inside=work.inside, epoch=epoch_of(work, tree, ready), cores=work.bench.cores)
    variables = build_variables(work.rendering, stage, has_python=_has_python(ready))
    variables.update(work.bench.secrets_of(script))
    log = Log(work.bench.logs / f"{work.rendering.stem}.log", on_line=work.say, secrets=work.bench.secrets.values())
    run = Run(
        script=script,
        folder=work.folder("script"),
        inside=work.inside.script,
        cwd=work.inside.work,
        prefixes=[
            ActivatedPrefix(inside=work.inside.prefix, folder=ready.host.folder),
            ActivatedPrefix(inside=work.inside.build_prefix, folder=ready.build.folder),
        ],
    )
    async with work.bench.sandbox.open(work.bench.root.folder, mounts, work.bench.limits, variables) as session:
        ran = await run_script(session, run, log)
    if not ran.good:
        kept = work.bench.store.failed_place(work.task.id)
        raise ran.error(remedy=f"the whole log is {ran.log}; the tree as the script left it is {kept}")
    changes = await asyncio.to_thread(work.bench.sandbox.changes, host)
    return _together(inherited, collect(changes, log=ran.log))


def _mounts(work: Work, tree: SourceTree, ready: Ready, host: Overlay) -> list[Mount]:
    inside = work.inside
    source: Mount = Bind(source=tree.folder, inside=inside.work, writable=True)
    if ready.parent is not None:
        layers = work_layers(work, tree, ready)
        source = Overlay(lower=layers, upper=work.scratch / _CHANGES, inside=inside.work)
    return [
        host,
        Overlay(lower=(ready.build.folder,), upper=work.scratch / "build", inside=inside.build_prefix),
        source,
        Bind(source=work.rendering.recipe.folder, inside=inside.recipe),
        Bind(source=work.folder("script"), inside=inside.script),
        Tmpfs(inside=inside.home),
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
    )


def _has_python(ready: Ready) -> bool:
    return any(package.name == "python" for package in ready.host.environment.packages)
