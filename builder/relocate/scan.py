"""One pass over a file's bytes for everything that relocation wants to know of it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from builder.binary import is_binary, read_facts
from builder.errors import WorkError
from builder.model.binary import BinaryFacts
from builder.model.frozen import frozen

_CHUNK = 1 << 22
_HEAD = 4096


@frozen
class Scan:
    """What one pass over a file saw.

    ``prefix`` says whether the placeholder stands in it, ``wide`` whether it does as UTF-16, ``nul`` whether there is a
    NUL byte anywhere: that is what makes a file binary, however its first kilobyte looks. ``head`` are its first bytes.
    """

    sha256: str
    size: int
    prefix: bool
    wide: bool
    nul: bool
    head: bytes
    binary: BinaryFacts | None = None


def scan(path: Path, placeholder: str, facts: BinaryFacts | None = None) -> Scan:
    """Read the regular file at ``path`` once; ``facts`` are its facts where they are known already.

    Raises `WorkError` when it is no regular file: symlinks are never followed.
    """
    narrow = placeholder.encode()
    wide = placeholder.encode("utf-16-le")
    overlap = len(wide) - 1
    digest, size, head, tail = hashlib.sha256(), 0, b"", b""
    has_prefix = has_wide = has_nul = False
    for chunk in _chunks(path):
        digest.update(chunk)
        size += len(chunk)
        head = head or chunk[:_HEAD]
        window = tail + chunk
        has_prefix = has_prefix or narrow in window
        has_nul = has_nul or b"\0" in chunk
        # UTF-16 of a path has a NUL in every second byte: text without one cannot hold it.
        has_wide = has_wide or (has_nul and wide in window)
        tail = window[-overlap:]
    return Scan(
        sha256=digest.hexdigest(),
        size=size,
        prefix=has_prefix,
        wide=has_wide,
        nul=has_nul,
        head=head,
        binary=read_facts(path) if facts is None and is_binary(head) else facts,
    )


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        # A FIFO would block and a symlink could lead out of the prefix: a script may have left either.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror}", code="relocate.unreadable") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise WorkError(f"{path} is not a regular file", code="relocate.irregular")
        while chunk := os.read(descriptor, min(_CHUNK, status.st_size + 1)):
            yield chunk
    finally:
        os.close(descriptor)
