"""A small, fast reader of tar: ustar, GNU long names, and the pax records path, linkpath, size and mtime.

The standard library's reader does far more and costs six times as much on an archive of many small files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from zlib import adler32

from builder.archive.member import DIRECTORY, FILE, HARDLINK, SYMLINK, MalformedError, Member

BLOCK = 512
_ZERO = bytes(BLOCK)
_PIECE = 1 << 20
_LARGEST_OCTAL = 8**11
_SPARSE = "GNU.sparse"
_HEADER = "pax header"
_OF_ONE = ("path", "linkpath", "size", _HEADER)
_USED = (*_OF_ONE, "mtime")
_LONGEST_EXTENSION = 1 << 20
_LATEST = 2**40
"""In seconds since 1970; fields have room for times that no system has."""
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_DECIMAL = re.compile(rb"(-?\d{1,20})(?:\.\d*)?")
_PAX_RECORD = re.compile(rb"(\d{1,7}) ([^=]+)=")

_KINDS = {
    b"0": FILE,
    b"\0": FILE,
    b"7": FILE,
    b"1": HARDLINK,
    b"2": SYMLINK,
    b"5": DIRECTORY,
}
_LINKS = (SYMLINK, HARDLINK)  # no set: for one, Python works out a member's hash each time
_EXTENSIONS = frozenset({b"L", b"K", b"x", b"g"})
_REFUSED = {b"3": "a character device", b"4": "a block device", b"6": "a FIFO", b"S": "a sparse file"}

Pieces = Iterator[memoryview]


class Stream:
    """Pieces of any length as a stream to take exact lengths from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes; fewer at the end."""
        at, end = self._at, self._at + count
        if end <= len(self._buffer):
            self._at = end
            return self._buffer[at:end]
        parts = [self._buffer[at:]]
        missing = count - len(parts[0])
        self._buffer, self._at = b"", 0
        while missing > 0 and (piece := next(self._pieces, b"")):
            parts.append(piece[:missing])
            if len(piece) > missing:
                self._buffer, self._at = piece, missing
            missing -= len(parts[-1])
        return b"".join(parts)

    def exactly(self, count: int) -> bytes:
        """Return the next ``count`` bytes, or raise `MalformedError` when the stream ends before."""
        taken = self.take(count)
        if len(taken) < count:
            raise MalformedError("the archive is cut off")
        return taken

    def skip(self, count: int) -> None:
        """Leave out the next ``count`` bytes, which must be there."""
        end = self._at + count
        if end <= len(self._buffer):
            self._at = end
        else:
            self.exactly(count)

    def drain(self, *, zeros: bool = False) -> None:
        """Read what is left and forget it: damage there is damage, and checksums come last.

        With ``zeros`` it must be nothing else.
        """
        while rest := self.take(_PIECE):
            if zeros and rest.count(0) < len(rest):
                raise MalformedError("something follows the end of the tar archive")

    def pieces(self, count: int) -> Pieces:
        """Return an iterator over the next ``count`` bytes that does not copy them together."""
        at, end = self._at, self._at + count
        if end > len(self._buffer):
            return self._pieces_of(count)
        self._at = end
        return iter((memoryview(self._buffer)[at:end],) if count else ())

    def _pieces_of(self, count: int) -> Pieces:
        while count:
            if self._at == len(self._buffer):
                self._buffer, self._at = next(self._pieces, b""), 0
                if not self._buffer:
                    raise MalformedError("the archive is cut off")
            piece = memoryview(self._buffer)[self._at : self._at + count]
            self._at += len(piece)
            count -= len(piece)
            yield piece


def looks_like_tar(start: bytes) -> bool:
    """Whether the first block of a file is a tar header, or the end of an empty archive."""
    try:
        return start == _ZERO or (len(start) == BLOCK and _checked(start) >= 0)
    except MalformedError:
        return False


def read_tar(stream: Stream, *, whole: bool = False) -> Iterator[tuple[Member, Pieces]]:
    """Yield each member with its content; what the caller leaves of a content is skipped.

    What one reader takes for this and another for that is refused: a member that is described twice, a link or folder
    with a content, one description of path or size for all members. With ``whole`` there must be an end, and nothing
    but zeros after it; and folders say that they are.

    Raises:
        MalformedError: damaged, cut off, ambiguous, or a kind of member that no archive of ours may hold.
    """
    common: dict[str, bytes] = {}
    own: dict[str, bytes] = {}
    while True:
        header = stream.take(BLOCK)
        if header == _ZERO or not header:
            if own or (whole and not header):
                raise MalformedError("the archive is cut off")
            stream.drain(zeros=whole)
            return
        if len(header) < BLOCK:
            raise MalformedError("the archive is cut off")
        size = _checked(header)
        flag = header[156:157]
        if flag in _EXTENSIONS:
            if own and flag == b"g":  # readers do not agree on whether it takes away what stands before it
                raise MalformedError("a pax header for all members stands between a member and what describes it")
            _extend(flag, _extension(stream, size, flag), common if flag == b"g" else own)
            continue
        member = _member(header, flag, size, common | own if common else own)
        if whole and member.kind is DIRECTORY and flag != b"5":  # a folder for GNU tar, a file for others
            raise MalformedError(f"member {member.path[:200]!r} is a file with the name of a folder")
        own = {}
        content = stream.pieces(member.size)
        yield member, content
        for _ in content:
            pass
        if padding := -member.size % BLOCK:
            stream.skip(padding)


def _checked(header: bytes) -> int:
    """Return the size field of a header whose checksum is right."""
    said = header[148:156]
    # The lower half of Adler-32 is the sum of the bytes, as long as that is less than 65521: of 256 bytes it is.
    found = (adler32(header[:256], 0) & 0xFFFF) + (adler32(header[256:], 0) & 0xFFFF) - (adler32(said, 0) & 0xFFFF)
    if found + 8 * 32 != _number(said):
        raise MalformedError("a tar header is damaged")
    return _number(header[124:136])


@lru_cache(maxsize=1 << 12)  # modes and times are the same in member after member
def _number(field: bytes) -> int:
    """Return a number written in octal digits, or in base 256 when the first bit is set (GNU)."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else int.from_bytes(field, "big", signed=True)
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise MalformedError("a tar header is damaged")
    return int(found[1] or b"0", 8)


