"""Writes that are there completely or not at all, and the disk's errors in the user's words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.errors import MachineError

# Above this number of files one sync of everything is cheaper than one per file.
_MANY_FILES = 256

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn "disk full", and "may not write" below ``folder``, into a `MachineError` with the remedy; others pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise MachineError(
                f"no space left for {folder}",
                code="machine.disk-full",
                remedy="free space there, or let `bakehouse cache gc` do it, or choose another folder",
            ) from error
        if error.errno in _FORBIDDEN and _concerns(error, folder):
            raise MachineError(
                f"{error.filename or folder} cannot be written: {error.strerror}",
                code="machine.not-writable",
                remedy="choose a folder that belongs to you",
            ) from error
        raise


def _concerns(error: OSError, folder: Path) -> bool:
    """Whether the error is about ``folder``, something in it, or a folder that it should lie in."""
    place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else folder
    return place.is_relative_to(folder) or folder.is_relative_to(place)


def atomic_write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write ``data`` to ``path`` so that a reader, and a crash, sees the old bytes or the new ones, never a mixture.

    The file gets exactly ``mode``, whatever the umask. Missing parent folders are an error.
    """
    with disk_errors(path.parent):
        from tempfile import mkstemp  # with what it imports it takes longer than most of our writes

        descriptor, name = mkstemp(prefix=f".{path.name[:100]}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` outlive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Make all files and folders below ``folder`` outlive a power failure."""
    folders, files = [folder], []
    for here in folders:
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.path)
        if len(files) + len(folders) > _MANY_FILES:
            os.sync()
            return
    for file in files:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    for here in reversed(folders):
        sync_folder(here)
