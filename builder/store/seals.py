"""Whether files of a store are still what was put there: told by a seal that costs a look, not a reading."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from builder.model.frozen import frozen

SEAL = 1_000_000_000
"""The time (seconds since 1970) of every whole file; whoever writes to one leaves another."""

_BLOCK = 1 << 18
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_Identity = tuple[int, int, int, int]


@frozen
class Verified:
    """A file of the store that was read, and whether it is what its name says."""

    path: Path
    whole: bool


class Seals:
    """Knows whole files by their seal: read-only, and with the one time that we give them.

    A file without it is read and compared with its name, then sealed or refused. That finds what a program, a failing
    disk's repair or a careless hand did. Whoever can write to the store can forge a seal, as they can exchange whatever
    else lies there. With ``always`` no seal is believed: each file is read when this process first asks for it, and
    again after any change, for nobody can set the time at which the kernel saw one.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._always = always
        self._read: dict[str, _Identity] = {}

    def hold(self, path: Path, sha256: str) -> bool:
        """Whether the file at ``path`` is whole; reads it if nothing else tells. A missing file is not whole."""
        try:
            found = path.lstat()
        except OSError:
            return False
        return self._tells(found, sha256) or self.read(path, sha256)

    def read(self, path: Path, sha256: str) -> bool:
        """Whether the file at ``path`` has the digest ``sha256`` and is a plain file; seals one that has.

        The descriptor that is read is the one that is sealed and remembered: a file that takes its place meanwhile is
        another one.
        """
        try:
            descriptor = os.open(path, _OPEN)
        except OSError:
            return False
        try:
            return self._compared(descriptor, sha256)
        finally:
            os.close(descriptor)

    def opened(self, path: Path, sha256: str) -> int | None:
        """Return the descriptor of the file at ``path`` if that is whole, None otherwise.

        What is judged is what is open: it stays that file, whatever takes its place.
        """
        try:
            descriptor = os.open(path, _OPEN)
        except OSError:
            return None
        if self._tells(os.fstat(descriptor), sha256) or self._compared(descriptor, sha256):
            return descriptor
        os.close(descriptor)
        return None

    def _tells(self, found: os.stat_result, sha256: str) -> bool:
        """Whether a file's looks tell that it is whole, so that it need not be read."""
        return self._read.get(sha256) == _identity(found) if self._always else is_sealed(found)

    def _compared(self, descriptor: int, sha256: str) -> bool:
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode) or _digest(descriptor) != sha256:
                return False
            if _identity(os.fstat(descriptor)) != _identity(before):
                return False
            seal(descriptor)
            self._read[sha256] = _identity(os.fstat(descriptor))
        except OSError:
            return False
        return True


def seal(descriptor: int) -> None:
    """Seal the open file; one that may only be read stays without, and is read each time."""
    found = os.fstat(descriptor)
    if not is_sealed(found):
        with suppress(OSError):
            os.fchmod(descriptor, 0o444)
            os.utime(descriptor, (found.st_atime, SEAL))


def is_sealed(found: os.stat_result) -> bool:
    """Whether a file was as whole files are left: plain, read-only, with their time."""
    return stat.S_ISREG(found.st_mode) and not found.st_mode & 0o222 and found.st_mtime_ns == SEAL * 10**9


def _digest(descriptor: int) -> str:
    digest = hashlib.sha256()
    while block := os.read(descriptor, _BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns
