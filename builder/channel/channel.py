"""Publishing into a channel's folder, and what the channel knows: records, keys."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from builder.archive import package_record, read_package
from builder.channel import index, keys, staging
from builder.channel.keys import Keys
from builder.errors import BakehouseError, UsageError, WorkError
from builder.model.frozen import frozen
from builder.model.name import check_subdir, split_file_name
from builder.model.package import Package
from builder.store import atomic_write, digest_file, disk_errors
from builder.store.locks import lock

_NOARCH = "noarch"
_OWN = ".bakehouse"
_NO_SOURCE = ".condapackageignore"
"""Keeps a channel of our making out of a recipe's sources that it lies in (rattler-build does the same)."""


@frozen
class Published:
    """Where a published package lies; ``same`` means that these bytes were there before."""

    path: Path
    outcome: Literal["new", "same"]


@frozen
class _Entry:
    """What the indexes hold about one package, as canonical JSON."""

    record: str
    keys: str


class Channel:
    """A channel in a folder (CEP 26, 36), for any number of readers and writing processes.

    A package gets its final name by a hard link, complete and synced: the first writer wins, nothing is overwritten.
    Indexes are replaced as wholes under one file lock; ``repodata.json`` comes last, so that whatever it lists is in
    the files beside it. What a writer leaves that was killed in between is taken in by the next one.
    """

    def __init__(self, root: Path, report: Callable[[str], None] = lambda _: None) -> None:
        """Use the folder ``root``; ``report`` is told of files that cannot be indexed."""
        self.root = root.absolute()
        self._report = report

    def records(self, subdir: str) -> dict[str, str]:
        """Return the index records (canonical JSON) of a subdir, by file name, sorted."""
        return index.parse(subdir, _read(self.root / subdir / "repodata.json"))

    def keys(self) -> dict[str, str]:
        """Return the file name of each recipe key's package; of several the first by name."""
        return {known.recipe_key: name for name, known in reversed(self._all_keys()) if known.recipe_key}

    def build_keys(self) -> dict[str, str]:
        """Return the file name of each build key's package; of several the first by name."""
        return {known.build_key: name for name, known in reversed(self._all_keys()) if known.build_key}

    def contents(self) -> dict[str, str]:
        """Return what is the same in packages that other builds cannot tell apart, by the packages' sha256."""
        found = {}
        for folder in self._subdirs():
            records = self.records(folder.name)
            known = keys.parse(_read(folder / keys.FILE_NAME))
            for name in records.keys() & known.keys():
                if content := keys.from_json(known[name]).content:
                    found[str(json.loads(records[name])["sha256"])] = content
        return found

    def ensure(self, *subdirs: str) -> None:
        """Make the channel with these subdirs and ``noarch``, and take in what killed writers left in any subdir."""
        there = (folder.name for folder in self._subdirs())
        for subdir in dict.fromkeys((*subdirs, _NOARCH, *there)):
            self._update(_checked_subdir(subdir), {})

    def publish(self, package: Package, *, replace: bool = False) -> Published:
        """Put ``package`` into the channel and its indexes.

        With ``replace`` it takes the place of other bytes under the same name: what a maintainer's own output needs
        whenever a recipe changes, and nobody else's channel may have. Between the two renames, of the package and of
        the index, a reader may meet the new file with the old record.

        Raises:
            WorkError: other bytes lie there under the same name, or the file is not what ``package`` says.
            UsageError: its name or subdir is none that a channel may have.
            MachineError: the disk is full or may not be written.
        """
        folder = self.root / _checked_subdir(package.subdir)
        final = folder / _checked_name(package)
        with disk_errors(self.root):
            self._make_folders(package.subdir)
            with staging.staged(package.path, self.root / _OWN) as (part, sha256):
                if sha256 != package.sha256:
                    raise WorkError(f"{package.path} has sha256 {sha256}, not {package.sha256}", code="channel.changed")
                is_new = staging.link(part, final)
                if not is_new and digest_file(final).sha256 != package.sha256:
                    if not replace:
                        raise self._conflict(final, package)
                    part.replace(final)
                    is_new = True
        if not (self.root / _NOARCH / "repodata.json").is_file():
            self._update(_NOARCH, {})
        record = index.canonical(json.loads(package.record))
        known = Keys(recipe_key=package.recipe_key, build_key=package.build_key, content=package.content)
        own_keys = keys.to_json(known)
        self._update(package.subdir, {package.file_name: _Entry(record=record, keys=own_keys)})
        return Published(path=final, outcome="new" if is_new else "same")

    def reindex(self) -> None:
        """Make all indexes anew from the packages alone; the result is what appending would have made."""
        with disk_errors(self.root):
            self._make_folders(_NOARCH)
            with self._alone():
                for folder in self._subdirs():
                    staging.sweep_index(folder)
                    self._write_index(folder, dict(self._entries(folder, {}, records={}, known={})))

    def _update(self, subdir: str, fresh: Mapping[str, _Entry]) -> None:
        """Bring a subdir's indexes up to date: what ``fresh`` says, what was known, and what else lies there now."""
        folder = self.root / subdir
        with disk_errors(self.root):
            self._make_folders(subdir)
            with self._alone():
                staging.sweep_index(folder)
                known = keys.parse(_read(folder / keys.FILE_NAME))
                entries = self._entries(folder, fresh, records=self.records(subdir), known=known)
                self._write_index(folder, dict(entries))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the channel's lock, and clean up after writers that were killed."""
        with lock(self.root / _OWN / "lock"):
            staging.sweep(self.root / _OWN)
            yield

    def _entries(
        self, folder: Path, fresh: Mapping[str, _Entry], *, records: Mapping[str, str], known: Mapping[str, str]
    ) -> Iterator[tuple[str, _Entry]]:
        """Yield the entry of every package file in ``folder``; only files that nobody knows are opened."""
        for name in _package_names(folder):
            if name in fresh:
                yield name, fresh[name]
            elif name in records and name in known:
                yield name, _Entry(record=records[name], keys=known[name])
            else:
                try:
                    yield name, _read_entry(folder / name)
                except BakehouseError as error:
                    self._report(f"{folder.name}/{name} stays out of the index: {error}")

    def _write_index(self, folder: Path, entries: Mapping[str, _Entry]) -> None:
        """Replace the indexes that change; ``repodata.json`` last, since it is what makes a package known."""
        repodata = index.render(folder.name, {name: entry.record for name, entry in entries.items()})
        packed = folder / "repodata.json.zst"
        _replace(folder / keys.FILE_NAME, keys.render({name: entry.keys for name, entry in entries.items()}))
        if not index.is_compressed(repodata, _read(packed)):
            atomic_write(packed, index.compress(repodata))
        _replace(folder / "repodata.json", repodata)

    def _all_keys(self) -> list[tuple[str, Keys]]:
        """Return name and keys of every package that is there, sorted."""
        found = []
        for folder in self._subdirs():
            known = keys.parse(_read(folder / keys.FILE_NAME))
            found += [(name, keys.from_json(known[name])) for name in _package_names(folder) if name in known]
        return sorted(found, key=lambda item: item[0])

    def _subdirs(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        folders = (folder for folder in self.root.iterdir() if folder.is_dir() and not folder.name.startswith("."))
        return sorted(folder for folder in folders if _is_subdir(folder.name))

    def _make_folders(self, subdir: str) -> None:
        is_new = not self.root.is_dir()
        for folder in (self.root, self.root / _OWN, self.root / _NOARCH, self.root / subdir):
            if not folder.is_dir():
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                except (FileExistsError, NotADirectoryError) as error:
                    raise UsageError(f"{folder} cannot be a folder of a channel: {error.strerror}") from error
                folder.chmod(0o755)
        if is_new:
            atomic_write(self.root / _NO_SOURCE, b"*\n")

    def _conflict(self, final: Path, package: Package) -> WorkError:
        try:
            there = keys.keys_inside(read_package(final))
        except BakehouseError:
            there = Keys()
        return WorkError(
            f"{package.subdir}/{package.file_name} is in the channel already, with other bytes: there recipe key "
            f"{there.recipe_key or 'none'} and build key {there.build_key or 'none'}, here {package.recipe_key} and "
            f"{package.build_key}",
            code="channel.conflict",
            remedy="raise `build.number`, or publish to another channel; published packages are never replaced",
        )


def _checked_subdir(subdir: str) -> str:
    try:
        return check_subdir(subdir)
    except ValueError as error:
        raise UsageError(str(error), code="channel.name") from error


def _checked_name(package: Package) -> str:
    try:
        split_file_name(package.file_name)
    except ValueError as error:
        raise UsageError(str(error), code="channel.name") from error
    return package.file_name


def _is_subdir(name: str) -> bool:
    try:
        check_subdir(name)
    except ValueError:
        return False
    return True


def _package_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name.endswith(index.PACKAGE_SUFFIXES) and entry.name[0] != "." and entry.is_file()
        )


def _read_entry(path: Path) -> _Entry:
    opened = read_package(path)
    found = digest_file(path)
    record = package_record(opened, sha256=found.sha256, md5=found.md5, size=found.size)
    return _Entry(record=record, keys=keys.to_json(keys.keys_inside(opened)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _replace(path: Path, data: bytes) -> None:
    if _read(path) != data:
        atomic_write(path, data)
