"""The log of a script: bytes become lines, lines are masked, the last ones are kept for errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Self

from builder.script.masking import Mask

_LONGEST_LINE = 64 * 1024
_LARGEST_FILE = 256 * 1024 * 1024


class Log:
    """Takes pieces of output; writes whole, masked lines to ``file`` and hands them to ``on_line``.

    A line longer than 64 KiB is cut into such pieces. ``secrets`` and ``names`` are those of `Mask`. The file is as
    complete as ``largest`` bytes allow; what comes after only passes through ``on_line`` and ``tail``.
    """

    def __init__(  # budget: what a log is made of
        self,
        file: Path,
        *,
        on_line: Callable[[str], None],
        secrets: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
        tail: int = 25,
        largest: int = _LARGEST_FILE,
    ) -> None:
        self.file = file
        self._on_line = on_line
        self._mask = Mask(secrets=secrets, names=names)
        self._tail: deque[str] = deque(maxlen=tail)
        self._left = largest
        self._rest = b""
        self._stream: IO[str] | None = None

    def __enter__(self) -> Self:
        """Open the file; what was in it goes."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self.file.open("w", encoding="utf-8")
        return self

    def __exit__(self, *exc: object) -> None:
        """Write the last line even when it was not ended, and close the file."""
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def write(self, piece: bytes) -> None:
        """Take a piece of output, which may end anywhere."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > _LONGEST_LINE + self._mask.longest:
            self._cut()

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines."""
        return tuple(self._tail)

    def _cut(self) -> None:
        """Take the front of a line that does not end; a secret may just have begun, so that its length stays behind."""
        text = self._mask.hide(self._rest.decode("utf-8", errors="surrogateescape"))
        whole = text.encode("utf-8", errors="surrogateescape")
        front = max(len(whole) - self._mask.longest, 0)
        self._rest = whole[front:]
        if front:
            self._take(whole[:front])

    def _take(self, line: bytes) -> None:
        text = self._mask.show(line.rstrip(b"\r").decode("utf-8", errors="replace"))
        for start in range(0, len(text) or 1, _LONGEST_LINE):
            self._say(text[start : start + _LONGEST_LINE])

    def _say(self, text: str) -> None:
        self._tail.append(text)
        if self._stream is not None and self._left > 0:
            self._left -= len(text) + 1
            self._stream.write(text + "\n" if self._left > 0 else "(the log is larger than is kept)\n")
        self._on_line(text)
