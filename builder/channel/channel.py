"""Publishing into a channel's folder, and what the channel knows: records, keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from builder.archive import read_package
from builder.channel import entries, forms, index, keys, staging, statements, vouched
from builder.channel.entries import Entry
from builder.channel.keys import Keys
from builder.errors import BakehouseError, UsageError, WorkError, joined
from builder.model.frozen import frozen
from builder.model.name import check_subdir, split_file_name
from builder.model.package import Package
from builder.store import atomic_write, digest_file, disk_errors
from builder.store.locks import lock

_NOARCH = "noarch"
_OWN = ".bakehouse"
_NO_SOURCE = ".condapackageignore"
"""Keeps a channel of our making out of a recipe's sources that it lies in (rattler-build does the same)."""

_NOTHING: Mapping[str, Entry] = MappingProxyType({})


@frozen
class Published:
    """Where a published package lies; ``same`` means that these bytes were there before."""

    path: Path
    outcome: Literal["new", "same"]


class Channel:
    """A channel in a folder (CEP 26, 36), for any number of readers and writing processes.

    A package gets its final name by a hard link, complete and synced: the first writer wins, nothing is overwritten.
    Indexes are replaced as wholes under one file lock, in generations (`builder.channel.forms`); ``repodata.json``
    comes last, so that whatever it lists is in the files beside it. What a writer leaves that was killed in between is
    taken in by the next one. Where another hand has changed an index, nothing is published or read: a `WorkError`.
    """

    def __init__(
        self, root: Path, report: Callable[[str], None] = lambda _: None, *, vouched_only: bool = False
    ) -> None:
        """Use the folder ``root``; ``report`` is told of files that cannot be indexed.

        With ``vouched_only`` others get what is in it, and packages that are never to be published are refused.
        """
        self.root = root.absolute()
        self._report = report
        self._vouched_only = vouched_only

    def records(self, subdir: str) -> dict[str, str]:
        """Return the index records (canonical JSON) of a subdir, by file name, sorted."""
        return index.parse(subdir, forms.trusted(self.root / subdir, forms.REPODATA))

    def generation(self, subdir: str) -> int:
        """Return how often a subdir's index has changed; 0 when nobody knows."""
        return forms.generation_of(self.root / subdir)

    def keys(self) -> dict[str, str]:
        """Return the file name of each recipe key's package; of several the first by name."""
        return {known.recipe_key: name for name, known in reversed(self._all_keys()) if known.recipe_key}

    def build_keys(self) -> dict[str, str]:
        """Return the file name of each build key's package; of several the first by name."""
        return {known.build_key: name for name, known in reversed(self._all_keys()) if known.build_key}

    def contents(self) -> dict[str, str]:
        """Return what is the same in packages that other builds cannot tell apart, by the packages' sha256.

        One that is never to be published is told apart: who is built with it is not published either.
        """
        found = {}
        for folder in self._subdirs():
            records = self.records(folder.name)
            known = keys.parse(forms.trusted(folder, keys.FILE_NAME))
            for name in records.keys() & known.keys():
                own = keys.from_json(known[name])
                if own.content and own.publishable:
                    found[str(json.loads(records[name])["sha256"])] = own.content
        return found

    def unpublishable(self) -> list[str]:
        """Return the packages that are never to be published, each as ``SUBDIR/FILE``, sorted."""
        return [
            f"{folder.name}/{name}"
            for folder in self._subdirs()
            for name, known in sorted(keys.parse(forms.trusted(folder, keys.FILE_NAME)).items())
            if not keys.from_json(known).publishable
        ]

    def ensure(self, *subdirs: str) -> None:
        """Make the channel with these subdirs and ``noarch``, and take in what killed writers left in any subdir."""
        there = (folder.name for folder in self._subdirs())
        wanted = [_checked_subdir(subdir) for subdir in dict.fromkeys((*subdirs, _NOARCH, *there))]
        with disk_errors(self.root):
            self._make_folders(_NOARCH)
            with self._alone():
                known = [forms.read(self.root / subdir) for subdir in wanted]
                for found in sorted(known, key=lambda found: not found.foreign):  # these may yet be refused
                    self._make_folders(found.folder.name)
                    self._refresh(found)
                    forms.sweep(found.folder)

    def publish(self, package: Package, *, replace: bool = False) -> Published:
        """Put ``package`` into the channel and its indexes, its statement beside it.

        With ``replace`` it takes the place of other bytes under the same name: what a maintainer's own output needs
        whenever a recipe changes, and nobody else's channel may have. Between the two renames, of the package and of
        the index, a reader may meet the new file with the old record.

        Raises:
            WorkError: other bytes lie there under the same name, or the file is not what ``package`` says.
                Nor is anything published on an index that another hand has changed, or that is never to be.
            UsageError: its name or subdir is none that a channel may have.
            MachineError: the disk is full or may not be written.
        """
        folder = self.root / _checked_subdir(package.subdir)
        final = folder / _checked_name(package)
        if self._vouched_only and not package.publishable:
            raise vouched.refusal(folder, [package.file_name])
        with disk_errors(self.root):
            self._make_folders(package.subdir)
            with staging.staged(package.path, self.root / _OWN) as (part, sha256):
                if sha256 != package.sha256:
                    raise WorkError(f"{package.path} has sha256 {sha256}, not {package.sha256}", code="channel.changed")
                with self._alone():
                    found = forms.read(folder)
                    if found.foreign:
                        self._refresh(found)
                        found = forms.read(folder)
                    if not (self.root / _NOARCH / forms.REPODATA).is_file():
                        self._refresh(forms.read(self.root / _NOARCH))
                    is_new = self._put(part, final, package, replace=replace)
                    self._refresh(found, {package.file_name: _entry(package)})
        return Published(path=final, outcome="new" if is_new else "same")

    def statement(self, subdir: str, file_name: str) -> str | None:
        """Return the statement that lies beside a package, None if there is none."""
        try:
            return statements.place_of(self.root / subdir / file_name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def reindex(self) -> None:
        """Make all indexes anew from the packages alone; the result is what appending would have made.

        Raises:
            WorkError: there are packages that others may not have, and they get this channel. No index changes.
        """
        with disk_errors(self.root):
            self._make_folders(_NOARCH)
            with self._alone():
                found = [(forms.read(folder, anew=True), self._entries(folder, {})) for folder in self._subdirs()]
                self._require_vouched(found)
                for old, now in found:
                    self._write(old, now, {}, anew=True)
                    forms.sweep(old.folder)

    def _put(self, part: Path, final: Path, package: Package, *, replace: bool) -> bool:
        """Give the staged package its final name, its statement beside it; return whether these bytes are new there."""
        if statements.link(part, final, package):
            return True
        if digest_file(final).sha256 == package.sha256:
            statements.complete(final, package)
            return False
        if not replace:
            raise self._conflict(final, package)
        statements.replace(part, final, package, self.root / _OWN)
        return True

    def _refresh(self, found: forms.Forms, fresh: Mapping[str, Entry] = _NOTHING) -> None:
        """Bring a subdir's indexes up to date: what ``fresh`` says, what was known, and what else lies there now."""
        known = found.known()
        replaced = staging.replaced(self.root / _OWN, found.folder.name)
        usable = {name: entry for name, entry in known.items() if name not in replaced}
        now = self._entries(found.folder, {**usable, **fresh})
        self._require_vouched([(found, now)])
        self._write(found, now, known)

    def _entries(self, folder: Path, known: Mapping[str, Entry]) -> dict[str, Entry]:
        return dict(entries.entries(folder, known, self._report))

    def _require_vouched(self, found: Iterable[tuple[forms.Forms, Mapping[str, Entry]]]) -> None:
        """Raise one error for all packages that may not be in a channel that others get."""
        if not self._vouched_only:
            return
        refused = [vouched.refusal(old.folder, names) for old, now in found if (names := [*vouched.unpublishable(now)])]
        if refused:
            raise joined(refused)

    def _write(
        self, found: forms.Forms, now: Mapping[str, Entry], known: Mapping[str, Entry], *, anew: bool = False
    ) -> None:
        """Write a subdir's indexes, and clean up around them."""
        folder = found.folder
        staging.sweep_index(folder)
        statements.sweep(folder, now)
        replaced = staging.replaced(self.root / _OWN, folder.name)
        forms.write(found, now, known, anew=anew)
        for mark in replaced.values():
            mark.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the channel's lock, and clean up after writers that were killed."""
        with lock(self.root / _OWN / "lock"):
            staging.sweep(self.root / _OWN)
            statements.recover(self.root, self.root / _OWN)
            yield

    def _all_keys(self) -> list[tuple[str, Keys]]:
        """Return name and keys of every package that is there and may be, sorted."""
        found = []
        for folder in self._subdirs():
            known = keys.parse(forms.trusted(folder, keys.FILE_NAME))
            found += [(name, keys.from_json(known[name])) for name in entries.package_names(folder) if name in known]
        return sorted((one for one in found if one[1].publishable or not self._vouched_only), key=lambda item: item[0])

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


def _entry(package: Package) -> Entry:
    own = Keys(
        recipe_key=package.recipe_key,
        build_key=package.build_key,
        content=package.content,
        publishable=package.publishable,
    )
    return Entry(record=index.canonical(json.loads(package.record)), keys=keys.to_json(own))
