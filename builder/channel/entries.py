"""What a channel knows of each package in a subdir's folder, out of its index or of the package itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from builder.archive import package_record, read_package
from builder.channel import index, keys, sidecars
from builder.errors import BakehouseError, UsageError
from builder.model.frozen import frozen
from builder.store import digest_file


@frozen
class Entry:
    """What the indexes hold about one package, as canonical JSON."""

    record: str
    keys: str


def entries(folder: Path, known: Mapping[str, Entry], report: Callable[[str], None]) -> Iterator[tuple[str, Entry]]:
    """Yield the entry of every package file in ``folder``, sorted by name; only files that nobody knows are opened.

    ``report`` is told of those that are no packages.
    """
    files = _files(folder)
    beside = frozenset(name for name in files if name.endswith(sidecars.SUFFIX))
    for name in filter(_is_package, files):
        try:
            entry = known.get(name) or _read(folder / name)
        except BakehouseError as error:
            report(f"{folder.name}/{name} stays out of the index: {error}")
        else:
            record = sidecars.advertised(folder, entry.record, name, beside)
            yield name, entry if record is entry.record else Entry(record=record, keys=entry.keys)


def package_names(folder: Path) -> list[str]:
    """Return the names of all package files in ``folder``, sorted."""
    return [name for name in _files(folder) if _is_package(name)]


def _files(folder: Path) -> list[str]:
    with os.scandir(folder) as found:
        return sorted(entry.name for entry in found if entry.name[0] != "." and entry.is_file())


def _is_package(name: str) -> bool:
    return name.endswith(index.PACKAGE_SUFFIXES)


def _read(path: Path) -> Entry:
    """Return the entry of a package after reading all of it: what installers would refuse is not offered to them."""
    opened = read_package(path)
    if opened.index()["subdir"] != path.parent.name:
        raise UsageError(f"{path.name} is a package for {opened.index()['subdir']}")
    opened.members()
    found = digest_file(path)
    record = package_record(opened, sha256=found.sha256, md5=found.md5, size=found.size)
    return Entry(record=record, keys=keys.to_json(keys.keys_inside(opened)))
