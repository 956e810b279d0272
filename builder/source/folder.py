"""A folder beside a recipe as a source: which of its paths count, what they hash to, how they are copied."""

from __future__ import annotations

import codecs
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from builder.errors import Place, SourceError
from builder.model.frozen import frozen
from builder.model.globs import Globs
from builder.model.payload import EntryKind
from builder.model.recipe import GlobList, PathSource
from builder.source.ignored import GIT, PACKAGE, Ignored

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", "CVS", "_darcs"})
_PIECE = 1 << 18
Rules = tuple[Ignored, ...]


@frozen
class Item:
    """One path of a folder: ``path`` is relative with slashes, ``place`` where it lies."""

    path: str
    place: Path
    kind: EntryKind
    executable: bool = False


def items_of(source: PathSource, root: Path) -> tuple[Item, ...]:
    """Return the paths of the folder ``root`` that ``source`` takes; see `items`."""
    return items(root, source.filter, ignoring=(PACKAGE, GIT) if source.use_gitignore else (PACKAGE,))


def items(root: Path, chosen: GlobList, *, ignoring: tuple[str, ...] = ()) -> tuple[Item, ...]:
    """Return the paths below ``root`` that count, sorted by code points (CEP 19's order).

    Folders of version control systems never count. With globs, only files and links that they select do, and folders
    only as far as those need them. The same holds of what the files of rules that are called ``ignoring`` leave out,
    where there are such files; the first name whose rules say something of a path decides. Symlinks are never followed.
    Raises `SourceError` for sockets, FIFOs and devices.
    """
    found = list(_walk(root, "", tuple(Ignored(file=name).inside(root, 0) for name in ignoring)))
    if chosen:
        try:
            globs = Globs(chosen)
        except ValueError as error:
            raise SourceError(str(error), code="source.filter") from error
        found = [item for item in found if item.kind is not EntryKind.DIRECTORY and globs.matches(item.path)]
    return tuple(sorted(found, key=lambda item: item.path))


def _walk(folder: Path, prefix: str, rules: Rules) -> Iterator[Item]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in _VERSION_CONTROL:
                continue
            path = prefix + entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if _is_left_out(path, rules, is_folder=stat.S_ISDIR(mode)):
                continue
            if stat.S_ISDIR(mode):
                yield from _walk_folder(Item(path=path, place=Path(entry.path), kind=EntryKind.DIRECTORY), rules)
            elif stat.S_ISLNK(mode):
                yield Item(path=path, place=Path(entry.path), kind=EntryKind.SYMLINK)
            elif stat.S_ISREG(mode):
                yield Item(path=path, place=Path(entry.path), kind=EntryKind.FILE, executable=bool(mode & 0o111))
            else:
                raise SourceError(
                    "neither a file, a folder nor a link", code="source.irregular", place=Place(file=entry.path)
                )


def _is_left_out(path: str, rules: Rules, *, is_folder: bool) -> bool:
    verdicts = (ignored.verdict(path, is_folder=is_folder) for ignored in rules)
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _walk_folder(folder: Item, rules: Rules) -> Iterator[Item]:
    """Yield a folder and all in it; where rules hold, it must hold something that counts, as for git."""
    inner = tuple(ignored.inside(folder.place, folder.path.count("/") + 1) for ignored in rules)
    below = _walk(folder.place, f"{folder.path}/", inner)
    if any(ignored.exist for ignored in inner):
        first = next(below, None)
        if first is None:
            return
        below = chain((first,), below)
    yield folder
    yield from below


def copy(found: tuple[Item, ...], into: Path) -> None:
    """Copy ``found`` below ``into``: links as links, modes 0644 and 0755, times as they are (make reads them)."""
    for item in found:
        place = into / item.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if item.kind is EntryKind.DIRECTORY:
            place.mkdir(exist_ok=True)
        elif item.kind is EntryKind.SYMLINK:
            place.symlink_to(item.place.readlink())
        else:
            copy_file(item.place, place, executable=item.executable)


def copy_file(source: Path, target: Path, *, executable: bool = False) -> None:
    """Copy one file's bytes and times; the mode is 0755 or 0644."""
    shutil.copyfile(source, target)
    shutil.copystat(source, target)
    target.chmod(0o755 if executable else 0o644)


def keep_only(root: Path, chosen: GlobList) -> None:
    """Delete from the unpacked tree at ``root`` what ``chosen`` does not select, and folders that are empty then."""
    kept = {item.path for item in items(root, chosen)}
    for item in reversed(items(root, GlobList())):
        if item.kind is not EntryKind.DIRECTORY:
            if item.path not in kept:
                item.place.unlink()
        elif next(item.place.iterdir(), None) is None:
            item.place.rmdir()


def merge(source: Path, target: Path) -> Path | None:
    """Move everything below the folder ``source`` below ``target``, on the same file system.

    Folders are merged; returns the first path that both have and that is not a folder in both, None when all moved.
    """
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        if not place.is_symlink() and not place.exists():
            entry.rename(place)
        elif place.is_symlink() or entry.is_symlink() or not (place.is_dir() and entry.is_dir()):
            return place
        elif (twice := merge(entry, place)) is not None:
            return twice
    return None


def digest(found: tuple[Item, ...]) -> str:
    """Return the sha256 that a recipe key needs: over paths, kinds, bytes, link targets and executable bits.

    CEP 19's hash (`contents_digest`) does not serve: it forgets executable bits and line ends, with which a build can
    change, and does not frame what it hashes.
    """
    whole = hashlib.sha256()
    for item in found:
        whole.update(f"{item.kind}\0{int(item.executable)}\0".encode())
        whole.update(os.fsencode(item.path) + b"\0")
        inner = hashlib.sha256(os.fsencode(item.place.readlink()) if item.kind is EntryKind.SYMLINK else b"")
        if item.kind is EntryKind.FILE:
            for piece in _pieces(item.place):
                inner.update(piece)
        whole.update(inner.digest())
    return whole.hexdigest()


def contents_digest(found: tuple[Item, ...]) -> str:
    """Return the sha256 of a folder's contents by CEP 19: the same on every platform and after any checkout."""
    whole = hashlib.sha256()
    for item in found:
        whole.update(item.path.encode("utf-8", "surrogateescape"))
        match item.kind:
            case EntryKind.DIRECTORY:
                whole.update(b"D")
            case EntryKind.SYMLINK:
                whole.update(b"L" + os.fsencode(item.place.readlink()))
            case EntryKind.FILE:
                whole.update(b"F")
                whole = _with_contents(whole, item.place)
        whole.update(b"-")
    return whole.hexdigest()


def _with_contents(before: hashlib._Hash, path: Path) -> hashlib._Hash:
    """Return ``before`` fed with the file: with normalised line ends when all of it is UTF-8, else byte by byte.

    Both are computed in one pass, since only the end of the file tells which one holds.
    """
    as_bytes, as_text = before.copy(), before.copy()
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_text, held = True, b""
    for piece in _pieces(path):
        as_bytes.update(piece)
        if not is_text:
            continue
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            is_text = False
            continue
        joined = held + piece
        held = b"\r" if joined.endswith(b"\r") else b""
        as_text.update(joined[: len(joined) - len(held)].replace(b"\r\n", b"\n"))
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        is_text = False
    as_text.update(held)
    return as_text if is_text else as_bytes


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece
