"""Moves bytes from an address into the store: one HTTP client per batch, retries, safe redirects, nothing half kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from builder import __version__
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.source.address import local_path, shown
from builder.store import Store, StoredFile

if TYPE_CHECKING:  # httpx costs a tenth of a second: it is imported when something really must be fetched
    import httpx

Progress = Callable[[str, int, int | None], None]
"""Called with an address, the bytes that came so far, and how many there will be (None when nobody says)."""

_AT_ONCE = 8
_MAX_REDIRECTS = 10
_PIECE = 1 << 18
_WAITING_PIECES = 64
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_T = TypeVar("_T")


class TransferError(Exception):
    """One address did not give the bytes: ``kind`` says whose fault it is, the text says why.

    ``missing``: the server knows no such file; ``wrong``: other bytes came, or the address breaks a rule; ``network``:
    nothing came at all.
    """

    def __init__(self, kind: Literal["missing", "wrong", "network"], why: str) -> None:
        self.kind = kind
        super().__init__(why)


class _AbandonedError(Exception):
    """Ends the writing thread when the bytes stop coming."""


class _AgainError(Exception):
    """A failure that may pass when asked again."""


@frozen
class Answer:
    """A small document: ``address`` is where it came from in the end, ``media_type`` its type without parameters."""

    address: str
    media_type: str
    body: bytes


class Transfer:
    """The connections of one batch of fetches; use it as an async context manager."""

    def __init__(
        self, store: Store, *, retries: tuple[float, ...] = (0.5, 2.0, 5.0), progress: Progress | None = None
    ) -> None:
        """Keep what is fetched in ``store``; ``retries`` are the seconds to wait before each further attempt."""
        self._store = store
        self._retries = retries
        self._progress = progress
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._writers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch")

    async def __aenter__(self) -> Self:
        """Open the client."""
        self._client = await asyncio.to_thread(_new_client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._client.aclose()
        self._writers.shutdown(wait=False)

    async def save(self, address: str, sha256: str | None) -> StoredFile:
        """Put the address's bytes into the store; `TransferError` when they cannot be had or are not ``sha256``'s."""
        async with self._slots:
            return await self._persistently(lambda: self._save(address, sha256))

    async def read(self, address: str, accept: str) -> Answer:
        """Return a small document whole, such as a page of an index."""
        async with self._slots:
            return await self._persistently(lambda: self._read(address, accept))

    async def ask(self, address: str) -> None:
        """Ask for the address without reading it; `TransferError` says what a fetch would meet."""
        async with self._slots:
            await self._persistently(lambda: self._ask(address))

    async def _persistently(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        last = _AgainError("never tried")
        for pause in (0.0, *self._retries):
            await asyncio.sleep(pause)
            try:
                return await attempt()
            except _AgainError as failure:
                last = failure
        raise TransferError("network", f"{last} ({1 + len(self._retries)} attempts)") from last.__cause__

    async def _save(self, address: str, sha256: str | None) -> StoredFile:
        if address.startswith("file:"):
            return await self._write(_pieces(local_path(address)), sha256)
        async with self._open(address, "*/*") as response:
            return await self._pour(self._body(address, response), sha256)

    async def _read(self, address: str, accept: str) -> Answer:
        if address.startswith("file:"):
            body = await asyncio.to_thread(lambda: b"".join(_pieces(local_path(address))))
            return Answer(address=address, media_type="", body=body)
        async with self._open(address, accept) as response:
            body = b"".join([piece async for piece in self._body(address, response)])
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(address=str(response.url), media_type=media_type, body=body)

    async def _ask(self, address: str) -> None:
        if not address.startswith("file:"):
            async with self._open(address, "*/*", "HEAD"):
                return
        if not await asyncio.to_thread(local_path(address).is_file):
            raise TransferError("missing", "there is no such file")

    @asynccontextmanager
    async def _open(self, address: str, accept: str, method: str = "GET") -> AsyncIterator[httpx.Response]:
        """Ask, follow redirects (never from https to anything else), judge the status; yield the response unread."""
        import httpx

        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": f"bakehouse/{__version__}"}
        try:
            request = self._client.build_request(method, address, headers=headers)
            for _ in range(_MAX_REDIRECTS):
                response = await self._client.send(request, stream=True)
                try:
                    if response.next_request is None:
                        _judge(response)
                        yield response
                        return
                    _check_redirect(request, response.next_request)
                    request = response.next_request
                finally:
                    await response.aclose()
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise TransferError("wrong", f"no usable address: {error}") from error
        except httpx.HTTPError as error:
            raise _AgainError(str(error) or type(error).__name__) from error
        raise TransferError("network", f"more than {_MAX_REDIRECTS} redirects")

    async def _body(self, address: str, response: httpx.Response) -> AsyncIterator[bytes]:
        """Yield the body as the server sent it, undecoded: a recipe's sha256 is that of the file, whatever it is."""
        length = response.headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
        done = 0
        async for piece in response.aiter_raw(_PIECE):
            done += len(piece)
            if self._progress is not None:
                self._progress(shown(address), done, total)
            yield piece

    async def _write(self, pieces: Iterator[bytes], sha256: str | None) -> StoredFile:
        """Run the store's writer in a thread of ours, so that downloads never take the threads of other work."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writers, lambda: self._store.add_file(pieces, sha256=sha256))
        except SourceError as error:
            raise TransferError("wrong", str(error)) from error

    async def _pour(self, pieces: AsyncIterator[bytes], sha256: str | None) -> StoredFile:
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

        writer = asyncio.ensure_future(self._write(drain(), sha256))
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


def _new_client() -> httpx.AsyncClient:
    """Make the client in a thread: importing httpx and reading the certificates takes a tenth of a second."""
    import httpx

    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    timeout = httpx.Timeout(30.0, connect=15.0, pool=None)
    return httpx.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False)


def _judge(response: httpx.Response) -> None:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code in _GONE:
        raise TransferError("missing", f"the server answers {status}")
    if response.status_code in _AGAIN:
        raise _AgainError(f"the server answers {status}")
    if not response.is_success:
        raise TransferError("network", f"the server answers {status}")


def _check_redirect(request: httpx.Request, following: httpx.Request) -> None:
    old, new = request.url.scheme, following.url.scheme
    if new not in {"http", "https"} or (old == "https" and new == "http"):
        raise TransferError("wrong", f"it redirects from {old} to {shown(str(following.url))}, which is not followed")


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except FileNotFoundError as error:
        raise TransferError("missing", "there is no such file") from error
    except OSError as error:
        raise TransferError("network", f"it cannot be read: {error.strerror}") from error
