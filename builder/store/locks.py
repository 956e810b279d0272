"""File locks between processes, threads and coroutines, which end with the process that holds them.

Each acquisition opens the lock file anew: ``flock`` belongs to the open file description, so two acquisitions exclude
each other inside one process as well. Descriptors are not inherited by programs that are started.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from builder.errors import MachineError
from builder.store.writing import disk_errors, make_folder

_SHORTEST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}


def take(path: Path, *, wait: bool, make: bool = True) -> int | None:
    """Lock ``path`` and return the descriptor that holds the lock; closing it frees the lock.

    None when somebody else holds it and ``wait`` is False, or when it is missing and ``make`` is False.
    """
    while True:
        descriptor = _open(path, make=make)
        if descriptor is None:
            return None
        try:
            _lock(descriptor, path, wait=wait)
            if _still_named(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, *, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise MachineError(
            f"the file system of {path.parent} gives no file locks: {error.strerror}",
            code="machine.no-locks",
            remedy="put it on a local disk, or mount it so that it has locks (NFS: without `nolock`)",
        ) from error


def _open(path: Path, *, make: bool) -> int | None:
    flags = os.O_RDWR | os.O_CLOEXEC
    with disk_errors(path.parent):
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            if not make:
                return None
    with disk_errors(path.parent):
        make_folder(path.parent)
        return os.open(path, flags | os.O_CREAT, 0o666)


def _still_named(descriptor: int, path: Path) -> bool:
    """Whether ``path`` still names the locked file: a cleaner may have removed it before the lock was ours."""
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``, waiting as long as it takes."""
    descriptor = take(path, wait=True)
    assert descriptor is not None
    try:
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def lock_async(path: Path) -> AsyncIterator[None]:
    """Hold the lock file ``path``; the event loop goes on while waiting, and a cancelled wait holds nothing."""
    import asyncio  # whoever waits so has it already; whoever only reads the store should not pay for it

    pause = _SHORTEST_PAUSE
    while (descriptor := take(path, wait=False)) is None:
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    try:
        yield
    finally:
        os.close(descriptor)
