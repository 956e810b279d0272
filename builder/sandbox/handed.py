"""What a job gets to read: a file, or what we write into a pipe while the job runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from builder.archive.member import Member
from builder.archive.passing import send
from builder.archive.tar import Pieces
from builder.errors import BakehouseError
from builder.model.frozen import frozen
from builder.store import disk_errors

_BUFFER = 1 << 16
"""As much as a pipe holds."""

Walk = Callable[[], Generator[tuple[Member, Pieces], None, None]]
"""Begins to give members from the first one on; it may be asked again."""


@frozen(kw_only=False)
class Open:
    """An open end: ``theirs`` is given away and closed here, then ``feed`` writes what is read from it."""

    theirs: BinaryIO
    feed: Callable[[], None]


class File:
    """A file that the job reads itself."""

    def __init__(self, path: Path) -> None:
        """Give the file at ``path``."""
        with disk_errors(path.parent):
            self.size = path.stat().st_size
        self._path = path

    @contextmanager
    def opened(self) -> Iterator[Open]:
        """Open it."""
        with disk_errors(self._path.parent):
            file = self._path.open("rb", buffering=0)
        with file:
            yield Open(file, lambda: None)


class Flow:
    """Members that go through a pipe; ``failed`` is why they came to no end, as far as we know."""

    def __init__(self, walk: Walk, size: int) -> None:
        """Give what ``walk`` gives; ``size`` is how many bytes it comes from, which tells how long it may take."""
        self.size = size
        self.failed: BakehouseError | None = None
        self._walk = walk

    @contextmanager
    def opened(self) -> Iterator[Open]:
        """Open a pipe."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        with os.fdopen(reading, "rb", 0) as theirs, os.fdopen(writing, "wb", _BUFFER) as ours:
            yield Open(theirs, lambda: self._feed(ours))

    def _feed(self, ours: BinaryIO) -> None:
        """Write everything; who reads may have seen enough before."""
        self.failed = None
        with suppress(BrokenPipeError), ours, closing(self._walk()) as members:
            try:
                send(members, ours)
            except BakehouseError as error:
                self.failed = error


Handed = File | Flow
