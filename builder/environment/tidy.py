"""A freshly linked prefix without traces of when, where and by whom it was linked, and what is known of its files."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from builder.environment.apart import Apart
from builder.environment.clashes import clashes, read_clash, written_clash
from builder.environment.plain import EPOCH, FOLDER_MODE
from builder.environment.prefix_record import CLOBBERS, PrefixRecord, rewritten, woven
from builder.environment.records import canonical
from builder.model.environment import Clash
from builder.model.frozen import frozen
from builder.model.later import later
from builder.store import remove_tree

LINKED = "linked.json"
"""What is kept beside a prefix of how its packages met."""

_META = "conda-meta"
_CACHE_MARK = "CACHEDIR.TAG"
_PATHS = "paths.json"
_LINK_SCRIPTS = ("-pre-link.sh", "-post-link.sh", "-pre-unlink.sh")


@frozen
class Linked:
    """What linking found out: ``paths`` are those of each package, ``clashes`` those that several bring.

    ``scripts`` are the packages that want a script run at linking or unlinking, with its path in the prefix;
    ``unpublishable`` the files of those that say that they are never to be published.
    """

    paths: tuple[tuple[str, tuple[str, ...]], ...] = ()
    clashes: tuple[Clash, ...] = ()
    scripts: tuple[tuple[str, str], ...] = ()
    unpublishable: tuple[str, ...] = ()

    @property
    def owners(self) -> tuple[tuple[str, str], ...]:
        """Each path with its package, sorted."""
        return tuple(sorted({path: name for name, paths in self.paths for path in paths}.items()))

    def notes(self, *, scripts_run: bool = False) -> Iterator[str]:
        """Give what a user should know, a line each; whether scripts are run after linking is the caller's affair."""
        for name in sorted({name for name, _ in self.scripts if not scripts_run}):
            yield f"{name} has link scripts, which are not run here"

    def write(self, folder: Path) -> None:
        """Keep it beside the prefix; the paths by themselves, for they are many and few ask for them."""
        (folder / _PATHS).write_text(canonical(self.paths), encoding="utf-8")
        known = {
            "clashes": list(map(written_clash, self.clashes)),
            "scripts": self.scripts,
            "unpublishable": self.unpublishable,
        }
        (folder / LINKED).write_text(canonical(known), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Linked:
        """Read what `write` kept; the paths when somebody asks for them."""
        known = json.loads((folder / LINKED).read_text(encoding="utf-8"))
        return later(
            cls,
            lambda _: _pairs(json.loads((folder / _PATHS).read_text(encoding="utf-8"))),
            {
                "clashes": tuple(map(read_clash, known["clashes"])),
                "scripts": tuple((name, path) for name, path in known["scripts"]),
                "unpublishable": tuple(known.get("unpublishable", ())),
            },
        )


def _pairs(found: Iterable[tuple[str, Iterable[str]]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((key, tuple(values)) for key, values in found)


def tidied(
    prefix: Path, unpacked: Mapping[str, Path], apart: Iterable[Apart] = (), *, case_blind: bool = False
) -> Linked:
    """Make ``prefix`` the same for the same packages and say what is in it; ``unpacked`` are the packages' folders.

    Of the packages ``apart`` rattler has linked the special files alone, and knows of no others. With ``case_blind``
    paths that are one for the target's file systems clash too.

    Raises:
        UnlikeError: a record of one of the packages ``apart`` speaks of other files.
    """
    meta = prefix / _META
    meta.mkdir(parents=True, exist_ok=True)
    (meta / "history").write_bytes(b"")
    known = {f"{one.tree.name}.json": one for one in apart}
    records = [
        rewritten(path) if (one := known.get(path.name)) is None else woven(path, one.special, one.record)
        for path in sorted(meta.glob("*.json"))
    ]
    clashing = clashes(prefix, records, case_blind=case_blind)
    remove_tree(prefix / CLOBBERS)
    if not any(record.has(_CACHE_MARK) for record in records):
        (prefix / _CACHE_MARK).unlink(missing_ok=True)
    _normalise(prefix, records, unpacked)
    return Linked(
        paths=tuple((record.name, record.paths) for record in records),
        clashes=clashing,
        scripts=tuple(sorted((record.name, path) for record in records for path in _link_scripts(record))),
    )


def _link_scripts(record: PrefixRecord) -> Iterator[str]:
    for ending in _LINK_SCRIPTS:
        path = f"bin/.{record.name}{ending}"
        if record.has(path):
            yield path


def _normalise(prefix: Path, records: Iterable[PrefixRecord], unpacked: Mapping[str, Path]) -> None:
    """Give folders, and the files that linking wrote itself, modes and times that do not come from here and now.

    A file written anew because it holds the prefix keeps the time that it has in its package; hard links to unpacked
    packages are left alone.
    """
    folders = {"", _META}
    for record in records:
        for path in _by_rattler(prefix, record):
            if _is_folder(f"{prefix}/{path}", f"{unpacked[record.name]}/{path}"):
                folders.add(path)
        above = {path.rpartition("/")[0] for path in (record.special if record.placed else record.paths)}
        while above := above - folders:
            folders |= above
            above = {folder.rpartition("/")[0] for folder in above}
    for entry in os.scandir(prefix / _META):
        os.chmod(entry.path, 0o644)  # noqa: PTH101 - there are thousands
        os.utime(entry.path, (EPOCH, EPOCH))
    for folder in folders:
        if stat.S_IMODE(os.stat(f"{prefix}/{folder}").st_mode) != FOLDER_MODE:  # noqa: PTH116 - asking is cheaper
            os.chmod(f"{prefix}/{folder}", FOLDER_MODE)  # noqa: PTH101
        os.utime(f"{prefix}/{folder}", (EPOCH, EPOCH))


def _by_rattler(prefix: Path, record: PrefixRecord) -> Iterable[str]:
    """Return the paths that may be no hard links: rattler makes all plain files of a package in one way."""
    plain = None if record.placed else next((path for path in record.paths if path not in record.special), None)
    linked = plain is None or os.lstat(f"{prefix}/{plain}").st_nlink > 1
    return record.special if linked else record.paths


def _is_folder(path: str, origin: str) -> bool:
    """Normalise what linking put at ``path``, made from ``origin``, if that is no hard link; folders come later."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:  # another package's file is a folder's name in this one's path
        return False
    if stat.S_ISDIR(found.st_mode):
        return True
    if stat.S_ISREG(found.st_mode):
        if found.st_nlink > 1:
            return False
        mode = 0o755 if found.st_mode & 0o100 else 0o644
        if stat.S_IMODE(found.st_mode) != mode:
            os.chmod(path, mode)  # noqa: PTH101
    time = _time_of(origin)
    os.utime(path, (time, time), follow_symlinks=False)
    return False


def _time_of(origin: str) -> float:
    try:
        return os.lstat(origin).st_mtime
    except FileNotFoundError:  # what linking makes itself, an entry point, is in no package
        return EPOCH
