"""Makes the work folder of a task: every source fetched, unpacked, filtered, merged in order, patched."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, nullcontext
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from builder.archive import Unpacked, is_archive
from builder.archive.oddity import ELSEWHERE
from builder.errors import SourceError
from builder.model.finding import Finding, Severity
from builder.model.frozen import frozen
from builder.model.inside import RECIPE_PLACE, SEALED, SOURCE_PLACE, InsidePaths
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.model.source import SourceTree
from builder.sandbox import Bind, Mount, Session
from builder.sandbox.confined import Confined, confine
from builder.source import folder
from builder.source.address import file_name, shown
from builder.source.digests import inside_only, located, source_digests
from builder.source.fetch import Fetcher
from builder.source.patches import Patch, apply_patch, read_patch, refuse_links, strip_level
from builder.store import Store, remove_tree

_AT_ONCE = 4
_TEXT = "patch"
_T = TypeVar("_T")

OpenSession = Callable[[Sequence[Mount]], AbstractAsyncContextManager[Session]]
"""Opens a sandbox session over the rootfs with these mounts."""


class CheckOut(Protocol):
    """Writes a commit's tree to a folder, by way of who unpacks."""

    def __call__(self, into: Path, *, unpacker: Confined) -> Unpacked: ...  # noqa: D102


@frozen
class WorkFolder:
    """The folder to fill: where it lies ``here`` and, with the recipe's, as sessions see it.

    ``case_blind`` says that the target's file systems take some names otherwise: such names are refused.
    """

    here: Path
    inside: InsidePaths = SEALED
    case_blind: bool = False


@frozen
class _Part:
    """One source on its way: ``file`` is where it lies (in the store, or beside the recipe), ``name`` its own name.

    ``stage`` is a private folder of its own, in which it is laid out before it is merged. Of a git repository
    ``check_out`` writes the tree there, and ``file`` is the repository. A patch that comes with a source is a path in
    the merged tree until then.
    """

    source: Source
    file: Path
    name: str
    stage: Path
    patches: tuple[Patch | PurePosixPath, ...]
    check_out: CheckOut | None = None


async def prepare(
    sources: Sequence[Source],
    *,
    recipe_folder: Path,
    into: WorkFolder,
    fetcher: Fetcher,
    patch_session: OpenSession,
) -> SourceTree:
    """Fill the work folder ``into`` (made when absent) with the patched tree of ``sources`` and say what went in.

    Sources are laid out side by side in threads and merged in their order; each one's patches are applied before the
    next one is merged; ``${{ SRC_DIR }}/NAME`` is a patch that is in the tree by then. ``patch_session`` is opened only
    when there is a patch, with the work folder at ``into.inside.work`` and the patch's text, read-only, below
    ``into.inside.script``.

    Raises `SourceError` for wrong sources, archives that break the member policy, two sources with the same file, and
    patches that do not apply; `MachineError` when something cannot be fetched.
    """
    digests = await asyncio.to_thread(source_digests, sources, recipe_folder)
    patches = [tuple(_patch(name, recipe_folder) for name in source.patches) for source in sources]
    if any(is_archive(file_name(source.urls[0])) for source in sources if isinstance(source, UrlSource)):
        confine(fetcher.store).begin()
    fetched = iter(await fetcher.fetch_all([source for source in sources if isinstance(source, UrlSource)]))
    room = await asyncio.to_thread(_stage_room, into.here)
    try:
        parts = []
        for number, (source, own) in enumerate(zip(sources, patches, strict=True)):
            part = partial(_Part, source=source, stage=room / str(number), patches=own)
            match source:
                case UrlSource():
                    parts.append(part(file=next(fetched), name=_name_of(source, file_name(source.urls[0]))))
                case PathSource():
                    place = located(source.path, recipe_folder)
                    parts.append(part(file=place, name=_name_of(source, place.name)))
                case GitSource():
                    repositories = fetcher.repositories
                    checkout = await repositories.fetch(source, recipe_folder)
                    check_out = partial(repositories.check_out, checkout, case_blind=into.case_blind)
                    parts.append(part(file=checkout.folder, name=checkout.name, check_out=check_out))
        laid_out = await _lay_out_all(parts, _Layer(fetcher.store, case_blind=into.case_blind))
        bench = _Bench(into=into.here, texts=room / "patches", inside=into.inside)
        await _merge_all(parts, bench, patch_session)
    finally:
        await asyncio.to_thread(remove_tree, room)
    newest = max((one.newest for one in laid_out if one.newest is not None), default=None)
    findings = tuple(finding for one in laid_out for finding in one.findings)
    return SourceTree(folder=into.here, digests=digests, newest=newest, findings=findings)


