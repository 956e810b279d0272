"""Finds the first difference of two packages that should be the same, and says where it is in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from builder.errors import SourceError
from builder.model.frozen import frozen

_DERIVED = ("info/paths.json", "info/bakehouse/")
"""What tells digests of other files: it differs whenever they do."""

_PIECE = 1 << 20
_SHOWN_BYTES = 16
_SHOWN_TEXT = 120
_AROUND = 200
_LARGEST_TEXT = 16 << 20

Extract = Callable[[Path, Path], None]
"""Unpacks a package file into an empty folder, with its metadata below ``info``; `SourceError` for what is none."""


@frozen
class Difference:
    """The first difference: in which archive (``member``) of the package, in which file, where in it.

    ``line`` counts from 1 where both files are text, ``offset`` from 0 where they are not; neither is there when the
    files differ in more than bytes. ``one`` and ``other`` show both sides, ``sides`` are the bytes around it as they
    are; ``reordered`` says that both files have the same lines.
    """

    member: str
    path: str
    one: str = ""
    other: str = ""
    line: int | None = None
    offset: int | None = None
    sides: tuple[bytes, bytes] = (b"", b"")
    reordered: bool = False

    @property
    def place(self) -> str:
        """Where it is, for people: ``line 3 of share/a (in pkg-a-1-0.tar.zst)``."""
        if not self.path:
            return self.member
        where = "" if self.line is None else f"line {self.line} of "
        where = where if self.offset is None else f"offset {self.offset} ({self.offset:#x}) of "
        return f"{where}{self.path} (in {self.member})"


def first_difference(one: Path, other: Path, scratch: Path, extract: Extract) -> Difference:
    """Return the first difference of two package files whose bytes differ; ``scratch`` is an empty folder to unpack in.

    Files of the payload come first, in their order, then metadata, and last what only repeats digests of the rest. A
    link comes before what lies below it in the other package, so none is followed.
    """
    trees = scratch / "one", scratch / "other"
    for package, tree in zip((one, other), trees, strict=True):
        tree.mkdir()
        try:
            extract(package, tree)
        except SourceError as error:
            return Difference(member=package.name, path="", one=f"cannot be read: {error}")
    stem = one.name.removesuffix(".conda")
    for path in sorted({*_paths(trees[0]), *_paths(trees[1])}, key=_rank):
        member = f"{'info' if path.startswith('info/') else 'pkg'}-{stem}.tar.zst" if stem != one.name else one.name
        found = _differ(trees[0] / path, trees[1] / path, member, path)
        if found is not None:
            return found
    return Difference(member=one.name, path="", one="packs the same files", other="otherwise")


def _rank(path: str) -> tuple[int, bytes]:
    rank = 2 if path.startswith(_DERIVED) else int(path.startswith("info/"))
    return rank, os.fsencode(path)


def _paths(tree: Path) -> Iterable[str]:
    for folder, folders, files in os.walk(tree):
        for name in chain(files, (one for one in folders if Path(folder, one).is_symlink())):
            yield Path(folder, name).relative_to(tree).as_posix()
        if not files and not folders:
            yield Path(folder).relative_to(tree).as_posix()


def _differ(one: Path, other: Path, member: str, path: str) -> Difference | None:
    """Return how two files differ, None if they do not."""
    kinds = _kind(one), _kind(other)
    if kinds[0] != kinds[1]:
        return Difference(member=member, path=path, one=kinds[0], other=kinds[1])
    if not (one.is_file() and not one.is_symlink()):
        return None
    offset = _first_offset(one, other)
    if offset is None:
        return None
    if max(one.stat().st_size, other.stat().st_size) <= _LARGEST_TEXT:
        texts = one.read_bytes(), other.read_bytes()
        if _is_text(texts[0]) and _is_text(texts[1]):
            return _in_lines(member, path, texts)
    start = max(0, offset - _AROUND)
    sides = _window(one, start), _window(other, start)
    return Difference(
        member=member,
        path=path,
        offset=offset,
        one=_hex(sides[0], offset - start),
        other=_hex(sides[1], offset - start),
        sides=(_around(sides[0], offset - start), _around(sides[1], offset - start)),
    )


def _window(path: Path, start: int) -> bytes:
    """Return the bytes around a difference, from ``start`` on."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(2 * _AROUND)


def _kind(path: Path) -> str:
    """Return what lies at ``path``, as far as a package knows it."""
    if path.is_symlink():
        return f"a link to {path.readlink()}"
    if path.is_dir():
        return "an empty folder"
    if path.is_file():
        return "a program" if os.access(path, os.X_OK) else "a file"
    return "nothing"


def _first_offset(one: Path, other: Path) -> int | None:
    """Return the offset of the first byte that differs, or of the shorter file's end."""
    start = 0
    with one.open("rb") as left, other.open("rb") as right:
        while True:
            pieces = left.read(_PIECE), right.read(_PIECE)
            if pieces[0] != pieces[1]:
                return start + _common(*pieces)
            if not pieces[0]:
                return None
            start += len(pieces[0])


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes are the same at the start."""
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _in_lines(member: str, path: str, sides: tuple[bytes, bytes]) -> Difference:
    one, other = (side.splitlines() for side in sides)
    number = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if number is None:
        number = min(len(one), len(other))
    lines = tuple(lines[number] if number < len(lines) else b"" for lines in (one, other))
    return Difference(
        member=member,
        path=path,
        line=number + 1,
        one=_shown(lines[0]),
        other=_shown(lines[1]),
        sides=(lines[0], lines[1]),
        reordered=sorted(one) == sorted(other),
    )


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}…"


def _hex(data: bytes, offset: int) -> str:
    """Return the bytes from ``offset`` on as hexadecimal digits and as text."""
    piece = data[offset : offset + _SHOWN_BYTES]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
    return f"{piece.hex(' '):<{3 * _SHOWN_BYTES - 1}}  {text}" if piece else "(the end)"


def _around(data: bytes, offset: int) -> bytes:
    """Return the printable text that ``offset`` lies in; nothing where it lies in none."""
    begin, end = offset, offset
    while begin > 0 and 32 <= data[begin - 1] < 127:
        begin -= 1
    while end < len(data) and 32 <= data[end] < 127:
        end += 1
    return data[begin:end]
