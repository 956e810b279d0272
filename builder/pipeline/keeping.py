"""Keeps a task's state for `bakehouse debug`: noted before the script runs, made to last when it has failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.errors import BakehouseError
from builder.model.inside import RECIPE_PLACE, SOURCE_PLACE
from builder.model.payload import Entry
from builder.model.recipe import Script, Source
from builder.model.source import SourceTree
from builder.pipeline import kept
from builder.pipeline.kept import Kept, Origin, Touched
from builder.pipeline.work import Work
from builder.sandbox import Bind, Changes, Mount, Overlay, Sandbox
from builder.sandbox.folding import fold
from builder.store import Store, digest_file, remove_tree

_WORK = "work"
_STARS = b"********"


def noted(work: Work, tree: SourceTree, script: Script, mounts: Sequence[Mount], variables: Mapping[str, str]) -> Kept:
    """Write down, beside the task's tree, what its script is about to run with; secrets are only named."""
    rendering = work.rendering
    state = Kept(
        task_id=work.task.id,
        kind="build",
        name=rendering.stem,
        said="",
        given=rendering.recipe.path.absolute(),
        recipe_folder=rendering.recipe.folder.absolute(),
        own_key=kept.own_key(work.task),
        isolation=work.bench.sandbox.name,
        rootfs=work.bench.root.digest,
        scratch=work.scratch,
        mounts=tuple(mounts),
        variables=tuple((name, value) for name, value in variables.items() if name not in script.secrets),
        secrets=script.secrets,
        limits=work.allowance.limits,
        network=work.allowance.allowed.build.network,
        engine=work.bench.engines.address(work.bench.sandbox.name),
        image=work.bench.engines.image,
        script=work.inside.script,
        log=work.log,
        origin=origin(work.output.source, rendering.recipe.folder, tree),
    )
    kept.write(state, work.scratch, work.bench.store)
    return state


def origin(sources: Sequence[Source], recipe_folder: Path, tree: SourceTree) -> Origin:
    """Return what ``tree`` was made of, with what its patch files were; those in sources are known with them."""
    names = dict.fromkeys(name for source in sources for name in source.patches if not name.startswith(SOURCE_PLACE))
    patches = tuple((name, digest_file(recipe_folder / name.removeprefix(RECIPE_PLACE)).sha256) for name in names)
    return Origin(sources=tuple(sources), digests=tree.digests, patches=patches)


async def keep(work: Work, error: BakehouseError) -> None:
    """Make the state of a task that failed with ``error`` last; where that fails too, the first error matters more."""
    bench, said = work.bench, error.problems[0].message.partition("\n")[0].removesuffix("; its last lines:")
    try:
        await in_thread(made_to_last, work.scratch, bench.sandbox, bench.store, said, bench.secrets)
    except (BakehouseError, OSError) as trouble:
        (work.scratch / kept.FILE).unlink(missing_ok=True)
        work.note(f"what its script left cannot be entered: {trouble}")


async def keep_good(work: Work) -> None:
    """Keep the tree of a task that went well, as the user asks, and tell where; one that was reused has none."""
    if not kept.there(work.scratch):
        return
    bench = work.bench
    try:
        await in_thread(made_to_last, work.scratch, bench.sandbox, bench.store, "", bench.secrets)
        place = await in_thread(bench.store.keep_failed, work.task.id, work.scratch, most=None)
    except (BakehouseError, OSError) as trouble:
        work.note(f"its build folder cannot be kept: {trouble}")
    else:
        work.note(f"its build folder is kept: {place} (`{work.entrance}` enters it)")


def made_to_last(scratch: Path, sandbox: Sandbox, store: Store, said: str, secrets: Mapping[str, str]) -> None:
    """Make the state in ``scratch`` one that can be entered again and again, if there is one: nothing was run else.

    The work folder becomes a plain one, so that every editor of the machine finds all of it; over the files of a
    staging output it stays layers. ``said`` is how the task failed.
    """
    if not kept.there(scratch):
        return
    state = replace(kept.read(scratch, store), said=said)
    work = state.mount(state.start)
    if isinstance(work, Overlay):
        changes = sandbox.changes(work) if _was_used(sandbox, work) else Changes(folder=work.upper)
        touched = tuple(sorted(_touched(changes), key=lambda one: one.path))
        state = replace(state, touched=touched, removed=changes.deleted)
        if len(work.lower) == 1:
            place = _plain(scratch, sandbox, work)
            plain = Bind(source=place, inside=work.inside, writable=True)
            state = replace(state, mounts=tuple(plain if mount is work else mount for mount in state.mounts))
    _mask(scratch / "run", [secrets[name] for name in state.secrets if secrets.get(name)])
    kept.write(state, scratch, store)


def forget(store: Store, task_id: str) -> None:
    """Remove what was kept of a failure, which is mended now; what was only prepared is somebody's own and stays."""
    place = store.failed_place(task_id)
    if not kept.there(place) or kept.said(place):
        store.forget_failed(task_id)


def _was_used(sandbox: Sandbox, work: Overlay) -> bool:
    """Whether a command has seen the mount: else there is nothing yet that could have changed."""
    return work.upper.is_dir() if sandbox.sealed else Path(work.inside).is_dir()


def _touched(changes: Changes) -> Iterator[Touched]:
    """Yield the files that are other than before; entries without content have neither size nor time worth a word."""
    for entry in changes.changed:
        status = _where(changes, entry).lstat()
        yield Touched(path=entry.path, mtime=status.st_mtime_ns, size=status.st_size)


def _where(changes: Changes, entry: Entry) -> Path:
    return entry.content or changes.folder / entry.path


def _plain(scratch: Path, sandbox: Sandbox, work: Overlay) -> Path:
    """Move the work folder, as its commands saw it, to ``scratch/work``; return that."""
    place, (tree,), used = scratch / _WORK, work.lower, _was_used(sandbox, work)
    if sandbox.capabilities().overlay:
        if used:
            fold(work.upper, tree)
        tree.rename(place)
    elif not used:
        tree.rename(place)
    else:
        remove_tree(tree)
        if sandbox.sealed:
            work.upper.rename(place)
    return place


def _mask(folder: Path, secrets: Sequence[str]) -> None:
    """Put stars in the place of secrets that a script's file was filled with."""
    for file in folder.iterdir() if folder.is_dir() else ():
        before = after = file.read_bytes()
        for secret in secrets:
            after = after.replace(secret.encode("utf-8", "surrogateescape"), _STARS)
        if after != before:
            file.write_bytes(after)
