"""Moves bytes from an address into the store: one HTTP client per batch, retries, safe redirects, nothing half kept."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.model.policy import Policy
from builder.report.text import size
from builder.source.address import Offer, local_path, shown
from builder.source.connection import AT_ONCE, AgainError, Connections, TransferError
from builder.source.patience import PATIENT, Pace, Patience, oddities
from builder.store import Store, StoredFile

if TYPE_CHECKING:  # httpx costs a tenth of a second: it is imported when something really must be fetched
    import httpx

Progress = Callable[[str, int, int | None], None]
"""Called with an address, the bytes that came so far, and how many there will be (None when nobody says)."""

_PIECE = 1 << 18
_WAITING_PIECES = 64
_T = TypeVar("_T")


class _AbandonedError(Exception):
    """Ends the writing thread when the bytes stop coming."""


_LAPTOP = Policy()


@frozen
class Answer:
    """A small document: ``address`` is where it came from in the end, ``media_type`` its type without parameters."""

    address: str
    media_type: str
    body: bytes


class _Body:
    """What comes as an answer: ``total`` bytes if the server says how many, ``largest`` at most; ``head`` is its start.

    ``use`` says what it is for, where that is why it may not be larger.
    """

    def __init__(self, address: str, response: httpx.Response, largest: int, use: str = "") -> None:
        self.address = address
        self.response = response
        self.largest = largest
        self.use = use
        length = response.headers.get("content-length", "")
        self.total = int(length) if length.isdecimal() and len(length) < 20 else None
        self.head = b""

    def check(self, done: int) -> None:
        """Refuse more than is borne, before it comes where the server says so."""
        if max(done, self.total or 0) > self.largest:
            why = self.use or ("" if self.total else " and announces no end")
            raise TransferError("wrong", f"it sends more than {size(self.largest)}{why}")

    def oddities(self) -> tuple[str, ...]:
        """Return what may explain that the bytes were wrong."""
        came_from = shown(str(self.response.url))
        redirected = f"it came from {came_from}, to which it was redirected"
        moved = () if came_from == shown(self.address) else (redirected,)
        return moved + oddities(self.response.headers, self.head)


class Transfer:
    """The connections of one batch of fetches; use it as an async context manager."""

    def __init__(
        self,
        store: Store,
        *,
        retries: tuple[float, ...] = (0.5, 2.0, 5.0),
        progress: Progress | None = None,
        patience: Patience = PATIENT,
        policy: Policy = _LAPTOP,
    ) -> None:
        """Keep what is fetched in ``store``; ``retries`` are the seconds to wait before each further attempt."""
        self._store = store
        self._retries = retries
        self._progress = progress
        self._patience = patience
        self._silent: dict[str, str] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._writers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")
        self._connections = Connections(policy, patience.answer)

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._connections.__aexit__(kind, error, trace)
        self._writers.shutdown(wait=False)

    async def save(self, address: str, sha256: str | None, *, base: str | None = None) -> StoredFile:
        """Put the address's bytes into the store; `TransferError` when they cannot be had or are not ``sha256``'s.

        ``base`` is what the operator of this machine wrote as the beginning of the address, if he did.
        """
        offer = Offer(address=address, base=base)
        async with self._slots:
            return await self._persistently(offer, lambda: self._save(offer, sha256))

    async def read(self, address: str, accept: str, *, base: str | None = None) -> Answer:
        """Return a small document whole, such as a page of an index."""
        offer = Offer(address=address, base=base)
        async with self._slots:
            return await self._persistently(offer, lambda: self._read(offer, accept))

    async def ask(self, address: str, *, base: str | None = None) -> None:
        """Ask for the address without reading it; `TransferError` says what a fetch would meet."""
        offer = Offer(address=address, base=base)
        async with self._slots:
            await self._persistently(offer, lambda: self._ask(offer))

    async def _persistently(self, offer: Offer, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Try until it works; a server that could not be reached at all is not waited for a second time."""
        server = offer.address.partition("://")[2].partition("/")[0]
        last = AgainError("never tried")
        for pause in (0.0, *self._retries):
            if server in self._silent:
                raise TransferError("network", f"{self._silent[server]}, as before")
            await asyncio.sleep(pause)
            try:
                return await attempt()
            except AgainError as failure:
                last = failure
        if last.silent is not None:
            self._silent[last.silent] = str(last)
        raise TransferError("network", f"{last} ({1 + len(self._retries)} attempts)") from last.__cause__

    async def _save(self, offer: Offer, sha256: str | None) -> StoredFile:
        if offer.address.startswith("file:"):
            self._connections.check(offer)
            return await self._write(_pieces(local_path(offer.address)), sha256)
        async with self._connections.open(offer, "*/*") as response:
            body = _Body(offer.address, response, self._patience.largest)
            try:
                return await self._pour(self._pieces(body), sha256, body.total)
            except TransferError as error:
                odd = body.oddities() if error.kind == "wrong" else ()
                raise TransferError(error.kind, "; ".join((str(error), *odd)), error.remedy) from error

    async def _read(self, offer: Offer, accept: str) -> Answer:
        if offer.address.startswith("file:"):
            self._connections.check(offer)
            body = await asyncio.to_thread(lambda: b"".join(_pieces(local_path(offer.address))))
            return Answer(address=offer.address, media_type="", body=body)
        async with self._connections.open(offer, accept) as response:
            document = _Body(offer.address, response, self._patience.page, " for a page")
            body = b"".join([piece async for piece in self._pieces(document)])
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(address=str(response.url), media_type=media_type, body=body)

    async def _ask(self, offer: Offer) -> None:
        if not offer.address.startswith("file:"):
            async with self._connections.open(offer, "*/*", "HEAD"):
                return
        self._connections.check(offer)
        if not await asyncio.to_thread(local_path(offer.address).is_file):
            raise TransferError("missing", "there is no such file")

    async def _pieces(self, body: _Body) -> AsyncIterator[bytes]:
        """Yield the body as the server sent it, undecoded: a recipe's sha256 is that of the file, whatever it is.

        A server may neither send for ever nor so slowly that nobody sees the end.
        """
        loop = asyncio.get_running_loop()
        pace = Pace(self._patience, loop.time())
        done = 0
        body.check(done)
        async for piece in body.response.aiter_raw():
            body.head = body.head or piece[:1024]
            done += len(piece)
            body.check(done)
            trouble = pace.trouble(loop.time(), done)
            if trouble is not None:
                raise AgainError(trouble)
            if self._progress is not None:
                self._progress(shown(body.address), done, body.total)
            yield piece

    async def _write(self, pieces: Iterator[bytes], sha256: str | None, size: int | None = None) -> StoredFile:
        """Run the store's writer in a thread of ours, so that downloads never take the threads of other work."""
        loop = asyncio.get_running_loop()
        try:
            add = partial(self._store.add_file, pieces, sha256=sha256, size=size)
            return await loop.run_in_executor(self._writers, add)
        except SourceError as error:
            raise TransferError("wrong", str(error)) from error

    async def _pour(self, pieces: AsyncIterator[bytes], sha256: str | None, size: int | None) -> StoredFile:
        """Hand the pieces to a writing thread as they come.

        Whatever ends this early (a broken connection, a cancelled task) makes the writer throw away what it has, and
        we wait until it has done so.
        """
        pipe: SimpleQueue[bytes | None] = SimpleQueue()
        room = asyncio.Semaphore(_WAITING_PIECES)
        loop = asyncio.get_running_loop()

        def drain() -> Iterator[bytes]:
            while piece := pipe.get():
                yield piece
                loop.call_soon_threadsafe(room.release)
            if piece is None:
                raise _AbandonedError

        writer = asyncio.ensure_future(self._write(drain(), sha256, size))
        writer.add_done_callback(lambda _: room.release())
        end: bytes | None = None
        try:
            async for piece in pieces:
                await room.acquire()
                if writer.done():
                    break
                pipe.put(piece)
            end = b""
        finally:
            pipe.put(end)
            await asyncio.wait([writer])
            failure = writer.exception()
        if failure is not None:
            raise failure
        return writer.result()


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise TransferError("network", "it cannot be read: it is no plain file")
            while piece := os.read(descriptor, _PIECE):
                yield piece
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise TransferError("missing", "there is no such file") from error
    except OSError as error:
        raise TransferError("network", f"it cannot be read: {error.strerror}") from error
