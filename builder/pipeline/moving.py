"""Moves a staging output that was built without isolation to the paths of a task that takes its files.

In a sandbox all tasks have the same paths. Without one each has its own, and what a script left names those.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from builder.errors import MachineError
from builder.model.inside import InsidePaths
from builder.model.payload import Entry, EntryKind
from builder.pipeline.staged import Staged
from builder.store import disk_errors

Rewriting = Callable[[bytes], bytes]


def moved(staged: Staged, inside: InsidePaths, into: Path) -> Staged:
    """Return a copy of ``staged`` below the empty folder ``into`` that names the paths of ``inside``.

    The host prefix is 255 bytes long everywhere, so it is exchanged in every file. The other paths are in text only:
    they differ in length, and what a program holds of them is found by the checks for paths of the build.
    """
    rewriting = _rewriting(staged.inside, inside)
    prefix, work = into / "prefix", into / "work"
    with disk_errors(into):
        for source, place in ((staged.installed.folder, prefix), (staged.source.folder, work)):
            _copy(source, place)
            _rewrite(place, rewriting)
    entries = tuple(_entry(entry, prefix, rewriting) for entry in staged.installed.entries)
    return replace(
        staged,
        installed=replace(staged.installed, folder=prefix, entries=entries),
        source=replace(staged.source, folder=work),
    )


def _copy(source: Path, place: Path) -> None:
    try:
        shutil.copytree(source, place, symlinks=True)
    except shutil.Error as error:  # one for all files that could not be copied
        reason = error.args[0][0][2]
        raise MachineError(
            f"what was staged cannot be copied: {reason}",
            code="pipeline.staging",
            remedy="look whether the disk is full",
        ) from error


def _rewriting(old: InsidePaths, new: InsidePaths) -> Rewriting:
    prefixes = os.fsencode(old.prefix), os.fsencode(new.prefix)
    roots = os.fsencode(old.work.parent) + b"/", os.fsencode(new.work.parent) + b"/"

    def rewrite(data: bytes) -> bytes:
        data = data.replace(*prefixes)
        return data if b"\0" in data else data.replace(*roots)

    return rewrite


def _rewrite(top: Path, rewriting: Rewriting) -> None:
    """Rewrite the files and symlinks below ``top``; they keep their times, for make goes by those."""
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            place = Path(folder, name)
            if place.is_symlink():
                target = os.fsencode(place.readlink())
                if (now := rewriting(target)) != target:
                    place.unlink()
                    place.symlink_to(os.fsdecode(now))
            elif place.is_file():
                _rewrite_file(place, rewriting)


def _rewrite_file(place: Path, rewriting: Rewriting) -> None:
    data, status = place.read_bytes(), place.stat()
    if (now := rewriting(data)) != data:
        place.chmod(status.st_mode | 0o200)
        place.write_bytes(now)
        place.chmod(status.st_mode)
        os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def _entry(entry: Entry, prefix: Path, rewriting: Rewriting) -> Entry:
    if entry.kind is EntryKind.SYMLINK:
        return replace(entry, target=os.fsdecode(rewriting(os.fsencode(entry.target or ""))))
    if entry.kind is EntryKind.FILE:
        place = prefix / entry.path
        return replace(entry, content=place, size=place.stat().st_size)
    return entry
