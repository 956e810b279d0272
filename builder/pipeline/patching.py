"""Makes a patch of what was changed in a kept state's work folder, against what that was before its script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path, PurePosixPath

from builder.environment.wall import in_thread
from builder.errors import Problem, UsageError
from builder.model.frozen import frozen
from builder.model.globs import Globs
from builder.model.inside import SEALED, inside_paths
from builder.model.payload import EntryKind
from builder.model.recipe import GlobList, Source
from builder.pipeline.entering import Door, in_use
from builder.pipeline.keeping import origin
from builder.pipeline.kept import Kept
from builder.sandbox import Bind, Changes, Limits, Mount, Overlay, Session
from builder.sandbox.changes import changes_of_copy
from builder.source import Fetcher, WorkFolder, prepare
from builder.source.difference import Change, unified_diff, unpatchable
from builder.store import Store

_VARIABLES = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


@frozen
class Wish:
    """What the patch shall hold: also what matches ``add``, nothing that matches ``exclude``."""

    add: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@frozen
class Patched:
    """A patch: ``text``, its files with what became of them, and which of ``sources`` (from 0) it is for.

    ``left_out`` are paths that only the build changed or made. ``staging`` says that its files are a staging output's.
    """

    text: bytes
    files: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    source: int | None
    sources: tuple[Source, ...]


@frozen
class _Trees:
    """What there was before, layers with the uppermost first, and what became of it."""

    before: tuple[Path, ...]
    changes: Changes


async def make_patch(state: Kept, door: Door, fetcher: Fetcher, wish: Wish) -> Patched:
    """Return the patch; the state is not touched.

    Raises `UsageError` when nothing was changed, when a change cannot be said in a patch, when files of several sources
    were changed, and when the sources are no longer what they were.
    """
    with in_use(state, door.store):
        async with door.store.scratch_async("patch") as scratch, _trees(state, door, fetcher, scratch) as trees:
            chosen, left_out = await in_thread(_chosen, state, trees, wish)
            _require(chosen, left_out)
            number, target = _source_of([change.path for change in chosen], state.origin.sources)
            relative = [
                Change(path=str(PurePosixPath(one.path).relative_to(target)), old=one.old, new=one.new)
                for one in chosen
            ]
            text = await _diff(relative, door, scratch)
    return Patched(
        text=text,
        files=tuple((change.path, change.what) for change in chosen),
        left_out=tuple(left_out),
        source=number,
        sources=state.origin.sources,
    )


@asynccontextmanager
async def _trees(state: Kept, door: Door, fetcher: Fetcher, scratch: Path) -> AsyncIterator[_Trees]:
    """Give the trees: a plain work folder has lost what it was, so that is made again; layers still have it."""
    mount = state.mount(state.start)
    match mount:
        case Overlay(lower=lower) if state.kind == "build":
            yield _Trees(before=lower, changes=await in_thread(door.sandbox.changes, mount))
        case Bind(source=source) if state.kind == "build":
            place = door.store.failed_place(state.task_id) / source.relative_to(_base(state, door.store))
            before = await _fresh_tree(state, door, fetcher, scratch)
            yield _Trees(before=(before,), changes=await in_thread(changes_of_copy, place, (before,)))
        case _:
            raise UsageError(
                f"{state.name} is the test of a package, which is built of no source", code="debug.no-source"
            )


def _base(state: Kept, store: Store) -> Path:
    return state.scratch if state.isolation == "none" else store.failed_place(state.task_id)


async def _fresh_tree(state: Kept, door: Door, fetcher: Fetcher, scratch: Path) -> Path:
    """Return the tree as it was before the script, made again of the same sources and patches."""
    sources, folder = state.origin.sources, state.recipe_folder
    inside = SEALED if door.sandbox.sealed else inside_paths(PurePosixPath(scratch))
    into = WorkFolder(here=scratch / "tree", inside=inside)

    def patch_session(mounts: Sequence[Mount]) -> AbstractAsyncContextManager[Session]:
        return door.sandbox.open(door.rootfs, mounts, state.limits, _VARIABLES)

    tree = await prepare(sources, recipe_folder=folder, into=into, fetcher=fetcher, patch_session=patch_session)
    now = await in_thread(origin, sources, folder, tree)
    if now != state.origin:
        changed = [old.url for old, new in zip(state.origin.digests, now.digests, strict=True) if old != new]
        changed += [old[0] for old, new in zip(state.origin.patches, now.patches, strict=True) if old != new]
        raise UsageError(
            f"what {state.name} was made of has changed since: {', '.join(changed)}",
            code="debug.sources-changed",
            remedy="build again, or prepare it anew with --fresh, and change that",
        )
    return into.here


def _chosen(state: Kept, trees: _Trees, wish: Wish) -> tuple[list[Change], list[str]]:
    """Return the changes that belong to the patch, and the paths of those that do not: only the build made them."""
    add, exclude = _matcher(wish.add), _matcher(wish.exclude)
    by_build = {(one.path, one.mtime, one.size) for one in state.touched}
    changes = trees.changes
    chosen: list[Change] = []
    left_out: list[str] = []
    for entry in (*changes.new, *changes.changed):
        new = entry.content or changes.folder / entry.path
        status = new.lstat()
        known = any(entry is one for one in changes.changed)
        generated = not known or (entry.path, status.st_mtime_ns, status.st_size) in by_build
        if exclude(entry.path) or entry.kind is EntryKind.DIRECTORY or (generated and not add(entry.path)):
            left_out += [] if exclude(entry.path) or entry.kind is EntryKind.DIRECTORY else [entry.path]
            continue
        chosen.append(Change(path=entry.path, old=_below(trees.before, entry.path) if known else None, new=new))
    for path in changes.deleted:
        if exclude(path):
            continue
        if path in state.removed and not add(path):
            left_out.append(path)
        else:
            chosen.append(Change(path=path, old=_below(trees.before, path), new=None))
    return chosen, sorted(left_out)


def _matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells whether a path matches any of ``patterns``; raises `UsageError` for one that cannot be read."""
    include = tuple(patterns)
    if not include:
        return lambda _: False
    try:
        return Globs(GlobList(include=include)).matches
    except ValueError as error:
        raise UsageError(str(error), code="debug.glob") from error


