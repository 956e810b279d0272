"""The log of a script: bytes become lines, secrets become stars, the last lines are kept for errors."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

_LONGEST_LINE = 64 * 1024
_STARS = "********"


class Log:
    """Takes pieces of output; writes whole, masked lines to ``file`` and hands them to ``on_line``.

    A line longer than 64 KiB is cut into such pieces. ``secrets`` are masked as they are, in base64 and as part of an
    address.
    """

    def __init__(
        self, file: Path, *, on_line: Callable[[str], None], secrets: Iterable[str] = (), tail: int = 25
    ) -> None:
        self.file = file
        self._on_line = on_line
        self._masked = [form for secret in secrets if secret for form in _forms(secret)]
        self._tail: deque[str] = deque(maxlen=tail)
        self._rest = b""
        self._stream: IO[str] | None = None

    def __enter__(self) -> Self:
        """Open the file; what was in it goes."""
        self._stream = self.file.open("w", encoding="utf-8")
        return self

    def __exit__(self, *exc: object) -> None:
        """Write the last line even when it was not ended, and close the file."""
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        if self._stream is not None:
            self._stream.close()

    def write(self, piece: bytes) -> None:
        """Take a piece of output, which may end anywhere."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(line)
        while len(self._rest) > _LONGEST_LINE:
            self._take(self._rest[:_LONGEST_LINE])
            self._rest = self._rest[_LONGEST_LINE:]

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines."""
        return tuple(self._tail)

    def _take(self, line: bytes) -> None:
        text = line.rstrip(b"\r").decode("utf-8", errors="replace")
        for form in self._masked:
            text = text.replace(form, _STARS)
        self._tail.append(text)
        if self._stream is not None:
            self._stream.write(text + "\n")
        self._on_line(text)


def _forms(secret: str) -> list[str]:
    """Return a secret as it may stand in a log, the longest first."""
    plain = base64.b64encode(secret.encode()).decode()
    return sorted({secret, plain, plain.rstrip("="), quote(secret, safe="")}, key=len, reverse=True)
