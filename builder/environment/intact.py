"""Whether what lies unpacked or linked in the store still is what its packages say: every file is read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from builder.environment.layer import is_apart_sound, tree_in
from builder.environment.link import KIND as ENVIRONMENTS
from builder.environment.packages import KIND as PACKAGES
from builder.environment.tidy import LINKED
from builder.model.frozen import frozen

KINDS = (PACKAGES, ENVIRONMENTS)
"""The kinds of the store's folders whose content can be compared with something."""

_BLOCK = 1 << 18
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@frozen
class _Declared:
    """A file as a package declares it: its path below the folder and its sha256."""

    path: str
    sha256: str


class Reader:
    """Compares folders with what they say of themselves, and reads a file that has several names once."""

    def __init__(self) -> None:
        self._digests: dict[tuple[int, int], str] = {}

    def damage(self, kind: str, folder: Path) -> str | None:
        """Return the first path in ``folder`` that is not as declared, and why; None when all are.

        What no package declares (a list that cannot be read, an old one without digests) is no damage, except that a
        folder must have a list.
        """
        try:
            for declared in _declared(kind, folder):
                if (why := self._trouble(folder / declared.path, declared.sha256)) is not None:
                    return f"{declared.path} {why}"
            if kind == PACKAGES and not is_apart_sound(tree_in(folder)):
                return ".apart is not what the package says of its files"
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            return f"its list of files cannot be read ({type(error).__name__})"
        return None

    def _trouble(self, path: Path, sha256: str) -> str | None:
        if path.is_symlink():  # a list has the digest of what it leads to, which is looked at by its own name
            return None
        try:
            found = self._digest(path)
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return None if found == sha256 else f"has the sha256 {found}, not {sha256}"

    def _digest(self, path: Path) -> str:
        descriptor = os.open(path, _OPEN)
        try:
            status = os.fstat(descriptor)
            known = self._digests.get((status.st_dev, status.st_ino))
            if known is not None:
                return known
            digest = hashlib.sha256()
            while block := os.read(descriptor, _BLOCK):
                digest.update(block)
        finally:
            os.close(descriptor)
        return self._digests.setdefault((status.st_dev, status.st_ino), digest.hexdigest())


def _declared(kind: str, folder: Path) -> Iterator[_Declared]:
    if kind == PACKAGES:
        tree = tree_in(folder)
        entries = json.loads((tree / "info" / "paths.json").read_bytes())["paths"]
        yield from _entries(entries, f"{tree.name}/", "sha256")
        return
    clashing = _clashing(folder)
    for record in sorted((folder / "prefix" / "conda-meta").glob("*.json")):
        entries = _entries(json.loads(record.read_bytes())["paths_data"]["paths"], "prefix/", "sha256_in_prefix")
        yield from (declared for declared in entries if declared.path not in clashing)


def _clashing(folder: Path) -> frozenset[str]:
    """Return the paths that several packages bring: each is as one of them has it, in one spelling of several."""
    clashes = json.loads((folder / LINKED).read_bytes())["clashes"]
    found = ((one["path"], one.get("other")) if isinstance(one, dict) else (one[0],) for one in clashes)
    return frozenset(f"prefix/{path}" for paths in found for path in paths if path)


def _entries(paths: list[Mapping[str, str]], above: str, key: str) -> Iterator[_Declared]:
    """Yield what is declared; in a prefix some files are other than in the package, which another ``key`` says."""
    for entry in paths:
        sha256 = entry.get(key) or entry.get("sha256")
        if sha256 and entry.get("path_type") != "softlink":
            yield _Declared(path=above + entry["_path"], sha256=sha256)