def _extension(stream: Stream, size: int, flag: bytes) -> bytes:
    if not 0 <= size <= _LONGEST_EXTENSION:
        raise MalformedError(f"a tar header extension of {size} bytes")
    blocks = stream.exactly(size + -size % BLOCK)
    if flag in b"LK" and blocks.count(0, size) < len(blocks) - size:  # GNU tar would read on, up to a zero
        raise MalformedError("a long name goes on behind its end")
    return blocks[:size]


def _extend(flag: bytes, data: bytes, known: dict[str, bytes]) -> None:
    """Add what an extension says to what is ``known`` of the next member, or of all that follow."""
    if flag in b"LK":
        _note("path" if flag == b"L" else "linkpath", data.rstrip(b"\0"), known)
        return
    at = 0
    while at < len(data):
        found = _PAX_RECORD.match(data, at)
        end = at + int(found[1]) if found else 0
        if found is None or not found.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise MalformedError("a pax header is damaged")
        name = found[2].decode("utf-8", "replace")
        if name in _OF_ONE and flag == b"g":
            raise MalformedError(f"a pax header gives all members the same {name}")
        if name in _USED or name.startswith(_SPARSE):
            _note(_SPARSE if name.startswith(_SPARSE) else name, data[found.end() : end - 1], known)
        at = end
    if flag == b"x":
        _note(_HEADER, flag, known)


def _note(name: str, value: bytes, known: dict[str, bytes]) -> None:
    """Keep what one member is said to have; readers disagree on which of two counts, and on what nothing means."""
    if name in _OF_ONE and (name in known or not value):
        raise MalformedError(f"the {name} of a member is given {'twice' if name in known else 'as nothing'}")
    known[name] = value


def _member(header: bytes, flag: bytes, size: int, extra: dict[str, bytes]) -> Member:
    kind = _KINDS.get(flag)
    name = extra.get("path") or _name(header)
    if kind is None or _SPARSE in extra:
        what = _REFUSED.get(flag, "a sparse file" if kind else f"of the unknown kind {flag!r}")
        raise MalformedError(f"member {_text(name)[:200]!r} is {what}")
    if kind is FILE:
        if name.endswith(b"/"):  # before ustar, folders were files with a slash
            kind = DIRECTORY
        elif "size" in extra:
            size = _size(extra["size"], size, name)
        if size < 0:
            raise MalformedError(f"member {_text(name)[:200]!r} has a negative size")
    if kind is not FILE and (size or _decimal(extra.get("size", b"0"))):
        raise MalformedError(f"member {_text(name)[:200]!r} is a {kind} with a content")
    mtime = _decimal(extra["mtime"]) if "mtime" in extra else _number(header[136:148])
    target = None
    if kind in _LINKS:
        target = _text(extra.get("linkpath") or header[157:257].split(b"\0", 1)[0])
    mode = _number(header[100:108]) & 0o7777
    return Member(_text(name), kind, mode, size, min(max(0, mtime), _LATEST), target)


def _size(said: bytes, size: int, name: bytes) -> int:
    """Return the size that pax gives; the header must give the same, unless it has no room for that."""
    found = _decimal(said)
    if size != found and (size or found < _LARGEST_OCTAL):
        raise MalformedError(f"member {_text(name)[:200]!r} has two sizes: {size} and {found}")
    return found


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    if not header[345]:
        return name
    # Only POSIX has a prefix here; GNU keeps other things in the same place, which some readers take for one.
    if header[257:265] != b"ustar\x0000":
        raise MalformedError(f"member {_text(name)[:200]!r} has a prefix that is none")
    return header[345:500].split(b"\0", 1)[0] + b"/" + name


def _decimal(field: bytes) -> int:
    """Return a pax number in whole units."""
    found = _DECIMAL.fullmatch(field)
    if found is None:
        raise MalformedError("a pax header is damaged")
    return int(found[1])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
