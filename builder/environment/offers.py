"""What channels offer under some names, out of their indexes, for whoever explains a failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from builder.environment.index import Index
from builder.environment.trouble import TARGET, Catalogue, Found
from builder.model.target import VirtualPackage

if TYPE_CHECKING:
    from rattler.repo_data.record import RepoDataRecord


def catalogue(
    names: Iterable[str], indexes: Sequence[Index], known: frozenset[str], virtual: Sequence[VirtualPackage]
) -> Catalogue:
    """Return what there is under ``names``, channel by channel in their order; ``known`` are all names there are."""
    found: dict[str, list[Found]] = {name: [] for name in sorted(names)}
    for package in virtual:
        found.setdefault(package.name, []).append(
            Found(channel=TARGET, version=package.version, build=package.build, build_number=0)
        )
    for index in indexes:
        for name in found.keys() & index.names:
            found[name] += [_found(index, record) for record in index.data.load_records(name)]
    left_out: dict[str, tuple[str, ...]] = {}
    for index in indexes:
        for key, why in index.left_out:
            name = key.rsplit("-", 2)[0]
            if name in found:
                left_out[name] = (*left_out.get(name, ()), f"{key} of {index.place.name}: {why}")
    packages = {name: tuple(offers) for name, offers in found.items()}
    return Catalogue(names=known, packages=packages, left_out=left_out)


def _found(index: Index, record: RepoDataRecord) -> Found:
    return Found(
        channel=index.place.name,
        version=str(record.version),
        build=str(record.build),
        build_number=record.build_number,
        made=record.timestamp,
    )