def _below(layers: Sequence[Path], path: str) -> Path:
    """Return where a path that was there before lies."""
    return next(layer / path for layer in layers if (layer / path).exists() or (layer / path).is_symlink())


def _require(chosen: Sequence[Change], left_out: Sequence[str]) -> None:
    if not chosen:
        remedy = "change a file of the sources first"
        if left_out:
            remedy = f"--add GLOB takes in what only the build made or changed, {left_out[0]} for example"
        raise UsageError(
            "no file that was there before the script has been changed", code="debug.unchanged", remedy=remedy
        )
    problems = [
        Problem(
            code="debug.unpatchable",
            message=f"no patch can say what became of {change.path!r}: {reason}",
            remedy="leave it out with --exclude, and have the recipe's script do it",
        )
        for change in chosen
        if (reason := unpatchable(change)) is not None
    ]
    if problems:
        raise UsageError.of(problems)


def _source_of(paths: Sequence[str], sources: Sequence[Source]) -> tuple[int | None, PurePosixPath]:
    """Return the source whose patches can change all ``paths``, and the folder that their names start at.

    A patch is applied after its source was laid out and before the next one is, in that source's folder.
    """
    targets = [PurePosixPath(source.target_directory or ".") for source in sources]
    if not targets:
        return None, PurePosixPath()
    owners = [_owner(PurePosixPath(path), targets) for path in paths]
    for number in range(max(owners), len(targets)):
        if all(PurePosixPath(path).is_relative_to(targets[number]) for path in paths):
            return number, targets[number]
    groups = ", ".join(f"{path} (source {owner + 1})" for path, owner in zip(paths, owners, strict=True))
    raise UsageError(
        f"files of several sources were changed, which need a patch each: {groups}",
        code="debug.several-sources",
        remedy="leave the files of all but one out with --exclude, then make the next patch",
    )


def _owner(path: PurePosixPath, targets: Sequence[PurePosixPath]) -> int:
    """Return which source a path is of: the last one among those that are laid out deepest above it."""
    depths = [len(target.parts) if path.is_relative_to(target) else -1 for target in targets]
    return max(range(len(targets)), key=lambda number: (depths[number], number))


async def _diff(changes: Sequence[Change], door: Door, scratch: Path) -> bytes:
    folder = scratch / "difference"
    folder.mkdir()
    inside = SEALED.work if door.sandbox.sealed else PurePosixPath(folder)
    mounts = [Bind(source=folder, inside=inside, writable=True)]
    async with door.sandbox.open(door.rootfs, mounts, Limits(), _VARIABLES) as session:
        return await unified_diff(changes, session, folder, inside)
