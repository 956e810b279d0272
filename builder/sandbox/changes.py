"""Tells what commands did to an overlay or to a copy of its lower folders: new, changed, deleted and irregular paths.

In an overlay's upper folder a deleted path is a character device 0:0, and a folder that replaces the lower one whole
carries an attribute (the kernel's ``Documentation/filesystems/overlayfs.rst``, in the ``userxattr`` form).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.model.payload import Entry, EntryKind
from builder.sandbox.values import Changes

_OPAQUE = "user.overlay.opaque"
_PIECE = 1 << 20


@frozen
class _Folder:
    """A folder still to look at: ``path`` in the overlay, ``lower`` its folders below, the first one on top.

    ``complete`` says that what it lacks is gone (a copy, an opaque folder); else it holds only differences.
    """

    here: Path
    path: str
    lower: tuple[Path, ...]
    complete: bool


@frozen
class _Below:
    """What the lower folders have at one path: a file or symlink, or folders, or nothing."""

    file: Path | None = None
    folders: tuple[Path, ...] = ()


@frozen(kw_only=False)
class _Found:
    """What is known so far, and the folders still to look at."""

    todo: list[_Folder]
    new: dict[str, Entry] = field(default_factory=dict)
    changed: dict[str, Entry] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    irregular: set[str] = field(default_factory=set)


def changes_of_overlay(upper: Path, lower: tuple[Path, ...]) -> Changes:
    """Return the changes that lie in ``upper``; ``lower`` are plain folders, the first one on top.

    What its owner may not read is made readable on the way. Raises `MachineError` when reading fails.
    """
    return _walk(_Folder(here=upper, path="", lower=lower, complete=False))


def changes_of_copy(tree: Path, lower: tuple[Path, ...]) -> Changes:
    """Return how ``tree``, made as a copy of the ``lower`` folders, differs from them now; see `changes_of_overlay`."""
    return _walk(_Folder(here=tree, path="", lower=lower, complete=True))


def _walk(top: _Folder) -> Changes:
    found = _Found([top])
    while found.todo:
        folder = found.todo.pop()
        try:
            _look(found, folder)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise MachineError(f"cannot read {folder.here}: {error.strerror}", code="sandbox.unreadable") from error
            found.irregular.add(folder.path)
    return Changes(
        folder=top.here,
        new=tuple(entry for _, entry in sorted(found.new.items())),
        changed=tuple(entry for _, entry in sorted(found.changed.items())),
        deleted=tuple(sorted(found.deleted)),
        irregular=tuple(sorted(found.irregular)),
    )


def _look(found: _Found, folder: _Folder) -> None:
    """Compare one folder with the lower ones."""
    names = set()
    empty = True
    for item in _scan(folder.here):
        names.add(item.name)
        path = f"{folder.path}/{item.name}" if folder.path else item.name
        below = _below(folder.lower, item.name)
        status = item.stat(follow_symlinks=False)
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0 and not folder.complete:
            found.deleted.update(_files(path, below))
            continue
        empty = False
        if not _is_utf8(item.name) or (item.is_symlink() and not _is_utf8(_target(Path(item)))):
            found.irregular.add(os.fsencode(path).decode("utf-8", "backslashreplace"))
        elif stat.S_ISDIR(status.st_mode):
            if below.file is not None:
                found.deleted.add(path)
            complete = folder.complete or is_opaque(Path(item))
            found.todo.append(_Folder(here=Path(item), path=path, lower=below.folders, complete=complete))
        elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            found.deleted.update(_files(path, _Below(folders=below.folders)))
            _compare(found, _entry(Path(item), path, status), below)
        else:
            found.irregular.add(path)
    if folder.complete:
        for name in _names(folder.lower) - names:
            path = f"{folder.path}/{name}" if folder.path else name
            found.deleted.update(_files(path, _below(folder.lower, name)))
    if empty and folder.path and not folder.lower:
        found.new[folder.path] = Entry(path=folder.path, kind=EntryKind.DIRECTORY)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in ``folder``, after making it readable for its owner."""
    mode = folder.stat().st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    with os.scandir(folder) as items:
        return list(items)


def _entry(file: Path, path: str, status: os.stat_result) -> Entry:
    if stat.S_ISLNK(status.st_mode):
        return Entry(path=path, kind=EntryKind.SYMLINK, target=_target(file))
    if not status.st_mode & stat.S_IRUSR:
        file.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRUSR)
    executable = bool(status.st_mode & 0o111)
    return Entry(path=path, kind=EntryKind.FILE, content=file, executable=executable, size=status.st_size)


def _compare(found: _Found, entry: Entry, below: _Below) -> None:
    """Sort ``entry`` in: new, changed, or the same as below."""
    if below.file is None:
        found.new[entry.path] = entry
    elif not _is_same(entry, below.file):
        found.changed[entry.path] = entry


def _is_same(entry: Entry, below: Path) -> bool:
    status = below.lstat()
    if stat.S_ISLNK(status.st_mode):
        return entry.kind is EntryKind.SYMLINK and entry.target == _target(below)
    if entry.content is None or entry.size != status.st_size or entry.executable != bool(status.st_mode & 0o111):
        return False
    with entry.content.open("rb") as one, below.open("rb") as other:
        while piece := one.read(_PIECE):
            if piece != other.read(_PIECE):
                return False
    return True


def _below(lower: tuple[Path, ...], name: str) -> _Below:
    """Return what the lower folders show at ``name``: a file hides what is under it, folders are merged."""
    folders: list[Path] = []
    for layer in lower:
        path = layer / name
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(mode):
            folders.append(path)
            continue
        if not folders:
            return _Below(file=path)
        break
    return _Below(folders=tuple(folders))


def _names(lower: tuple[Path, ...]) -> set[str]:
    return {item.name for layer in lower for item in layer.iterdir()}


def _files(path: str, below: _Below) -> Iterator[str]:
    """Yield the files and symlinks at and below ``path`` in the lower folders."""
    todo = [(path, below)]
    while todo:
        path, below = todo.pop()
        if below.file is not None:
            yield path
        todo += [(f"{path}/{name}", _below(below.folders, name)) for name in _names(below.folders)]


def _target(link: Path) -> str:
    """Return a symlink's very text; `Path.readlink` would drop ``./`` and doubled slashes."""
    return os.readlink(link)  # noqa: PTH115


def is_opaque(folder: Path) -> bool:
    """Whether a folder of an upper folder hides all that is below it."""
    try:
        return os.getxattr(folder, _OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