def _name_of(source: UrlSource | PathSource, otherwise: str) -> str:
    return source.file_name or source.archive_name or otherwise


def _stage_room(into: Path) -> Path:
    """Make ``into`` and, beside it on the same file system, a private folder for the stages."""
    into.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))


def _patch(name: str, recipe_folder: Path) -> Patch | PurePosixPath:
    if name.startswith(SOURCE_PLACE):
        return inside_only(name.removeprefix(SOURCE_PLACE).lstrip("/"), "the patch")
    place = located(name.removeprefix(RECIPE_PLACE), recipe_folder)
    return read_patch(place.relative_to(recipe_folder.resolve()).as_posix(), place)


@frozen
class _LaidOut:
    """What laying out one part told: the newest member time of its archive or its commit's, None when it has none."""

    newest: int | None = None
    findings: tuple[Finding, ...] = ()


async def _lay_out_all(parts: Sequence[_Part], layer: _Layer) -> list[_LaidOut]:
    """Lay out all parts, several at once; cancelled, it gives them up."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="unpack") as pool:
        jobs = [pool.submit(layer.lay_out, part) for part in parts]
        return await _to_the_end(jobs, give_up=layer.unpacker.abandon)


async def _to_the_end(jobs: Sequence[Future[_T]], *, give_up: Callable[[], None] = lambda: None) -> list[_T]:
    """Return the results of ``jobs``, or raise the first failure once all of them have ended.

    A thread cannot be stopped, and a future of asyncio forgets it when it is cancelled. So a cancelled call drops the
    jobs that wait and stays for those that run, which ``give_up`` may hurry: nobody writes behind the back of whoever
    cleans up.
    """
    try:
        return await asyncio.gather(*(asyncio.wrap_future(job) for job in jobs))
    except asyncio.CancelledError:
        give_up()
        raise
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.to_thread(wait, jobs)


class _Layer:
    """Fills the stages of parts; for several threads."""

    def __init__(self, store: Store, *, case_blind: bool) -> None:
        self.unpacker = confine(store)
        self._store = store
        self._case_blind = case_blind

    def lay_out(self, part: _Part) -> _LaidOut:
        """Fill the part's stage."""
        part.stage.mkdir()
        with self._held(part) as file:
            unpacked = self._fill(part, file)
        if part.source.filter and unpacked is not None:
            folder.keep_only(part.stage, part.source.filter)
        if part.source.filter and next(part.stage.iterdir(), None) is None:
            raise SourceError(f"the filter of {_label(part)} selects nothing", code="source.filter")
        if unpacked is None:
            return _LaidOut()
        return _LaidOut(newest=unpacked.newest, findings=tuple(_odd(part, unpacked)))

    def _held(self, part: _Part) -> AbstractContextManager[Path]:
        """Give the file of a part for a block; one of the store stays the one that was compared with its digest."""
        sha256 = part.source.known_sha256 if isinstance(part.source, UrlSource) else None
        return nullcontext(part.file) if sha256 is None else self._store.held(sha256)

    def _fill(self, part: _Part, file: Path) -> Unpacked | None:
        source = part.source
        if part.check_out is not None:
            return part.check_out(part.stage, unpacker=self.unpacker)
        if isinstance(source, PathSource) and part.file.is_dir():
            folder.copy(folder.items_of(source, part.file), part.stage)
        elif _name_given(source) is None and is_archive(part.name):
            strip = isinstance(source, GitSource) or not source.keeps_top_folder
            return self.unpacker.unpack(file, part.stage, name=part.name, strip=strip, case_blind=self._case_blind)
        else:
            executable = isinstance(source, PathSource) and os.access(part.file, os.X_OK)
            folder.copy_file(file, part.stage / part.name, executable=executable)
        return None


