"""The store: files by sha256, folders by kind and key, each made exactly once by whoever comes first."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from pathlib import Path
from typing import TypeVar

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.store import cleaning, locks, session
from builder.store.cleaning import TORN
from builder.store.digest import Digester
from builder.store.keys import checked, readable
from builder.store.lasting import Closable, Lasting
from builder.store.removal import remove_tree
from builder.store.seals import Seals, Verified, seal
from builder.store.session import Session
from builder.store.threads import in_thread
from builder.store.writing import amount, disk_errors, sync_folder, sync_tree

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FILES = "files"
_FAILED_KEPT = 5

L = TypeVar("L", bound=Closable)


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
    leaves lies in its session's folder and is removed when the next session begins, or by `tidy` or `gc`.
    """

    def __init__(self, root: Path, *, read_always: bool = False) -> None:
        """Use the folder ``root``; it is made when something is first written.

        With ``read_always`` each file is compared with its digest when it is first asked for (see `Seals`).
        """
        self.root = root.absolute()
        self._session = Session(self.root / "sessions")
        self._seals = Seals(always=read_always)
        self._lasting = Lasting()

    def close(self) -> None:
        """End this store's session: its scratch folders go, and `gc` may take what it used. It can be used again."""
        self._lasting.close()
        self._session.close()

    def lasting(self, kind: type[L], make: Callable[[], L]) -> L:
        """Return the one ``kind`` of this store's session, made by who asks first; it is closed with the session."""
        return self._lasting.get(kind, make)

    # -- files ---------------------------------------------------------------------------------------------------------

    def file(self, sha256: str) -> Path | None:
        """Return the file with that digest, or None; what has lost its seal is read first, and torn it is set aside.

        `torn` then tells where it lies.
        """
        path = self._file_path(sha256)
        found = self._used(_FILES, sha256, path)
        if found is None or self._seals.hold(path, sha256):
            return found
        self._set_aside(path, sha256)
        return None

    @contextmanager
    def held(self, sha256: str) -> Iterator[Path]:
        """Give a way to the file with that digest, which is the one that was found whole until the block ends.

        What takes its place in the store meanwhile is not met. The way is this process's alone (``/proc``).

        Raises `MachineError` when there is no such file any more.
        """
        path = self.file(sha256)
        descriptor = None if path is None else self._seals.opened(path, sha256)
        if path is None or descriptor is None:
            raise cleaning.exchanged(self._file_path(sha256))
        try:
            way = Path(f"/proc/self/fd/{descriptor}")
            yield way if way.exists() else path
        finally:
            os.close(descriptor)

    def torn(self, sha256: str) -> Path | None:
        """Return where a file of that name was set aside because its bytes were others, None if none was."""
        place = self.root / TORN / checked(sha256)
        return place if os.path.lexists(place) else None

    def add_file(self, chunks: Iterable[bytes], *, sha256: str | None, size: int | None = None) -> StoredFile:
        """Store the bytes of ``chunks`` under their digest; ``size`` is how many there should be, for errors.

        Raises:
            SourceError: the digest is not ``sha256``; nothing is kept.
            MachineError: the disk is full or may not be written.
        """
        digester = Digester()
        with disk_errors(self.root, needed=lambda: amount(digester.size, size)):
            temporary = self._session.fresh_file("file")
            try:
                with temporary.open("wb") as file:
                    for chunk in chunks:
                        digester.update(chunk)
                        file.write(chunk)
                    file.flush()
                    found = digester.digest()
                    found.expect(sha256)
                    seal(file.fileno())
                    os.fsync(file.fileno())
                final = self._file_path(found.sha256)
                with self.lock(f"{_FILES}/{found.sha256}"):
                    self._publish(temporary, final, cleaning.marker(self.root, _FILES, found.sha256))
            finally:
                temporary.unlink(missing_ok=True)
        return StoredFile(path=final, sha256=found.sha256, md5=found.md5, size=found.size)

    def verify(self) -> Iterator[Verified]:
        """Read every file of the store, compare it with its name, and set aside what is torn.

        Raises `MachineError` when something torn cannot be moved.
        """
        for path in cleaning.children(*cleaning.children(self.root / _FILES)):
            whole = bool(_DIGEST.fullmatch(path.name)) and self._seals.read(path, path.name)
            if not whole:
                self._set_aside(path, path.name, strict=True)
            yield Verified(path=path, whole=whole)

    # -- folders -------------------------------------------------------------------------------------------------------

    def folder(self, kind: str, key: str) -> Path | None:
        """Return the finished folder ``key`` of ``kind``, or None."""
        return self._used(kind, key, self._folder_path(kind, key))

    def keys(self, kind: str) -> tuple[str, ...]:
        """Return the keys of all finished folders of ``kind``, sorted."""
        return tuple(sorted(path.name for path in cleaning.children(self.root / "folders" / kind)))

    def set_aside(self, kind: str, key: str) -> None:
        """Move a damaged folder out of the way, so that it is made anew; whoever uses it right now has it no longer."""
        path, place = self._folder_path(kind, key), self.root / TORN / f"{kind}-{key}"
        with disk_errors(self.root), self.lock(f"{kind}/{key}"):
            if path.exists():
                cleaning.move_aside(path, place)

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
                        await in_thread(self._finish, temporary, kind, key)
                    finally:
                        await in_thread(remove_tree, temporary)
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
            folder = self._session.fresh_folder(readable(key), 0o700)
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
            folder = self._session.fresh_folder(readable(key), 0o700)
            try:
                yield folder
            except Exception:
                if keep:
                    await in_thread(self.keep_failed, key, folder)
                raise
            finally:
                await in_thread(remove_tree, folder)

    def session_folder(self, key: str) -> Path:
        """Give a fresh, empty, private folder that lasts as long as this store's session."""
        with disk_errors(self.root):
            return self._session.fresh_folder(readable(key), 0o700)

    def failed_place(self, key: str) -> Path:
        """Return where `keep_failed` puts the tree of ``key``."""
        return self.root / "failed" / readable(key)

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

    def tidy(self) -> bool:
        """Remove what sessions of killed processes left, if this user may; return whether there was any."""
        return session.tidy(self.root / "sessions")

    # -- inside --------------------------------------------------------------------------------------------------------

    def _remove_failed(self, place: Path) -> bool:
        """Remove a failed tree unless somebody uses it; return whether its place is free."""
        with self.lock_if_free(cleaning.failed_lock(place)) as free:
            if free:
                remove_tree(place)
            return free

    def _set_aside(self, path: Path, name: str, *, strict: bool = False) -> None:
        """Move a file that is not what its name says out of the way, unless somebody has put a whole one there."""
        place = self.root / TORN / name
        try:
            with disk_errors(self.root), self.lock(f"{_FILES}/{name}"):
                if os.path.lexists(path) and not self._seals.read(path, name):
                    cleaning.move_aside(path, place)
        except MachineError:
            if strict:
                raise

    def _file_path(self, sha256: str) -> Path:
        return self.root / _FILES / checked(sha256)[:2] / sha256

    def _folder_path(self, kind: str, key: str) -> Path:
        if kind == _FILES:
            raise ValueError(f"{_FILES!r} is no kind of folder")
        return self.root / "folders" / checked(kind) / checked(key)

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
        with suppress(OSError, MachineError):  # a store that may only be read has no gc either
            self._session.begin()
            marker = cleaning.marker(self.root, kind, key)
            try:
                os.utime(marker)
            except FileNotFoundError:
                with self.lock(f"{kind}/{key}"):
                    if not path.exists():
                        return None
                    marker.parent.mkdir(parents=True, exist_ok=True)
                    marker.touch()
        return path
