"""The plain files of a package, told apart when it is unpacked, since linking takes them as they are.

Nearly all files of a package are plain: they hold no prefix, are no links, and go where they lie in it. What remains,
the rest, is kept beside it as a small package of its own, the only part that rattler has to look at when it links.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.archive.metadata import noarch_kind
from builder.environment.prefix_record import plain_paths
from builder.model.frozen import frozen
from builder.store import remove_tree

_PLAIN = "plain"
_INFO = "info"
_PATHS = "paths.json"
_KEYS = {"_path", "path_type", "sha256", "size_in_bytes"}
_NAME = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')
"""Paths that are their own text in JSON."""
_DIGEST = re.compile("[0-9a-f]{64}")


@frozen
class Apart:
    """A package whose plain files are known: ``tree`` is all of it, ``rest`` the same without them.

    ``folders`` are the names of the plain files in each folder, ``special`` the sorted paths of all others, and
    ``record`` is what a prefix record says of files, with a hole for each of the special ones.
    """

    tree: Path
    rest: Path
    folders: Mapping[str, Sequence[str]]
    special: tuple[str, ...]
    record: str

    @classmethod
    def read(cls, tree: Path, place: Path) -> Apart | None:
        """Return what `set_apart` kept in ``place`` of the package ``tree``; None when that cannot be read."""
        try:
            head, _, record = _content(place / _PLAIN).decode().partition("\n")
            found = json.loads(head)
            folders, special = found["folders"], tuple(found["special"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(tree=tree, rest=place / tree.name, folders=folders, special=special, record=record)

    def names(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each folder with names in it, those of special files one by one."""
        yield from self.folders.items()
        for path in self.special:
            folder, _, name = path.rpartition("/")
            yield folder, (name,)


def contended(packages: Mapping[str, Apart]) -> frozenset[str]:
    """Return the names of those packages that bring a path which another one of them brings too."""
    brought: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for package, apart in packages.items():
        for folder, names in apart.names():
            brought.setdefault(folder, []).append((package, names))
    found = set[str]()
    for several in brought.values():
        first: dict[str, str] = {}
        for package, names in several if len(several) > 1 else ():
            others = {first.setdefault(name, package) for name in names} - {package}
            found |= {package, *others} if others else others
    return frozenset(found)


def set_apart(tree: Path, place: Path) -> None:
    """Keep in the new folder ``place`` the rest of the package ``tree``, its files by other names, and what is plain.

    Nothing is kept of a package that has no plain files, goes elsewhere with each Python, or says what is not
    understood: then rattler links all of it, and complains.
    """
    told = _told(tree)
    if told is None:
        return
    rest = place / tree.name
    try:
        for path in told.files:
            (rest / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(tree / path, rest / path, follow_symlinks=False)
        (rest / _INFO / _PATHS).write_bytes(told.paths)
        (place / _PLAIN).write_bytes(told.plain)
    except OSError:
        remove_tree(place)


def is_set_apart(tree: Path, place: Path) -> bool:
    """Whether ``place`` holds what `set_apart` makes of the package ``tree``, if there is such a folder at all."""
    if not place.exists():
        return True
    told, rest = _told(tree), place / tree.name
    return (
        told is not None
        and _content(place / _PLAIN) == told.plain
        and _content(rest / _INFO / _PATHS) == told.paths
        and all(os.path.samestat((tree / path).lstat(), (rest / path).lstat()) for path in told.files)
    )


def _content(path: Path) -> bytes:
    """Return a file's bytes; none of what is no file, which could be waited for in vain."""
    return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else b""


@frozen
class _Told:
    """What is kept of a package: the paths of those ``files`` that are linked, and the bytes of two new ones."""

    files: frozenset[str]
    paths: bytes
    plain: bytes


def _told(tree: Path) -> _Told | None:
    """Tell the plain files of the package ``tree`` from others; None where it has none or is not understood."""
    try:
        index = json.loads((tree / _INFO / "index.json").read_bytes())
        declared = json.loads((tree / _INFO / _PATHS).read_bytes())
        entries = {str(entry["_path"]): entry for entry in declared["paths"]}
        known = declared["paths_version"] == 1 and len(entries) == len(declared["paths"])
        known &= noarch_kind(index.get("noarch")) in {None, "generic"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    there = dict(_files(tree))
    plain = {path: entry for path, entry in entries.items() if there.get(path) and _is_plain(path, entry)}
    special = sorted(set(entries) - set(plain))
    if not known or not plain:
        return None
    about = [f"{_INFO}/{entry.name}" for entry in os.scandir(tree / _INFO) if entry.is_file(follow_symlinks=False)]
    paths = json.dumps({"paths": [entries[path] for path in special], "paths_version": 1})
    try:
        text = _text(plain, special).encode()
    except UnicodeEncodeError:
        return None
    return _Told(
        files=frozenset(path for path in (*special, *about) if path in there) - {f"{_INFO}/{_PATHS}"},
        paths=paths.encode(),
        plain=text,
    )


def _files(tree: Path) -> Iterator[tuple[str, bool]]:
    """Give the path of each file and link below ``tree``, and whether it is a file; no folder is reached by a link."""
    todo = [""]
    while todo:
        above = todo.pop()
        with os.scandir(tree / above) as entries:
            for entry in entries:
                path = f"{above}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    todo.append(f"{path}/")
                else:
                    yield path, entry.is_file(follow_symlinks=False)


def _is_plain(path: str, entry: Mapping[str, Any]) -> bool:
    """Whether an entry of ``paths.json`` says where a file is, its size and its digest, and nothing else."""
    return (
        set(entry) == _KEYS
        and entry["_path"] == path
        and entry["path_type"] == "hardlink"
        and type(entry["size_in_bytes"]) is int
        and entry["size_in_bytes"] >= 0
        and isinstance(entry["sha256"], str)
        and _DIGEST.fullmatch(entry["sha256"]) is not None
        and _NAME.fullmatch(path) is not None
    )


def _text(plain: Mapping[str, Mapping[str, Any]], special: Sequence[str]) -> str:
    folders: dict[str, list[str]] = {}
    for path in sorted(plain):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    head = json.dumps({"folders": dict(sorted(folders.items())), "special": special}, separators=(",", ":"))
    return f"{head}\n{plain_paths({**plain, **dict.fromkeys(special)})}"
