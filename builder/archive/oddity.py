"""What is odd about an archive and not refused: bits that were taken away, names that other systems take otherwise."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from enum import StrEnum

from builder.archive.member import Member, MemberKind
from builder.model.frozen import frozen

_SET_BITS, _ANYBODY_WRITES = 0o7000, 0o002

_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=[. ]|$)", re.IGNORECASE)
"""Devices of Windows, whatever extension they have (Microsoft, "Naming Files, Paths, and Namespaces")."""
_TURNING = re.compile("[\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the text around them, or begin a line: what people see is not what is there."""


class OddKind(StrEnum):
    """What may be odd."""

    SET_BITS = "set-bits"
    WRITABLE = "world-writable"
    NOT_UTF8 = "not-utf-8"
    BACKSLASH = "backslash"
    DECEIVING = "deceiving"
    RESERVED = "reserved-name"
    TRAILING = "trailing-dot-or-blank"
    COLLISION = "collision"


_WORDS = {
    OddKind.SET_BITS: "has set-user, set-group or sticky bits, which were dropped",
    OddKind.WRITABLE: "may be written by anybody, which was dropped",
    OddKind.NOT_UTF8: "has a name that is no UTF-8; its bytes are kept as they are",
    OddKind.BACKSLASH: "has a backslash in its name, which separates folders on Windows",
    OddKind.DECEIVING: "has invisible characters in its name, which show it as another",
    OddKind.RESERVED: "has a name that Windows keeps for a device",
    OddKind.TRAILING: "has a name that ends with a dot or a blank, which Windows drops",
}
ELSEWHERE = frozenset({OddKind.BACKSLASH, OddKind.RESERVED, OddKind.TRAILING, OddKind.COLLISION})
"""What is a mistake where the target's file systems take such names otherwise (Windows, macOS)."""
NEVER_PACKED = {
    OddKind.BACKSLASH: "has a backslash in its path, which separates folders where some install it",
    OddKind.DECEIVING: "has characters in its path that show it as another",
}
"""What no package may hold: installers read the one in different ways, people the other."""


@frozen
class Oddity:
    """One kind of thing that is odd: ``path`` is the first member of ``count`` with it, ``sentence`` tells people."""

    kind: OddKind
    path: str
    sentence: str
    count: int = 1


class Oddities:
    """Collects what is odd, one `Oddity` for each kind, so that no archive can fill a report."""

    def __init__(self) -> None:
        self._first: dict[OddKind, tuple[str, str]] = {}
        self._counts: dict[OddKind, int] = {}

    def note(self, kind: OddKind, path: str, words: str = "") -> None:
        """Note that the member at ``path`` is odd; ``words`` say how, where the kind alone does not."""
        self._first.setdefault(kind, (path, words or _WORDS[kind]))
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def told(self) -> tuple[Oddity, ...]:
        """Return what was noted, in the order of the kinds."""
        return tuple(
            Oddity(kind=kind, path=path, sentence=_sentence(path, words, self._counts[kind]), count=self._counts[kind])
            for kind in OddKind
            if kind in self._first
            for path, words in [self._first[kind]]
        )


def _sentence(path: str, words: str, count: int) -> str:
    more = f" (and {count - 1:,} more like it)" if count > 1 else ""
    return f"member {path[:200]!r} {words}{more}"


def odd_modes(member: Member) -> Iterator[OddKind]:
    """Yield what is odd about a member's mode; those of links mean nothing, a folder's set bits little.

    With its sticky bit a folder is one for temporary files, in which nobody touches another's: ``/tmp`` of a system.
    """
    if member.kind in {MemberKind.FILE, MemberKind.DIRECTORY}:
        is_file = member.kind is MemberKind.FILE
        if member.mode & _SET_BITS and is_file:
            yield OddKind.SET_BITS
        if member.mode & _ANYBODY_WRITES and (is_file or not member.mode & stat.S_ISVTX):
            yield OddKind.WRITABLE


_MAYBE_A_DEVICE = r"[aAcClLnNpP][oOrRuUpP][nNxXlLmMtT](?:[0-9]?(?:[./]|$)|(?i:in|out)\$)"
_USUAL = re.compile(rf"(?:(?!{_MAYBE_A_DEVICE})[!-.0-\[\]-~]++(?<!\.)(?:/(?!$)|$))++")


def is_usual(path: str) -> bool:
    """Whether a path is in shortest form and ASCII, without blanks, backslashes and the names of devices.

    Nothing can be wrong or odd about it but its length. Nearly all are so, and this is quickly seen.
    """
    return _USUAL.fullmatch(path) is not None


def odd_names(path: str) -> Iterator[OddKind]:
    """Yield what is odd about a path in shortest form; a name that is no UTF-8 has surrogates."""
    if "\\" in path:
        yield OddKind.BACKSLASH
    if not path.isascii():
        if any("\ud800" <= letter <= "\udfff" for letter in path):
            yield OddKind.NOT_UTF8
        if _TURNING.search(path):
            yield OddKind.DECEIVING
    parts = path.split("/")
    if any(_RESERVED.match(part) for part in parts):
        yield OddKind.RESERVED
    if any(part.endswith((".", " ")) for part in parts):
        yield OddKind.TRAILING


def collisions(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each path that is another one's where case or the form of accents does not count, with that other."""
    seen: dict[str, str] = {}
    for path in paths:
        folded = path.lower() if path.isascii() else _folded(path)
        other = seen.setdefault(folded, path)
        if other is not path:
            yield path, other


def _folded(path: str) -> str:
    """Return ``path`` as a file system that ignores case and accents' forms compares it (Unicode, D146)."""
    import unicodedata  # most archives have nothing but ASCII

    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
