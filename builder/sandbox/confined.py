"""Unpacks archives in processes behind walls: a fault in a decompressor reaches nothing but the folder that it fills.

A `Confined` starts one process of our own Python when it is first asked for something, in namespaces of its own, where
it sees Python's modules and one writable folder; see `builder.sandbox.unpacking` for what happens inside. What is
unpacked there is moved to its place here. Where the machine has no bubblewrap the walls are those that a process can
raise around itself, and that is told.
"""

from __future__ import annotations

import errno
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from builder.archive.passing import BROKEN_OFF
from builder.archive.policy import UnpackLimits
from builder.archive.unpack import Unpacked
from builder.errors import BakehouseError, MachineError, SourceError
from builder.sandbox.handed import File, Flow, Handed, Walk
from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.jailer import Jail, open_jail
from builder.sandbox.jobs import Job, Json, as_content, as_nothing, as_unpacked
from builder.store import Store, disk_errors, remove_tree

P = ParamSpec("P")
T = TypeVar("T")

_DEFAULT = UnpackLimits()
_LONGEST_ANSWER = 8 << 20


class Jails:
    """The process that serves everybody who works with one store, started when it is first needed."""

    def __init__(
        self,
        room: Callable[[], Path],
        *,
        strict: bool = False,
        tell: Callable[[str], None] = lambda _: None,
        limits: UnpackLimits = _DEFAULT,
        search_path: str = SEARCH_PATH,
    ) -> None:
        """Let it work in folders that ``room`` makes, ours alone and on the file system of what will be unpacked.

        ``strict`` refuses a machine on which the walls are not all there; otherwise ``tell`` hears of it once.
        ``limits`` are those of sources for which nobody names others; a package's are the same for everybody.
        """
        self.limits = limits
        self._room = room
        self._strict = strict
        self._tell = tell
        self._search_path = search_path
        self._guard = threading.Lock()
        self._jail: Jail | None = None
        self._told = False

    def begin(self) -> None:
        """Build the jail, if there is none, while whoever calls goes on; trouble shows when the jail is asked for."""
        if self._jail is not None or not self._guard.acquire(blocking=False):  # somebody builds it now, or ends it
            return
        try:
            threading.Thread(target=self._build_ahead, name="jail").start()
        except RuntimeError:  # no thread to be had
            self._guard.release()

    def _build_ahead(self) -> None:
        """Build what `begin` has taken the guard for."""
        try:
            with suppress(BakehouseError, OSError):
                self._built()
        finally:
            self._guard.release()

    def standing(self) -> Jail:
        """Return the jail, built if there is none; one that may serve a single job is built for each."""
        with self._guard:
            jail = self._built()
            if jail.alone:
                self._jail = None
            return jail

    def _built(self) -> Jail:
        if self._jail is None:
            self._jail = open_jail(self._room(), strict=self._strict, search_path=self._search_path)
            if self._jail.note and not self._told:
                self._tell(self._jail.note)
                self._told = True
        return self._jail

    def give_up(self, jail: Jail) -> None:
        """End a jail, so that the next job gets another."""
        with self._guard:
            jail.close()
            if self._jail is jail:
                self._jail = None

    def close(self) -> None:
        """End the processes; what they work on is given up. They can be started again."""
        with self._guard:
            if self._jail is not None:
                self._jail.close()
            self._jail = None


