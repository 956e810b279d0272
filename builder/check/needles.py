"""Searching bytes for paths that must not be there."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Iterator, Sequence

from builder.archive.inside import windows
from builder.binary import Data
from builder.model.frozen import frozen

_CHUNK = 1 << 22
_AFTER = re.compile(rb"[A-Za-z0-9_-]")
_SHOWN = 120
_SHORTEST_ROOT = 5


@frozen
class Needle:
    """A path to look for: ``text`` is the absolute path, ``what`` says what it is."""

    text: str
    what: str
    is_placeholder: bool = False

    @property
    def spellings(self) -> tuple[bytes, bytes]:
        """The path as UTF-8 and as UTF-16."""
        return self.text.encode(), self.text.encode("utf-16-le")


@frozen
class Needles:
    """Several paths that are looked for at once.

    Paths in a sandbox have one root, so that a file without that root, which is nearly every file, is searched twice
    (in UTF-8 and in UTF-16) and not twice for each path.
    """

    sought: tuple[Needle, ...]
    roots: tuple[bytes, ...]
    overlap: int

    @classmethod
    def of(cls, sought: Iterable[Needle]) -> Needles:
        """Prepare the search for ``sought``."""
        wanted = tuple(sought)
        root = os.path.commonpath([needle.text for needle in wanted]) if wanted else ""
        spellings = [spelling for needle in wanted for spelling in needle.spellings]
        return cls(
            sought=wanted,
            roots=(root.encode(), root.encode("utf-16-le")) if len(root) >= _SHORTEST_ROOT else (),
            overlap=max((len(spelling) for spelling in spellings), default=0) + 1,
        )

    def in_file(self, data: Data) -> Iterator[tuple[Needle, str]]:
        """Yield each path that stands in ``data``, once, with what stands around it, fit to be shown."""
        starts = range(0, len(data), _CHUNK)
        return self._in_windows(data[start : start + _CHUNK + self.overlap] for start in starts)

    def in_pieces(self, pieces: Iterable[bytes]) -> Iterator[tuple[Needle, str]]:
        """Yield each path that stands in the bytes that ``pieces`` are together, as `in_file` does."""
        return self._in_windows(window for _, window in windows(pieces, _CHUNK, self.overlap))

    def _in_windows(self, parts: Iterable[bytes]) -> Iterator[tuple[Needle, str]]:
        left: Sequence[Needle] = self.sought
        for window in parts:
            found = list(self._in_window(window, left))
            yield from found
            left = [needle for needle in left if needle not in {hit for hit, _ in found}]
            if not left:
                return

    def _in_window(self, window: bytes, left: Iterable[Needle]) -> Iterator[tuple[Needle, str]]:
        if self.roots and not any(root in window for root in self.roots):
            return
        for needle in left:
            for spelling in needle.spellings:
                at = _find(window, spelling)
                if at >= 0:
                    yield needle, _around(window, at)
                    break


def _find(window: bytes, spelling: bytes) -> int:
    """Return where ``spelling`` stands as a whole path, -1 when it does not: ``/w/work`` is not in ``/w/workshop``."""
    at = window.find(spelling)
    while at >= 0 and _AFTER.match(window, at + len(spelling)):
        at = window.find(spelling, at + 1)
    return at


def _around(window: bytes, at: int) -> str:
    line = re.split(rb"\n|\0(?!.\0)", window[at : at + 2 * _SHOWN], maxsplit=1)[0].replace(b"\0", b"")[:_SHOWN]
    return "".join(sign if sign.isprintable() else "." for sign in line.decode("utf-8", "replace"))
