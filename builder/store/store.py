"""The store: files by sha256, folders by kind and key, each made exactly once by whoever comes first."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.store import cleaning, locks
from builder.store.digest import Digester
from builder.store.removal import remove_tree
from builder.store.session import Session
from builder.store.writing import disk_errors, sync_folder, sync_tree

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")
_FILES = "files"
_FAILED_KEPT = 5


@frozen
class StoredFile:
    """A complete, read-only file of the store; digests in lower-case hexadecimal, ``size`` in bytes."""

    path: Path
    sha256: str
    md5: str
    size: int


@frozen
class Making:
    """What `Store.making` gives: a ``ready`` folder is finished and immutable; another is fresh, empty, yours."""

    path: Path
    ready: bool


def default_root() -> Path:
    """Return where the user's store lies when nobody says otherwise (below the XDG cache folder on Linux)."""
    from platformdirs import user_cache_path

    return user_cache_path("bakehouse") / "store"


class Store:
    """A cache in one folder that any number of processes, threads and coroutines may use at once.

    Whatever `file` or `folder` finds is complete, and stays while this store's session lives. What a killed process
    leaves lies in its session's folder and is removed when the next session begins, or by `gc`.
    """

    def __init__(self, root: Path) -> None:
        """Use the folder ``root``; it is made when something is first written."""
        self.root = root.absolute()
        self._session = Session(self.root / "sessions")

    def close(self) -> None:
        """End this store's session: its scratch folders go, and `gc` may take what it used. It can be used again."""
        self._session.close()

    # -- files ---------------------------------------------------------------------------------------------------------

    def file(self, sha256: str) -> Path | None:
        """Return the file with that digest, or None."""
        return self._used(_FILES, sha256, self._file_path(sha256))

    def add_file(self, chunks: Iterable[bytes], *, sha256: str | None) -> StoredFile:
        """Store the bytes of ``chunks`` under their digest.

        Raises:
            SourceError: the digest is not ``sha256``; nothing is kept.
            MachineError: the disk is full or may not be written.
        """
        digester = Digester()
        with disk_errors(self.root):
            temporary = self._session.fresh_file("file")
            try:
                with temporary.open("wb") as file:
                    for chunk in chunks:
                        digester.update(chunk)
                        file.write(chunk)
                    file.flush()
                    os.fchmod(file.fileno(), 0o444)
                    found = digester.digest()
                    _compare(found.sha256, sha256, found.size)
                    os.fsync(file.fileno())
                final = self._file_path(found.sha256)
                with self.lock(f"{_FILES}/{found.sha256}"):
                    self._publish(temporary, final, cleaning.marker(self.root, _FILES, found.sha256))
            finally:
                temporary.unlink(missing_ok=True)
        return StoredFile(path=final, sha256=found.sha256, md5=found.md5, size=found.size)

    # -- folders -------------------------------------------------------------------------------------------------------

    def folder(self, kind: str, key: str) -> Path | None:
        """Return the finished folder ``key`` of ``kind``, or None."""
        return self._used(kind, key, self._folder_path(kind, key))

    @contextmanager
    def making(self, kind: str, key: str) -> Iterator[Making]:
        """Make a folder exactly once: whoever comes second waits, and finds it ready.

        The clean end of the block moves a folder that was not ready from ``path`` to where `folder` finds it; an
        exception removes it.
        """
        if (ready := self.folder(kind, key)) is not None:
            yield Making(path=ready, ready=True)
            return
        with disk_errors(self.root), self.lock(f"{kind}/{key}"):
            if self._folder_path(kind, key).is_dir():
                temporary = None
            else:
                temporary = self._session.fresh_folder(kind, 0o755)
                try:
                    yield Making(path=temporary, ready=False)
                    self._finish(temporary, kind, key)
                finally:
                    remove_tree(temporary)
        if temporary is None:
            with self.making(kind, key) as making:
                yield making

    @asynccontextmanager
    async def making_async(self, kind: str, key: str) -> AsyncIterator[Making]:
        """Do as `making` does, without ever blocking the event loop."""
        if (ready := self.folder(kind, key)) is not None:
            yield Making(path=ready, ready=True)
            return
        with disk_errors(self.root):
            async with self.lock_async(f"{kind}/{key}"):
                if self._folder_path(kind, key).is_dir():
                    temporary = None
                else:
                    temporary = self._session.fresh_folder(kind, 0o755)
                    try:
                        yield Making(path=temporary, ready=False)
                        await _in_thread(self._finish, temporary, kind, key)
                    finally:
                        await _in_thread(remove_tree, temporary)
        if temporary is None:
            async with self.making_async(kind, key) as making:
                yield making

    # -- locks ---------------------------------------------------------------------------------------------------------

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock ``name`` (any text); it is freed when the block, or the process, ends."""
        return locks.lock(self._lock_path(name))

    def lock_async(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock ``name`` without blocking the event loop; coroutines of one process exclude each other too."""
        return locks.lock_async(self._lock_path(name))

    @contextmanager
    def lock_if_free(self, name: str) -> Iterator[bool]:
        """Hold the lock ``name`` if nobody has it; gives whether that is so."""
        descriptor = locks.take(self._lock_path(name), wait=False)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def is_locked(self, name: str) -> bool:
        """Whether anybody, this process included, holds the lock ``name`` right now."""
        descriptor = locks.take(self._lock_path(name), wait=False)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    # -- scratch -------------------------------------------------------------------------------------------------------

    @contextmanager
    def scratch(self, key: str, *, keep: bool = False) -> Iterator[Path]:
        """Give a fresh, empty, private folder for the length of the block; ``key`` (any text) makes its name readable.

        With ``keep`` an exception moves it to the place that `failed_place` names instead of removing it.
        """
        with disk_errors(self.root):
            folder = self._session.fresh_folder(_readable(key), 0o700)
            try:
                yield folder
            except Exception:
                if keep:
                    self.keep_failed(key, folder)
                raise
            finally:
                remove_tree(folder)

    @asynccontextmanager
    async def scratch_async(self, key: str, *, keep: bool = False) -> AsyncIterator[Path]:
        """Do as `scratch` does, without ever blocking the event loop."""
        with disk_errors(self.root):
            folder = self._session.fresh_folder(_readable(key), 0o700)
            try:
                yield folder
            except Exception:
                if keep:
                    await _in_thread(self.keep_failed, key, folder)
                raise
            finally:
                await _in_thread(remove_tree, folder)

    def session_folder(self, key: str) -> Path:
        """Give a fresh, empty, private folder that lasts as long as this store's session."""
        with disk_errors(self.root):
            return self._session.fresh_folder(_readable(key), 0o700)

    def failed_place(self, key: str) -> Path:
        """Return where `keep_failed` puts the tree of ``key``."""
        return self.root / "failed" / _readable(key)

    def failed_lock(self, key: str) -> str:
        """Return the name of the lock of whoever uses the failed tree of ``key``."""
        return cleaning.failed_lock(self.failed_place(key))

    def keep_failed(self, key: str, folder: Path, *, most: int | None = _FAILED_KEPT) -> Path:
        """Move ``folder`` (a scratch folder) to its place among the failed trees, of which the newest ``most`` stay.

        What somebody uses stays too, and where that is the very place, ``folder`` is not kept.
        """
        place = self.failed_place(key)
        with disk_errors(self.root), self.lock("failed"):
            place.parent.mkdir(parents=True, exist_ok=True)
            if not self._remove_failed(place):
                return place
            folder.rename(place)
            os.utime(place)
            kept = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
            for old in kept[most or len(kept) :]:
                self._remove_failed(old)
        return place

    def forget_failed(self, key: str) -> None:
        """Remove the failed tree of ``key``, if there is one and nobody uses it."""
        place = self.failed_place(key)
        if place.exists():
            with disk_errors(self.root), self.lock("failed"):
                self._remove_failed(place)

    # -- cleaning ------------------------------------------------------------------------------------------------------

    def gc(self, budget: int) -> cleaning.Collected:
        """Remove what was unused for longest until at most ``budget`` bytes are left.

        What a living session of any process has used since it began is kept, whatever the budget.
        """
        with disk_errors(self.root), self.lock("gc"):
            return cleaning.collect(self.root, budget, lock_path=self._lock_path)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _remove_failed(self, place: Path) -> bool:
        """Remove a failed tree unless somebody uses it; return whether its place is free."""
        with self.lock_if_free(cleaning.failed_lock(place)) as free:
            if free:
                remove_tree(place)
            return free

    def _file_path(self, sha256: str) -> Path:
        return self.root / _FILES / _checked(sha256)[:2] / sha256

    def _folder_path(self, kind: str, key: str) -> Path:
        if kind == _FILES:
            raise ValueError(f"{_FILES!r} is no kind of folder")
        return self.root / "folders" / _checked(kind) / _checked(key)

    def _lock_path(self, name: str) -> Path:
        return self.root / "locks" / hashlib.sha256(name.encode()).hexdigest()[:32]

    def _finish(self, temporary: Path, kind: str, key: str) -> None:
        sync_tree(temporary)
        self._publish(temporary, self._folder_path(kind, key), cleaning.marker(self.root, kind, key))

    def _publish(self, temporary: Path, final: Path, marker: Path) -> None:
        """Move something finished to its place; the caller holds its lock. The marker comes first: see `_used`."""
        for folder in (final.parent, marker.parent):
            folder.mkdir(parents=True, exist_ok=True)
        marker.touch()
        temporary.rename(final)
        sync_folder(final.parent)

    def _used(self, kind: str, key: str, path: Path) -> Path | None:
        """Return ``path`` if it is there, noting that this session uses it.

        The note is the time of a marker file. `gc` moves the marker away before it takes anything, so a missing marker
        means: wait for the lock that `gc` holds, and look again.
        """
        if not path.exists():
            return None
        marker = cleaning.marker(self.root, kind, key)
        try:
            self._session.begin()
            os.utime(marker)
        except FileNotFoundError:
            with self.lock(f"{kind}/{key}"):
                if not path.exists():
                    return None
                marker.parent.mkdir(parents=True, exist_ok=True)
                marker.touch()
        except OSError:  # a store that may only be read has no gc either
            return path
        return path


def _compare(found: str, expected: str | None, size: int) -> None:
    if expected is not None and found != expected.lower():
        raise SourceError(
            f"sha256 is {found} ({size} bytes), expected {expected}",
            code="source.digest",
            remedy="check the address and the digest in the recipe; upstream may have replaced the file",
        )


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot name something in the store")
    return key


def _readable(key: str) -> str:
    """Return a file name that people recognise ``key`` in."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", key).lstrip(".")[:120] or "_"


async def _in_thread(function: Callable[..., object], *args: object) -> None:
    """Call ``function`` without blocking the event loop; a cancellation counts when it has ended, not before.

    A thread cannot be stopped: whoever cleans up must not meet one that still works.
    """
    import asyncio  # see `builder.store.locks`

    job = asyncio.get_running_loop().run_in_executor(None, partial(function, *args))
    cancelled: asyncio.CancelledError | None = None
    while not job.done():
        try:
            await asyncio.wait({job})
        except asyncio.CancelledError as error:
            cancelled = error
    job.result()
    if cancelled is not None:
        raise cancelled
