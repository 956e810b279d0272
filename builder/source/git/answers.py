"""Reads what a running git answers, with patience that ends: of a damaged object it announces more than it says."""

from __future__ import annotations

import os
import select

_PIECE = 1 << 16
_SECONDS = 30.0


class Answers:
    """What comes through a pipe; silence of ``seconds`` counts as its end."""

    def __init__(self, descriptor: int, seconds: float = _SECONDS) -> None:
        """Read from ``descriptor``, which nobody else reads from."""
        self._descriptor = descriptor
        self._patience = int(seconds * 1000)
        self._heard = select.poll()
        self._heard.register(descriptor, select.POLLIN)
        self._left = b""

    def line(self, most: int) -> bytes:
        """Return the next line with its end, or ``most`` bytes of it; less where the answers end."""
        while b"\n" not in self._left and len(self._left) < most:
            piece = self._more()
            if not piece:
                break
            self._left += piece
        return self._taken(self._left.find(b"\n", 0, most) + 1 or most)

    def some(self, most: int) -> bytes:
        """Return what is there, up to ``most`` bytes; nothing at the end."""
        self._left = self._left or self._more()
        return self._taken(most)

    def _taken(self, count: int) -> bytes:
        found, self._left = self._left[:count], self._left[count:]
        return found

    def _more(self) -> bytes:
        return os.read(self._descriptor, _PIECE) if self._heard.poll(self._patience) else b""
