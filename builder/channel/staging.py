"""Puts a file into a folder so that it appears whole, under its final name, once; what a killed writer leaves goes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.store import atomic_write, sync_folder
from builder.store.locks import take

_SUFFIX = ".part"
_MARK = ".replaced"
_PIECE = 1 << 20


@contextmanager
def staged(source: Path, room: Path) -> Iterator[tuple[Path, str]]:
    """Copy ``source`` into ``room`` and give the copy, synced to disk, with its sha256; afterwards it is removed.

    The copy is locked as long as its writer lives: that is how `sweep` knows who died.
    """
    part = room / f"{source.name}.{os.getpid()}.{threading.get_ident()}{_SUFFIX}"
    descriptor = take(part, wait=True)
    assert descriptor is not None
    try:
        os.ftruncate(descriptor, 0)
        digest = hashlib.sha256()
        with source.open("rb") as reader, os.fdopen(descriptor, "wb", closefd=False) as writer:
            while piece := reader.read(_PIECE):
                digest.update(piece)
                writer.write(piece)
        os.fchmod(descriptor, 0o644)
        os.fsync(descriptor)
        yield part, digest.hexdigest()
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def link(part: Path, final: Path) -> bool:
    """Give the staged file its final name; False when that name is taken."""
    try:
        os.link(part, final)
    except FileExistsError:
        return False
    sync_folder(final.parent)
    return True


def replace(part: Path, final: Path, room: Path) -> None:
    """Put the staged file in the place of another one; a mark in ``room`` says so until the index says it too."""
    atomic_write(room / f"{final.parent.name}.{final.name}{_MARK}", b"")
    part.replace(final)
    sync_folder(final.parent)


def replaced(room: Path, subdir: str) -> dict[str, Path]:
    """Return the packages of ``subdir`` that were replaced since its index was written: what it says of them is old.

    By file name, each with its mark, which whoever has written the index removes.
    """
    return {path.name.removesuffix(_MARK).partition(".")[2]: path for path in room.glob(f"{subdir}.*{_MARK}")}


def sweep_index(folder: Path) -> None:
    """Remove the unfinished index files in ``folder``; only the holder of the channel's lock writes such files."""
    for pattern in (".*.tmp", "shards/.*.tmp"):
        for leftover in folder.glob(pattern):
            leftover.unlink(missing_ok=True)


def sweep(room: Path) -> None:
    """Remove the staged files whose writers are dead."""
    for part in room.glob(f"*{_SUFFIX}"):
        descriptor = take(part, wait=False, make=False)
        if descriptor is not None:
            with suppress(FileNotFoundError):
                part.unlink()
            os.close(descriptor)
