"""What channels offer under some names, out of local indexes and the gateway, for whoever explains a failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from builder.environment.index import LOOSE, Index
from builder.environment.place import ChannelPlace
from builder.environment.trouble import TARGET, Catalogue, Found
from builder.model.target import NOARCH, VirtualPackage

if TYPE_CHECKING:
    from rattler.repo_data.gateway import Gateway
    from rattler.repo_data.record import RepoDataRecord


async def catalogue(
    names: Iterable[str],
    places: Sequence[ChannelPlace],
    indexes: Sequence[Index],
    gateway: Gateway | None,
    *,
    subdir: str,
    virtual: Sequence[VirtualPackage],
) -> Catalogue:
    """Return what there is under ``names``, channel by channel in their order; ``gateway`` asks remote ones."""
    wanted = sorted(names)
    known = set[str]()
    found: dict[str, list[Found]] = {name: [] for name in wanted}
    for package in virtual:
        found.setdefault(package.name, []).append(
            Found(channel=TARGET, version=package.version, build=package.build, build_number=0)
        )
    for place in (LOOSE, *places):
        if place.folder is None and place is not LOOSE:
            records = await _remote(place, wanted, gateway, subdir, known)
        else:
            records = _local(place, wanted, indexes, known)
        for record in records:
            found[record.name.normalized].append(_found(place, record))
    return Catalogue(names=frozenset(known), packages={name: tuple(offers) for name, offers in found.items()})


def _local(
    place: ChannelPlace, names: Sequence[str], indexes: Sequence[Index], known: set[str]
) -> list[RepoDataRecord]:
    own = [index for index in indexes if index.place == place]
    known.update(name for index in own for name in index.data.package_names())
    return [record for index in own for name in names for record in index.data.load_records(name)]


async def _remote(
    place: ChannelPlace, names: Sequence[str], gateway: Gateway | None, subdir: str, known: set[str]
) -> list[RepoDataRecord]:
    from rattler.channel.channel import Channel
    from rattler.match_spec.match_spec import MatchSpec
    from rattler.platform.subdir import Subdir

    assert gateway is not None, "a remote channel was solved with"
    channel, platforms = Channel(place.url), [Subdir(subdir), Subdir(NOARCH)]
    known.update(name.normalized for name in await gateway.names([channel], platforms, channel_relations="disabled"))
    specs = [MatchSpec(name) for name in names]
    records = await gateway.query([channel], platforms, specs, recursive=False, channel_relations="disabled")
    return [record for group in records for record in group]


def _found(place: ChannelPlace, record: RepoDataRecord) -> Found:
    return Found(
        channel=place.name,
        version=str(record.version),
        build=str(record.build),
        build_number=record.build_number,
        made=record.timestamp,
    )
