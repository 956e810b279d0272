"""Keeping a store within its budget: what was unused for longest goes first, what is in use stays."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.store.locks import take
from builder.store.notes import notes
from builder.store.removal import remove_tree
from builder.store.session import sweep

TORN = "torn"
"""Where a store keeps what is not what its name said, below its root."""


@frozen
class Collected:
    """What a collection did: number of removed things, bytes on disk freed and left."""

    removed: int
    freed: int
    kept: int


def is_store(root: Path) -> bool:
    """Whether anything has ever been kept in the folder ``root``."""
    return any((root / part).is_dir() for part in ("files", "folders", "notes", "sessions"))


@frozen
class _Thing:
    """One removable thing; ``used`` is when it was last asked for (seconds since 1970).

    A note has no lock, nor has a torn file: they may go at any time.
    """

    path: Path
    lock_name: str | None
    marker: Path
    used: float
    size: int


def move_aside(path: Path, place: Path) -> None:
    """Move what is damaged out of the way, in the place of what lay there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    remove_tree(place)
    path.rename(place)
    os.utime(place, follow_symlinks=False)


def exchanged(path: Path) -> MachineError:
    """Return the error for a file that was whole and is not there any more, or is another one."""
    return MachineError(
        f"{path} was taken away or exchanged while it was to be used",
        code="store.exchanged",
        remedy="find out who writes to the store, and run the same command again",
    )


def marker(root: Path, kind: str, key: str) -> Path:
    """Return the empty file whose time says when ``key`` of ``kind`` was last used."""
    return root / "used" / kind / key


def failed_lock(place: Path) -> str:
    """Return the name of the lock of whoever uses the failed tree at ``place``."""
    return f"failed/{place.name}"


def collect(root: Path, budget: int, *, lock_path: Callable[[str], Path]) -> Collected:
    """Sweep dead sessions, then remove the least recently used things of ``root`` until ``budget`` bytes are left."""
    for _ in children(*children(root / "used")):
        pass  # only to remove what a killed collection has moved aside
    sessions = root / "sessions"
    living_since = sweep(sessions) if sessions.is_dir() else None
    things = sorted(_things(root), key=lambda thing: (thing.used, str(thing.path)))
    left = sum(thing.size for thing in things)
    removed = freed = 0
    for thing in things:
        if left <= budget:
            break
        if living_since is not None and thing.used >= living_since:
            break
        if _forget(thing) if thing.lock_name is None else _remove(thing, lock_path(thing.lock_name)):
            left -= thing.size
            freed += thing.size
            removed += 1
    _drop_free_locks(lock_path("").parent)
    return Collected(removed=removed, freed=freed, kept=left)


def _forget(note: _Thing) -> bool:
    """Remove a note, a torn file, or what is left of one; whoever reads it right now has it open."""
    with suppress(FileNotFoundError):
        remove_tree(note.path)
        return True
    return False


def _remove(thing: _Thing, lock: Path) -> bool:
    """Remove one thing unless somebody holds its lock or has used it meanwhile."""
    held = take(lock, wait=False)
    if held is None:
        return False
    doomed = thing.path.with_name(f".{thing.path.name}.removed")
    try:
        if _used_meanwhile(thing):
            return False
        # Out of its place at once, so that nobody meets a half-removed folder.
        remove_tree(doomed)
        thing.path.rename(doomed)
    finally:
        os.close(held)
    remove_tree(doomed)
    return True


def _used_meanwhile(thing: _Thing) -> bool:
    """Move the marker away, so that nobody can note a use any more without our lock; put it back if somebody had."""
    aside = thing.marker.with_name(f".{thing.marker.name}.removed")
    try:
        thing.marker.rename(aside)
    except FileNotFoundError:
        return not thing.path.exists() or thing.path.lstat().st_mtime > thing.used
    if aside.stat().st_mtime > thing.used:
        aside.rename(thing.marker)
        return True
    aside.unlink()
    return False


def _things(root: Path) -> Iterator[_Thing]:
    for path in children(*children(root / "files")):
        yield _thing(root, "files", path)
    for kind in children(root / "folders"):
        for path in children(kind):
            yield _thing(root, kind.name, path)
    for path in children(root / "failed"):
        used = path.lstat().st_mtime
        yield _Thing(
            path=path,
            lock_name=failed_lock(path),
            marker=marker(root, "failed", path.name),
            used=used,
            size=_size(path),
        )
    for path in (*notes(root), *children(root / TORN)):
        with suppress(FileNotFoundError):
            used = path.lstat().st_mtime
            yield _Thing(path=path, lock_name=None, marker=path, used=used, size=_size(path))


def _thing(root: Path, kind: str, path: Path) -> _Thing:
    mark = marker(root, kind, path.name)
    return _Thing(
        path=path, lock_name=f"{kind}/{path.name}", marker=mark, used=_last_used(mark, path), size=_size(path)
    )


def children(*folders: Path) -> Iterator[Path]:
    """Return what lies in ``folders``, without what a killed collection has moved aside, which goes."""
    for folder in folders:
        with suppress(FileNotFoundError):
            for path in folder.iterdir():
                if path.name.endswith(".removed") and path.name.startswith("."):
                    remove_tree(path)
                else:
                    yield path


def _last_used(mark: Path, path: Path) -> float:
    for candidate in (mark, path):
        with suppress(FileNotFoundError):
            return candidate.lstat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    """Return the bytes that ``path`` takes on disk, a hard-linked file once."""
    counted: set[tuple[int, int]] = set()
    total, pending = 0, [path]
    while pending:
        here = pending.pop()
        try:
            found = here.lstat()
            if stat.S_ISDIR(found.st_mode):
                pending.extend(here.iterdir())
        except OSError:  # a failed tree may hold folders that cannot be read; they are removed all the same
            continue
        if (found.st_dev, found.st_ino) not in counted:
            counted.add((found.st_dev, found.st_ino))
            total += found.st_blocks * 512
    return total


def _drop_free_locks(folder: Path) -> None:
    for path in children(folder):
        held = take(path, wait=False)
        if held is not None:
            path.unlink(missing_ok=True)
            os.close(held)
