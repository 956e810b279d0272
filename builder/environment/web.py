"""What remote channels have: documents, asked for anew each time and sent only if they changed, and packages.

rattler's client follows every redirect, tells no entity tag and takes any number of bytes; a channel must not make us
ask whom it likes, and what an index is must be known before it is read. So all of it is fetched here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from builder import __version__
from builder.environment.access import Access, leads_on
from builder.environment.place import ChannelPlace
from builder.environment.wall import in_thread, reason
from builder.errors import MachineError, Place, UsageError
from builder.model.frozen import frozen
from builder.store import Store, atomic_write

if TYPE_CHECKING:  # httpx costs a tenth of a second, and local channels need none
    import httpx

_FOLDER = "index_cache"
_AT_ONCE = 32
_SECONDS, _LONGEST = 60.0, 900.0
"""How long a server may be silent, and how long it may take for a document in all."""

_SLOWEST = 20_000
"""Bytes of a package that a server must send in a second, on the whole."""

_PAUSES = (0.0, 0.3, 1.0)
_MAX_REDIRECTS = 5
_MISSING = frozenset({403, 404, 410})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_TAGS = {"etag": "if-none-match", "last-modified": "if-modified-since"}
_PIECE = 1 << 20
_SETTLED = timedelta(minutes=1)


Tags = Mapping[str, str] | Literal["same", "missing"]
"""What a server says of a document: its tags, that it is as it was, or that there is none."""


class TooManyError(Exception):
    """More bytes came than were wanted."""


class _AgainError(Exception):
    """A failure that may pass when asked again."""


@frozen
class Kept:
    """A document in the store: its digest, its file, and the ``tags`` by which its server knows this state of it."""

    sha256: str
    path: Path
    tags: Mapping[str, str]


class Web:
    """One batch of requests to channels; `opened` makes it."""

    def __init__(self, store: Store, access: Access) -> None:
        """Connect when something is asked for; offline nothing is, and what ``store`` remembers is all there is."""
        self._store = store
        self._access = access
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._connecting = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Give the connections up."""
        if self._client is not None:
            await self._client.aclose()

    async def package(self, place: ChannelPlace, address: str, target: Path, *, most: int) -> bool:
        """Write a package's archive, of ``most`` bytes at most, to the new file ``target``; False if it is not there.

        Raises:
            MachineError: the server does not answer, or is too slow.
            UsageError: it leads where it may not.
            TooManyError: it sends more.
        """
        async with self._slots:
            with target.open("xb") as file:
                return await self._fetched(place, address, file, {}, most, _LONGEST + most / _SLOWEST) != "missing"

    async def document(self, place: ChannelPlace, address: str, *, most: int) -> Kept | None:
        """Return a document as it is now, None if there is none; ``most`` is how many bytes it may have.

        Raises:
            MachineError: the server does not answer.
            UsageError: it sends too much, or leads where it may not.
        """
        known = self._remembered(address)
        if self._access.offline:
            return known
        async with self._slots, self._store.scratch_async("index") as folder:
            target = folder / "document"
            with target.open("xb") as file:
                tags = await self._part(place, address, file, known.tags if known else {}, most)
            if tags == "missing":
                self._path(address).unlink(missing_ok=True)
                return None
            if tags == "same":
                return known
            stored = await in_thread(self._store.add_file, _pieces(target), sha256=None)
        found = Kept(sha256=stored.sha256, path=stored.path, tags=tags)
        self._remember(address, found)
        return found

    async def fixed(self, place: ChannelPlace, address: str, sha256: str, *, most: int) -> Path | None:
        """Return a document that never changes, by its digest, asked for twice at most; None if it is not there.

        Raises as `document` does; UsageError too when other bytes came both times.
        """
        for _ in range(2):
            if (path := self._store.file(sha256)) is not None or self._access.offline:
                return path
            async with self._slots, self._store.scratch_async("shard") as folder:
                target = folder / "document"
                with target.open("xb") as file:
                    if await self._part(place, address, file, {}, most) == "missing":
                        return None
                if await in_thread(sha256_of, target) == sha256:
                    return (await in_thread(self._store.add_file, _pieces(target), sha256=sha256)).path
        raise UsageError(
            f"a shard of {place.name} is not what its index says: other bytes than {sha256} came twice",
            code="environment.shard",
            place=Place(file=address),
            remedy="try again later; if it stays so, tell whoever runs the channel",
        )

    async def _part(
        self, place: ChannelPlace, address: str, file: IO[bytes], tags: Mapping[str, str], most: int
    ) -> Tags:
        """Write a part of an index to ``file`` unless it is as ``tags`` say; return what its server says of it."""
        try:
            return await self._fetched(place, address, file, tags, most, _LONGEST)
        except TooManyError:
            raise UsageError(
                f"this channel index cannot be read: it has more than {most:,} bytes",
                code="environment.index",
                place=Place(file=address),
                remedy="take the channel away",
            ) from None

    async def _fetched(
        self, place: ChannelPlace, address: str, file: IO[bytes], tags: Mapping[str, str], most: int, longest: float
    ) -> Tags:
        """Write what is at ``address`` to ``file``, in ``longest`` seconds at most, as `_part` does."""
        import httpx

        failure: Exception = _AgainError("never tried")
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            file.seek(0)
            file.truncate()
            try:
                async with asyncio.timeout(longest):
                    return await self._once(place, address, file, tags, most)
            except (_AgainError, httpx.TransportError) as error:
                failure = error
            except TimeoutError:
                failure = _AgainError(f"it was not there whole after {longest / 60:.0f} minutes")
                break
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                failure = error
                break
        raise unreachable(f"{address}: {reason(failure)}", [place], self._access) from failure

    async def _once(
        self, place: ChannelPlace, address: str, file: IO[bytes], tags: Mapping[str, str], most: int
    ) -> Tags:
        client = await self._connected()
        headers = {_TAGS[name]: value for name, value in tags.items()}
        request = client.build_request("GET", address, headers=headers)
        for _ in range(_MAX_REDIRECTS):
            response = await client.send(request, stream=True)
            try:
                if response.status_code == 304:
                    return "same"
                if response.status_code in _MISSING:
                    return "missing"
                if response.status_code in _AGAIN:
                    raise _AgainError(f"the server says {response.status_code}")
                if response.next_request is None:
                    response.raise_for_status()
                    await self._pour(response, file, most)
                    return _tags(response)
                request = response.next_request
                self._may_follow(place, address, str(request.url))
            finally:
                await response.aclose()
        raise ValueError(f"it leads on more than {_MAX_REDIRECTS} times")

    def _may_follow(self, place: ChannelPlace, address: str, there: str) -> None:
        """Follow a server's own redirect on a laptop; on a farm only to the hosts that it names. Never unencrypted."""
        policy = self._access.policy
        if leads_on(place, there, policy.hosts) or (not policy.farm and leads_on(place, there, None)):
            return
        raise UsageError(
            f"the server of {place.name} leads elsewhere: {address} is now {there}",
            code="environment.host",
            place=Place(file=address),
            remedy="if you trust it with this channel, write its host into `hosts` in bakehouse.yaml",
        )

    async def _pour(self, response: httpx.Response, file: IO[bytes], most: int) -> None:
        size = 0
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > most:
                raise TooManyError
            file.write(piece)
        file.flush()

    async def _connected(self) -> httpx.AsyncClient:
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(_new_client)
            return self._client

    # -- what the store remembers --------------------------------------------------------------------------------------

    def _path(self, address: str) -> Path:
        return self._store.root / _FOLDER / f"{hashlib.sha256(address.encode()).hexdigest()}.json"

    def _remembered(self, address: str) -> Kept | None:
        try:
            found = json.loads(self._path(address).read_bytes())
            sha256, tags = str(found["sha256"]), {name: str(found["tags"][name]) for name in found["tags"]}
            path = self._store.file(sha256)
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return None if path is None else Kept(sha256=sha256, path=path, tags=tags)

    def _remember(self, address: str, kept: Kept) -> None:
        path = self._path(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"address": address, "sha256": kept.sha256, "tags": dict(kept.tags)}
        atomic_write(path, json.dumps(document, indent=1).encode())


