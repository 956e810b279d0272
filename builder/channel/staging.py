"""Puts a file into a folder so that it appears whole, under its final name, once; what a killed writer leaves goes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.store import sync_folder
from builder.store.locks import take

_SUFFIX = ".part"
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


def sweep_index(folder: Path) -> None:
    """Remove the unfinished index files in ``folder``; only the holder of the channel's lock writes such files."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def sweep(room: Path) -> None:
    """Remove the staged files whose writers are dead."""
    for part in room.glob(f"*{_SUFFIX}"):
        descriptor = take(part, wait=False, make=False)
        if descriptor is not None:
            with suppress(FileNotFoundError):
                part.unlink()
            os.close(descriptor)