class Confined:
    """Unpacks as `builder.archive.unpack` does, behind walls; for any number of threads at once."""

    def __init__(self, jails: Jails) -> None:
        """Give the work to ``jails``, which others use too; what `abandon` gives up is this one's own."""
        self._jails = jails
        self.limits = jails.limits
        self._guard = threading.Lock()
        self._waiting: set[socket.socket] = set()
        self._abandoned = False

    def begin(self) -> None:
        """Start the process that unpacks, if there is none, while whoever calls fetches what it will be given."""
        self._jails.begin()

    def unpack(
        self,
        archive: Path,
        into: Path,
        *,
        strip: bool = True,
        limits: UnpackLimits | None = None,
        name: str | None = None,
        case_blind: bool = False,
    ) -> Unpacked:
        """Do what `builder.archive.unpack` does.

        Raises:
            SourceError: as there, and for an archive that makes the process fail.
            MachineError: as there, and where no process can be started.
        """
        _refuse_full(into)
        work = {"what": "unpack", "strip": strip, "case_blind": case_blind}
        with self._done(self._job(archive, name, limits, work), as_unpacked) as (unpacked, folder):
            _move(folder / "tree", into)
        return unpacked

    def extract(self, package: Path, into: Path, *, limits: UnpackLimits = _DEFAULT) -> None:
        """Do what `OpenPackage.extract` does with the package that this file is."""
        _refuse_full(into)
        with self._done(self._job(package, None, limits, {"what": "extract"}), as_nothing) as (_, folder):
            _move(folder / "tree", into)

    def lay_out(
        self, walk: Walk, into: Path, *, name: str, size: int, limits: UnpackLimits, case_blind: bool = False
    ) -> Unpacked:
        """Do what `builder.archive.lay_out` does with what ``walk`` gives, which comes from ``size`` bytes.

        Raises:
            BakehouseError: as there; what ``walk`` raises, unless a member before that was refused.
        """
        _refuse_full(into)
        flow = Flow(walk, size)
        job = Job(flow, name, limits, {"what": "lay out", "case_blind": case_blind})
        try:
            with self._done(job, as_unpacked) as (unpacked, folder):
                _move(folder / "tree", into)
        except SourceError as error:
            if flow.failed is not None and str(error).endswith(BROKEN_OFF):
                raise flow.failed from None
            raise
        return unpacked

    def read_single(
        self,
        archive: Path,
        wanted: str,
        *,
        most: int,
        name: str | None = None,
        strip: bool = True,
        limits: UnpackLimits | None = None,
    ) -> bytes | None:
        """Do what `builder.archive.single.read_single` does."""
        work = {"what": "single", "wanted": wanted, "most": most, "strip": strip}
        with self._done(self._job(archive, name, limits, work), as_content) as (content, _):
            return content

    def abandon(self) -> None:
        """End all jobs that are under way: they fail with a `MachineError`, as all later ones do."""
        with self._guard:
            self._abandoned = True
            for answer in self._waiting:
                with suppress(OSError):
                    answer.shutdown(socket.SHUT_WR)  # that kills it; its end shows as the end of what it answers

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work``, which uses this, in a thread; a cancelled caller abandons it, and goes on when it has ended."""
        import asyncio

        task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.abandon()
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
            if not task.cancelled():
                task.exception()
            raise

    def _job(self, archive: Path, name: str | None, limits: UnpackLimits | None, work: Json) -> Job:
        return Job(File(archive), name or archive.name, limits or self.limits, work)

    @contextmanager
    def _done(self, job: Job, read: Callable[[Json], T]) -> Iterator[tuple[T, Path]]:
        """Give what came of a job, as ``read`` reads it, and the folder that it wrote to, gone after the block."""
        import tempfile

        for last in (False, True):
            jail = self._jails.standing()
            folder = Path(tempfile.mkdtemp(prefix="job-", dir=jail.room))
            try:
                answer = self._ask(jail, job.message(folder), job.handed)
                if jail.alone or not answer:
                    self._jails.give_up(jail)
                if answer or last:
                    yield job.understood(answer, read), folder
                    return
            finally:
                remove_tree(folder)

    def _ask(self, jail: Jail, message: bytes, handed: Handed) -> bytes:
        """Send a job and return all that is answered; nothing when the process is gone, or says too much."""
        ours, theirs = socket.socketpair()
        said = bytearray()
        with ours, theirs, handed.opened() as given, self._wanted(ours):
            try:
                jail.send(message, given.theirs.fileno(), theirs.fileno())
                theirs.close()
                given.theirs.close()
                _feed(given.feed, ours)
                while piece := ours.recv(1 << 16):
                    said += piece
                    if len(said) > _LONGEST_ANSWER:
                        return b""
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EBADF}:
                    raise
        return bytes(said)

    @contextmanager
    def _wanted(self, answer: socket.socket) -> Iterator[None]:
        """Note that somebody waits for ``answer``, or raise the error of those who wait in vain."""
        with self._guard:
            if not self._abandoned:
                self._waiting.add(answer)
        try:
            if not self._abandoned:
                yield
        finally:
            with self._guard:
                self._waiting.discard(answer)
        if self._abandoned:
            raise MachineError("the archive is not unpacked: the work was given up", code="sandbox.abandoned")


def confine(
    store: Store,
    *,
    strict: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    limits: UnpackLimits = _DEFAULT,
) -> Confined:
    """Return what unpacks for somebody who works with ``store``.

    The process behind it is one for all, with what the first of them said, and ends with the store's session.
    """

    def make() -> Jails:
        return Jails(lambda: store.session_folder("unpacking"), strict=strict, tell=tell, limits=limits)

    return Confined(store.lasting(Jails, make))


def _feed(feed: Callable[[], None], answer: socket.socket) -> None:
    """Write what a job reads; where that fails the job is ended first, and its end seen."""
    try:
        feed()
    except BaseException:
        with suppress(OSError):
            answer.shutdown(socket.SHUT_WR)
            while answer.recv(1 << 16):
                pass
        raise


def _refuse_full(into: Path) -> None:
    if into.exists() and any(into.iterdir()):
        raise ValueError(f"{into} is not empty")


def _move(tree: Path, into: Path) -> None:
    """Move what was unpacked to its place; to another file system it is copied."""
    if tree.is_symlink() or not tree.is_dir():
        raise MachineError("what was unpacked is not there", code="sandbox.unpacking")
    with disk_errors(into.parent):
        into.parent.mkdir(parents=True, exist_ok=True)
        try:
            tree.rename(into)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copytree(tree, into, symlinks=True, dirs_exist_ok=True)
