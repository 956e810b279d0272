"""Writes that are there completely or not at all, and the disk's errors in the user's words."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from builder.errors import MachineError

# Above this number of files one sync of everything is cheaper than one per file.
_MANY_FILES = 256

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}
_BROKEN = {errno.EIO, errno.ESTALE, errno.EREMOTEIO, errno.ENXIO, errno.ENODEV}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}


@contextmanager
def disk_errors(folder: Path, *, needed: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Turn what a disk may refuse below ``folder`` into a `MachineError` with the remedy; other errors pass.

    That is: it is full, may not be written, or fails; too many files are open. ``needed`` says, when the disk is full,
    what there was no room for.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(error, folder, needed()) from error
        if error.errno in _FORBIDDEN and _concerns(error, folder):
            raise MachineError(
                f"{_named(error, folder)} cannot be written: {error.strerror}",
                code="machine.not-writable",
                remedy="mount it so that it can be written, or choose another folder"
                if error.errno == errno.EROFS
                else "choose a folder that belongs to you",
            ) from error
        if error.errno in _BROKEN and _concerns(error, folder):
            raise MachineError(
                f"the disk of {_named(error, folder)} fails: {error.strerror}",
                code="machine.disk-fails",
                remedy="read what the kernel says of it (dmesg), then let `bakehouse cache verify` find what is torn",
            ) from error
        if error.errno in _TOO_MANY:
            raise MachineError(
                f"too many files are open: {error.strerror}",
                code="machine.open-files",
                remedy="allow more with `ulimit -n`, or run fewer tasks at once",
            ) from error
        raise


def _full(error: OSError, folder: Path, needed: str) -> MachineError:
    """Make the error of a full disk: what there is no room for, how much room there is, and who sets the limit."""
    what = f" for {needed}" if needed else ""
    match error.errno:
        case errno.EDQUOT:
            message = f"your quota on the disk of {folder} leaves no room{what}"
        case errno.EFBIG:
            message = f"a file in {folder} may not become so large (`ulimit -f`, or the file system){what}"
        case _:
            message = f"no space left in {folder}{what}: {_room(folder)}"
    return MachineError(
        message,
        code="machine.disk-full",
        remedy="free space there, or let `bakehouse cache gc` do it, or choose another folder",
    )


def _room(folder: Path) -> str:
    """Return what is free on the disk of ``folder``, after whatever was begun there has been removed."""
    from builder.report.text import size  # only a full disk needs it

    place = next((path for path in (folder, *folder.parents) if path.is_dir()), Path("/"))
    found = os.statvfs(place)
    if found.f_files and not found.f_favail:
        return f"its disk has no inodes left, of {found.f_files}"
    free, whole = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    return f"its disk of {size(whole)} has {size(free)} free"


def _named(error: OSError, folder: Path) -> str:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(folder)


def _concerns(error: OSError, folder: Path) -> bool:
    """Whether the error is about ``folder``, something in it, or a folder that it should lie in."""
    place = Path(_named(error, folder))
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


@contextmanager
def fresh_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the place of ``path`` at the end, complete and on the disk, or not at all.

    It may be read again. Missing parent folders are made; the mode is 0644, whatever the umask.
    """
    with disk_errors(path.parent):
        from tempfile import mkstemp

        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = mkstemp(prefix=".packing-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it if they are missing; `PermissionError` where none can be made, as in /proc."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:
        raise PermissionError(errno.EACCES, "no folder can be made there", str(folder)) from error


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


def amount(written: int, size: int | None) -> str:
    """Say for what there was no room: a file of ``size`` bytes, or one of which ``written`` had come."""
    from builder.report.text import size as shown

    return f"a file of {shown(size)}" if size is not None else f"a file of which {shown(written)} had come"
