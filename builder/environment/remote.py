"""Remote channels' indexes: whole documents, or of sharded ones (CEP 16) as much as a solve can come to."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO, cast

from builder.environment.access import Access
from builder.environment.index import UNKNOWN, Index, IndexReader
from builder.environment.judge import LIMITS
from builder.environment.place import ChannelPlace
from builder.environment.records import name_of_spec
from builder.environment.shards import MOST, TABLE, Shard, Table, document, read_shard, read_table
from builder.environment.wall import in_thread
from builder.environment.web import Kept, Web, opened, unreachable
from builder.errors import UsageError
from builder.model import generation
from builder.model.frozen import frozen
from builder.model.target import NOARCH
from builder.store import Store

_TRIES = 4
_PACKED, _PLAIN = "repodata.json.zst", "repodata.json"


@frozen
class Sharded:
    """A sharded index of which nothing but its table was read; ``digest`` is the table's."""

    place: ChannelPlace
    subdir: str
    digest: str
    table: Table

    @property
    def names(self) -> Collection[str]:
        """The names of all packages."""
        return self.table.shards.keys()


Remote = Index | Sharded


class RemoteReader:
    """Reads indexes of remote channels once: what they say is kept as long as the reader lives."""

    def __init__(self, store: Store, reader: IndexReader, access: Access) -> None:
        """Fetch into ``store``; ``reader`` judges what came."""
        self._store = store
        self._reader = reader
        self._access = access
        self._found: dict[tuple[str, str], Remote | None] = {}
        self._shards: dict[str, Shard] = {}

    async def read(self, places: Iterable[ChannelPlace], subdir: str) -> list[Remote]:
        """Return the indexes of the channels for ``subdir`` and for every platform, in their order.

        Raises:
            UsageError: one cannot be read, is refused, or is no channel.
            MachineError: a server does not answer.
        """
        wanted = [(place, each) for place in places for each in (subdir, NOARCH)]
        missing = [(place, each) for place, each in wanted if (place.url, each) not in self._found]
        if missing:
            async with opened(self._store, self._access) as web:
                fetched = await asyncio.gather(*(self._fetched(web, place, each) for place, each in missing))
            for (place, each), came in zip(missing, fetched, strict=True):
                self._found[place.url, each] = None if came is None else await in_thread(self._read, place, each, *came)
        for place in dict.fromkeys(place for place, _ in wanted):
            if all(self._found[place.url, each] is None for each in (subdir, NOARCH)):
                raise self._nothing(place, subdir)
        found = [self._found[place.url, each] for place, each in wanted]
        return [one for one in found if one is not None]

    async def complete(self, sources: Iterable[Remote], names: Collection[str]) -> list[Index]:
        """Return ``sources`` as indexes; of sharded ones with what ``names`` may need, and what that may need.

        Raises as `read` does.
        """
        given = list(sources)
        sharded = [one for one in given if isinstance(one, Sharded)]
        if not sharded:
            return [one for one in given if isinstance(one, Index)]
        others = [(one, frozenset(one.data.package_names())) for one in given if isinstance(one, Index)]
        reached, new = set[str](), set(names)
        async with opened(self._store, self._access) as web:
            while new:
                reached |= new
                needs = await self._load(web, sharded, new)
                for index, known in others:
                    needs |= await in_thread(_needs, index, new & known)
                new = needs - reached
        return [await in_thread(self._composed, one, reached) if isinstance(one, Sharded) else one for one in given]

    async def listed(self, sources: Iterable[Remote], names: Collection[str]) -> list[Index]:
        """Return ``sources`` as indexes; of sharded ones with the packages of these ``names`` alone."""
        given = list(sources)
        sharded = [one for one in given if isinstance(one, Sharded)]
        if sharded:
            async with opened(self._store, self._access) as web:
                await self._load(web, sharded, set(names))
        return [await in_thread(self._composed, one, names) if isinstance(one, Sharded) else one for one in given]

    def forget(self) -> None:
        """Read whole documents again: something in them is suspect now."""
        self._found.clear()

    # -- documents -----------------------------------------------------------------------------------------------------

    async def _fetched(self, web: Web, place: ChannelPlace, subdir: str) -> tuple[str, Kept] | None:
        """Fetch the first of an index's forms that there is; return its name and where it lies.

        Whoever publishes there may be faster than we read, so one of no generation is fetched again.
        """
        for _ in range(_TRIES - 1):
            try:
                return await self._fetched_once(web, place, subdir)
            except UsageError as error:
                if error.problems[0].code != UNKNOWN:
                    raise
        return await self._fetched_once(web, place, subdir)

    async def _fetched_once(self, web: Web, place: ChannelPlace, subdir: str) -> tuple[str, Kept] | None:
        home = f"{place.url}/{subdir}"
        for name, most in ((TABLE, MOST), (_PACKED, LIMITS.bytes), (_PLAIN, LIMITS.bytes)):
            kept = await web.document(place, f"{home}/{name}", most=most)
            if kept is not None:
                await self._check_generation(web, place, subdir, name, kept)
                return name, kept
        if not self._access.offline:
            self._reader.check_absent(place, subdir)
        return None

    def _read(self, place: ChannelPlace, subdir: str, name: str, kept: Kept) -> Remote:
        with self._store.held(kept.sha256) as path:
            if name != TABLE:
                return self._document(place, subdir, name, path)
            judge = self._reader.judge(place, subdir, name)
            return Sharded(place=place, subdir=subdir, digest=kept.sha256, table=read_table(path, judge))

    def _document(self, place: ChannelPlace, subdir: str, name: str, path: Path) -> Index:
        if name == _PLAIN:
            with path.open("rb") as source:
                return self._reader.document(place, subdir, source, name)
        from backports import zstd

        try:
            with zstd.open(path, "rb") as packed:  # what is read of it is counted, however well it was packed
                return self._reader.document(place, subdir, cast("IO[bytes]", packed), name)
        except (zstd.ZstdError, EOFError) as error:
            raise self._reader.judge(place, subdir, name).refusal(str(error)) from error

    async def _check_generation(self, web: Web, place: ChannelPlace, subdir: str, name: str, kept: Kept) -> None:
        """Compare the generation of what was fetched: whoever asks for that file afterwards knows it."""
        address = f"{place.url}/{subdir}/{generation.FILE_NAME}"
        found = await web.document(place, address, most=LIMITS.text << 5)
        data = b"" if found is None else await in_thread(found.path.read_bytes)
        self._reader.check_generation(place, subdir, data, {name: kept.sha256}, where=address)

    def _nothing(self, place: ChannelPlace, subdir: str) -> Exception:
        if self._access.offline:
            return unreachable(f"nothing is remembered of {place.url}", [place], self._access)
        return UsageError(
            f"{place.name} is not a channel: it has no index for {subdir} or {NOARCH}",
            code="environment.channel",
            remedy="check its address; a channel has at least noarch/repodata.json",
        )

    # -- shards --------------------------------------------------------------------------------------------------------

    async def _load(self, web: Web, sharded: Iterable[Sharded], names: Collection[str]) -> set[str]:
        """Get the shards of ``names``; return what their packages need."""
        wanted = [(one, name) for one in sharded for name in names if name in one.table.shards]
        found = await asyncio.gather(*(self._shard(web, one, name) for one, name in wanted))
        return set[str]().union(*(shard.needs for shard in found))

    async def _shard(self, web: Web, sharded: Sharded, name: str) -> Shard:
        table, place = sharded.table, sharded.place
        key = _key(sharded, name)
        if key not in self._shards:
            address = table.address(name)
            if await web.fixed(place, address, table.shards[name], most=MOST) is None:
                raise unreachable(f"there is no {address}", [place], self._access)
            judge = self._reader.judge(place, sharded.subdir, address)
            with self._store.held(table.shards[name]) as path:
                self._shards[key] = await in_thread(read_shard, path, name, judge)
        return self._shards[key]

    def _composed(self, sharded: Sharded, names: Collection[str]) -> Index:
        known = [name for name in sorted(names) if name in sharded.table.shards]
        source = io.BytesIO(document(sharded.table, (self._shards[_key(sharded, name)] for name in known)))
        return self._reader.document(sharded.place, sharded.subdir, source, TABLE)


def _key(sharded: Sharded, name: str) -> str:
    return f"{sharded.place.url} {sharded.subdir} {name} {sharded.table.shards[name]}"


def _needs(index: Index, names: Collection[str]) -> set[str]:
    """Return the names that the packages of ``names`` need."""
    records = [record for name in names for record in index.data.load_records(name)]
    return {name_of_spec(spec) for record in records for spec in record.depends}
