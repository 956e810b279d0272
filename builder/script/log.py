"""The log of a script: bytes become harmless lines, within bounds; the last ones are kept for errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import Self

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.report.text import size
from builder.script.lines import Lines
from builder.script.masking import Mask

_MIB = 1 << 20


@frozen
class LogCaps:
    """How much is kept of what a script prints, in bytes or signs.

    ``head`` of the file are written as they come; of the rest only the last ``end`` are kept, in memory until the
    script ends. ``line`` is how much of one line is kept before its end, ``shown`` how much is told while it runs.
    """

    head: int = 128 * _MIB
    end: int = 8 * _MIB
    line: int = _MIB
    shown: int = 16 * _MIB


USUAL = LogCaps()


class Log:
    """Takes pieces of output; writes whole, harmless lines to ``file`` and hands them to ``on_line``.

    ``secrets`` and ``names`` are those of `Mask`. Where more is printed than ``caps`` allow, a line in its place says
    how much is left out; ``on_line`` gets the last lines in any case.
    """

    def __init__(  # budget: what a log is made of
        self,
        file: Path,
        *,
        on_line: Callable[[str], None],
        secrets: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
        tail: int = 25,
        caps: LogCaps = USUAL,
    ) -> None:
        self.file = file
        self._on_line = on_line
        self._mask = Mask(secrets=secrets, names=names)
        self._caps = caps
        self._lines = Lines(self._mask, caps.line)
        self._tail: deque[str] = deque(maxlen=tail)
        self._written = self._shown = 0
        self._end: _End | None = None
        self._stream: FileIO | None = None

    def __enter__(self) -> Self:
        """Open the file; what was in it goes."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self.file.open("wb", buffering=0)
        return self

    def __exit__(self, *exc: object) -> None:
        """Write what is owed, the last line even when it was not ended, and close the file."""
        try:
            if self._end is not None:
                self._write_end(self._end)
                self._end = None
            self._take(self._lines.end())
            if self._shown > self._caps.shown:
                for line in self._tail:
                    self._on_line(line)
        finally:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    def write(self, piece: bytes) -> None:
        """Take a piece of output, which may end anywhere."""
        if self._end is not None:
            self._end.add(piece)
            return
        self._take(self._lines.feed(piece))
        if self._written >= self._caps.head:
            self._end = _End(self._caps.end)

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines."""
        return tuple(self._tail)

    def _write_end(self, end: _End) -> None:
        """Write the last lines of a log of which the middle is left out."""
        if end.left_out:
            self._take(self._lines.end())
            whole = end.kept(self._mask.longest)
            self._take(f"({size(end.seen - len(whole))} of the log are left out here)\n")
        else:
            whole = end.kept(0)
        for start in range(0, len(whole), _MIB):
            self._take(self._lines.feed(whole[start : start + _MIB]))

    def _take(self, text: str) -> None:
        if not text:
            return
        data = text.encode()
        if self._stream is not None:
            self._put(data, self._stream)
        self._written += len(data)
        self._tail.extend(text[:-1].rsplit("\n", self._tail.maxlen or 1)[-(self._tail.maxlen or 1) :])
        self._tell(text)

    def _put(self, data: bytes, stream: FileIO) -> None:
        try:
            left = memoryview(data)
            while left:
                left = left[stream.write(left) :]
        except OSError as error:
            raise MachineError(
                f"cannot write the log {self.file}: {error.strerror}", remedy="make room on its disk"
            ) from error

    def _tell(self, text: str) -> None:
        if self._shown > self._caps.shown:
            return
        for line in text[:-1].split("\n"):
            self._on_line(line)
        self._shown += len(text)
        if self._shown > self._caps.shown:
            self._on_line(f"(much is printed: more goes to {self.file} only, until the last lines)")


class _End:
    """The last ``most`` bytes of a long output, and a little more."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: deque[bytes] = deque()
        self._length = 0
        self.seen = 0

    @property
    def left_out(self) -> bool:
        """Whether there was more than is kept."""
        return self.seen > self._length

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self._pieces.append(piece)
        self.seen += len(piece)
        self._length += len(piece)
        while self._length - len(self._pieces[0]) >= self._most:
            self._length -= len(self._pieces.popleft())

    def kept(self, margin: int) -> bytes:
        """Return what is kept; where something before it is missing, without ``margin``, from the next line on.

        A secret of which the beginning is missing would not be known as one.
        """
        whole = b"".join(self._pieces)
        if self.left_out:
            begun = min(margin, len(whole))
            whole = whole[whole.find(b"\n", begun) + 1 or begun :]
        return whole