def _odd(part: _Part, unpacked: Unpacked) -> Iterator[Finding]:
    """Yield what is odd about an archive, at most one finding for each kind."""
    for oddity in unpacked.warnings:
        yield Finding(
            check=f"source-{oddity.kind}",
            severity=Severity.WARNING,
            message=f"{part.name}: {oddity.sentence}",
            remedy="ask its authors for another, or repack it" if oddity.kind in ELSEWHERE else None,
        )


@frozen
class _Bench:
    """Where the merged tree lies, here and as a session sees it; ``texts`` are what patch(1) sees of patches."""

    into: Path
    texts: Path
    inside: InsidePaths

    def mounts(self) -> tuple[Mount, ...]:
        return (
            Bind(source=self.into, inside=self.inside.work, writable=True),
            Bind(source=self.texts, inside=self.inside.script),
        )

    def patch(self, wanted: Patch | PurePosixPath, target: PurePosixPath) -> tuple[Patch, int]:
        """Return a patch and how many folders to strip; one of the sources is read now that it is there."""
        patch = wanted if isinstance(wanted, Patch) else self._from_sources(wanted)
        strip = strip_level(patch, self.into / target)
        refuse_links(patch, self.into / target, strip)
        self.texts.mkdir(exist_ok=True)
        (self.texts / _TEXT).write_bytes(patch.text)
        return patch, strip

    def _from_sources(self, wanted: PurePosixPath) -> Patch:
        place = (self.into / wanted).resolve()
        if not (place.is_file() and place.is_relative_to(self.into.resolve())):
            raise SourceError(
                f"there is no patch {str(wanted)!r} in the sources",
                code="source.absent",
                remedy="a patch that comes with a source can change that source and those after it",
            )
        return read_patch(str(wanted), place)


async def _merge_all(parts: Sequence[_Part], bench: _Bench, patch_session: OpenSession) -> None:
    async with AsyncExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="merge"))
        session: Session | None = None
        for part in parts:
            target = PurePosixPath(part.source.target_directory or ".")
            await _to_the_end([pool.submit(_merge_part, part, bench.into, target)])
            for wanted in part.patches:
                patch, strip = await asyncio.to_thread(bench.patch, wanted, target)
                if session is None:
                    session = await stack.enter_async_context(patch_session(bench.mounts()))
                text = bench.inside.script / _TEXT
                await apply_patch(session, patch, inside=text, cwd=bench.inside.work / target, strip=strip)


def _merge_part(part: _Part, into: Path, target: PurePosixPath) -> None:
    """Move the part's stage to its place; the way there may not lead through a link of an earlier source."""
    place = into
    for name in target.parts:
        place /= name
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise SourceError(
                f"target_directory {str(target)!r} of {_label(part)}: an earlier source has a file or a link there",
                code="source.conflict",
            )
        place.mkdir(exist_ok=True)
    twice = folder.merge(part.stage, place)
    if twice is not None:
        raise SourceError(
            f"{_label(part)} and a source before it both have {twice.relative_to(into).as_posix()}",
            code="source.conflict",
            remedy="give one of them a `target_directory`, or leave the file out with `filter`",
        )


def _label(part: _Part) -> str:
    match part.source:
        case PathSource(path=path):
            return path
        case UrlSource(urls=urls):
            return shown(urls[0])
        case GitSource():
            return part.name


def _name_given(source: Source) -> str | None:
    return None if isinstance(source, GitSource) else source.file_name
