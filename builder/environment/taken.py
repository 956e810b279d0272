"""What was taken from channels before: what somebody has replaced or withdrawn since is told.

A channel without generations may say anything of its age, so nobody can know that its index was set back. But a file
that never changes and has other bytes now, or one that was the newest and is gone, is told: as a warning, since whoever
runs a channel may withdraw a broken package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from builder.environment.access import Access
from builder.environment.generations import Generations
from builder.environment.index import Index
from builder.environment.records import made_at
from builder.model.environment import LockedPackage
from builder.store import Store, atomic_write

_FOLDER = "taken"
_ACCEPT = "--allow-rollback takes it from now on"
_Known = tuple[str, str, float]
"""A package's file, its sha256, and when it was made, in seconds since 1970 (0 where nobody says)."""


class Taken:
    """Remembers in a store the newest package of each name that was taken from each channel; no ``gc`` forgets it."""

    def __init__(self, store: Store, access: Access, untold: Iterable[str]) -> None:
        """Report as ``access`` says; the channels whose addresses are ``untold`` may change as they like."""
        self._store = store
        self._access = access
        self._generations = Generations(store)
        self._untold = frozenset(untold)
        self._said = set[str]()

    def look(self, packages: Sequence[LockedPackage], indexes: Iterable[Index]) -> None:
        """Compare ``packages``, just chosen out of ``indexes``, with what was taken before, and remember the newest."""
        for index in indexes:
            home = f"{index.place.url}/{index.subdir}/"
            own = [package for package in packages if package.url.startswith(home)]
            if own and index.place.url not in self._untold and not self._generations.known(index.place, index.subdir):
                self._compare(own, index)

    def _compare(self, packages: Sequence[LockedPackage], index: Index) -> None:
        key = hashlib.sha256(f"{index.place.url}\n{index.subdir}".encode()).hexdigest()
        path = self._store.root / _FOLDER / f"{key}.json"
        before = _read(path)
        for text in () if self._access.allow_rollback else _changes(packages, before, index):
            if text not in self._said:
                self._said.add(text)
                self._access.report(text)
        if _newest(before, packages, anyhow=self._access.allow_rollback) != before:
            with self._store.lock(f"{_FOLDER}/{path.name}"):
                now = _newest(_read(path), packages, anyhow=self._access.allow_rollback)
                path.parent.mkdir(parents=True, exist_ok=True)
                document = {"url": index.place.url, "subdir": index.subdir, "packages": now}
                atomic_write(path, json.dumps(document, sort_keys=True).encode())


def _changes(packages: Iterable[LockedPackage], before: Mapping[str, _Known], index: Index) -> Iterator[str]:
    """Yield what somebody has changed in the channel, a line each."""
    for package in packages:
        if package.name not in before:
            continue
        file, sha256, made = before[package.name]
        if file == package.file_name:
            if sha256 != package.sha256:
                yield (
                    f"{file} of {index.place.name} has the sha256 {package.sha256[:12]}… now, and had {sha256[:12]}… "
                    f"when it was taken before: somebody has replaced it; {_ACCEPT}"
                )
        elif made > _made(package) and not _offers(index, package.name, file):
            yield (
                f"{file} of {index.place.name} was taken before and is gone, and {package.file_name} is older: it was "
                f"withdrawn, or somebody has put an older index in the place of a newer one; {_ACCEPT}"
            )


def _offers(index: Index, name: str, file: str) -> bool:
    """Whether the channel lists the file, even where we have left it out."""
    left_out = (key for key, _ in index.left_out)
    return file in left_out or any(record.file_name == file for record in index.data.load_records(name))


def _newest(before: Mapping[str, _Known], packages: Iterable[LockedPackage], *, anyhow: bool) -> dict[str, _Known]:
    """Return what is to be remembered: of each name the newest; ``anyhow`` what is taken now."""
    now = dict(before)
    for package in packages:
        made, old = _made(package), before.get(package.name)
        if anyhow or old is None or (made >= old[2] and package.file_name != old[0]):
            now[package.name] = (package.file_name, package.sha256, made)
    return now


def _made(package: LockedPackage) -> float:
    time = made_at(package)
    return time.timestamp() if time is not None else 0.0


def _read(path: Path) -> dict[str, _Known]:
    """Return what is remembered by name; what cannot be read was never written by us."""
    try:
        found = json.loads(path.read_bytes())["packages"]
        return {name: (str(file), str(sha256), float(made)) for name, (file, sha256, made) in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