@asynccontextmanager
async def opened(store: Store, access: Access) -> AsyncIterator[Web]:
    """Give the connections of one batch, which end with the block."""
    web = Web(store, access)
    try:
        yield web
    finally:
        await web.close()


def unreachable(why: str, places: list[ChannelPlace], access: Access) -> MachineError:
    """Return the error for channels that cannot be asked."""
    remedy = "solve once without --offline, or use local channels" if access.offline else "check the network"
    if names := [place.name for place in places if place.by_name]:
        remedy += f"; what is no folder here was taken for a channel's name: {', '.join(names)}"
    return MachineError(f"a channel cannot be asked: {why}", code="environment.unreachable", remedy=remedy)


def _new_client() -> httpx.AsyncClient:
    import httpx

    headers = {"user-agent": f"bakehouse/{__version__}", "accept-encoding": "identity"}
    limits = httpx.Limits(max_connections=_AT_ONCE)
    return httpx.AsyncClient(follow_redirects=False, headers=headers, timeout=_SECONDS, limits=limits)


def _tags(response: httpx.Response) -> Mapping[str, str]:
    """Return what tells this state of a document from others.

    A time says too little of what was changed a moment ago: it may be changed again within the same second (RFC 9110,
    8.8.2.2).
    """
    from email.utils import parsedate_to_datetime  # with what it imports it takes longer than many a request

    found = {name: response.headers[name] for name in _TAGS if name in response.headers}
    if "last-modified" in found:
        try:
            age = parsedate_to_datetime(response.headers["date"]) - parsedate_to_datetime(found["last-modified"])
        except (KeyError, ValueError, TypeError):
            age = timedelta()
        if age < _SETTLED:
            del found["last-modified"]
    return found


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def sha256_of(path: Path) -> str:
    """Return a file's sha256 in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
