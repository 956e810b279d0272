"""Small things that are quickly made again, by key: found whole or not at all, and never worth an error.

A note is one file that begins with the digest of its key and its bytes. So it needs neither a lock nor a wait for the
disk: what a crash, a full disk or another program made of it is not taken for one. `gc` of the store removes notes at
any time, those first that nobody asked for lately.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER = "notes"
"""Where a store keeps them, below its root."""

_DIGEST = 32
_FRESH = 3600
"""Seconds in which reading a note once more does not make it younger."""

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Notes:
    """The notes of one kind in a store; any number of processes may read and write them."""

    def __init__(self, root: Path, kind: str) -> None:
        """Use the notes of ``kind`` in the store at ``root``; nothing is made before something is written."""
        self._folder = f"{root.absolute()}/{FOLDER}/{kind}"

    def read(self, key: str) -> bytes | None:
        """Return the bytes that were written under ``key`` (hexadecimal digits), None if they are not there whole."""
        try:
            descriptor = os.open(self._path(key), _READ)
        except OSError:
            return None
        try:
            about = os.fstat(descriptor)
            found = _all_of(descriptor, about.st_size)
            if time.time() - about.st_mtime > _FRESH:
                with suppress(OSError):  # others' notes, and those on a medium that is only read, keep their time
                    os.utime(descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        data = found[_DIGEST:]
        return data if found[:_DIGEST] == _digest(key, data) else None

    def write(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``, in place of what was there; where that cannot be, it is left."""
        path = self._path(key)
        temporary = f"{path}.{os.getpid()}.tmp"
        try:
            descriptor = _opened(temporary)
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                written = file.write(_digest(key, data) + data)
            if written == _DIGEST + len(data):
                os.replace(temporary, path)  # noqa: PTH105 - paths are plain text here, for there are thousands
                return
        except OSError:
            pass
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108

    def _path(self, key: str) -> str:
        return f"{self._folder}/{key[:2]}/{key[2:]}"


def notes(root: Path) -> Iterator[Path]:
    """Return the files of all notes of the store at ``root``, and what killed writers have left of some."""
    for place, _, names in os.walk(root / FOLDER):
        for name in names:
            yield Path(place, name)


def _opened(path: str) -> int:
    """Open a new file, making its folder first where that is missing."""
    with suppress(FileNotFoundError):
        return os.open(path, _MAKE, 0o644)
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    return os.open(path, _MAKE, 0o644)


def _all_of(descriptor: int, size: int) -> bytes:
    found = os.read(descriptor, size + 1)
    while len(found) < size and (more := os.read(descriptor, size)):
        found += more
    return found


def _digest(key: str, data: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + data).digest()
