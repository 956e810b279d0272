"""Opens addresses: one HTTP client per batch, redirects hop by hop, each hop judged; nothing waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from builder import __version__
from builder.errors import SourceError
from builder.model.policy import Policy
from builder.source.address import Offer, shown
from builder.source.fence import Resolve, judge, lies_within

if TYPE_CHECKING:  # httpx costs a tenth of a second: it is imported when something really must be fetched
    import httpx

AT_ONCE = 8
_MAX_REDIRECTS = 10
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_PART = 206


class TransferError(Exception):
    """One address did not give the bytes: ``kind`` says whose fault it is, the text says why.

    ``missing``: the server knows no such file; ``wrong``: other bytes came; ``refused``: a rule forbids to ask, and
    ``remedy`` says what then; ``network``: nothing came at all.
    """

    def __init__(
        self, kind: Literal["missing", "wrong", "refused", "network"], why: str, remedy: str | None = None
    ) -> None:
        self.kind = kind
        self.remedy = remedy
        super().__init__(why)


class AgainError(Exception):
    """A failure that may pass when asked again; ``silent`` is the server (host and port) that could not be reached."""

    def __init__(self, why: str, *, silent: str | None = None) -> None:
        self.silent = silent
        super().__init__(why)


class Connections:
    """The connections of one batch of fetches; use it as an async context manager.

    On a farm two clients ask. Addresses that the operator wrote are asked as on any machine, through the proxies of the
    environment; those of strangers without a proxy, for one would look names up itself, and only at public machines.
    """

    def __init__(self, policy: Policy, patience: float, resolve: Resolve | None = None) -> None:
        """Wait ``patience`` seconds for an answer at most; ``resolve`` looks names up on a farm."""
        self._policy = policy
        self._patience = patience
        self._resolve = resolve

    async def __aenter__(self) -> Self:
        """Open the clients, in a thread: importing httpx and reading the certificates takes a tenth of a second."""
        self._trusting = await asyncio.to_thread(_new_client)
        self._fenced = await asyncio.to_thread(_fenced_client, self._resolve) if self._policy.farm else self._trusting
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._trusting.aclose()
        await self._fenced.aclose()

    def check(self, offer: Offer) -> bool:
        """Return whether the operator answers for ``offer``; `TransferError` when a farm may not ask there."""
        if offer.base is not None and lies_within(offer.base, offer.address):
            return True
        with _refusals():
            judge(offer.address, self._policy)
        return False

    @asynccontextmanager
    async def open(self, offer: Offer, accept: str, method: str = "GET") -> AsyncIterator[httpx.Response]:
        """Ask, follow redirects (never from https to anything else), judge the status; yield the response unread.

        Raises `TransferError`, or `AgainError` where another try may help.
        """
        import httpx

        self.check(offer)
        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": f"bakehouse/{__version__}"}
        try:
            request = self._trusting.build_request(method, offer.address, headers=headers)
            for _ in range(_MAX_REDIRECTS):
                response = await self._send(request, Offer(address=str(request.url), base=offer.base))
                try:
                    if response.next_request is None:
                        _judge_status(response)
                        yield response
                        return
                    check_redirect(request, response.next_request)
                    request = response.next_request
                finally:
                    await response.aclose()
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise TransferError("refused", f"no usable address: {error}", "correct the address") from error
        except httpx.HTTPError as error:
            unreached = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            server = error.request.url.netloc.decode() if unreached else None
            raise AgainError(str(error) or type(error).__name__, silent=server) from error
        raise TransferError("network", f"more than {_MAX_REDIRECTS} redirects")

    async def _send(self, request: httpx.Request, hop: Offer) -> httpx.Response:
        client = self._trusting if self.check(hop) else self._fenced
        try:
            with _refusals():
                async with asyncio.timeout(self._patience):
                    return await client.send(request, stream=True)
        except TimeoutError as error:
            raise AgainError(f"no whole answer came within {self._patience:g} s") from error


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the fence says into a `TransferError`."""
    try:
        yield
    except SourceError as error:
        raise TransferError("refused", str(error), error.problems[0].remedy) from error


def _new_client() -> httpx.AsyncClient:
    import httpx

    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    return httpx.AsyncClient(timeout=_timeout(), limits=limits, follow_redirects=False)


def _fenced_client(resolve: Resolve | None) -> httpx.AsyncClient:
    import httpx

    from builder.source.pinned import PublicTransport  # httpx's classes are there by now

    # Nothing is kept open: a connection to an address would be taken for another name that leads there.
    transport = httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
    return httpx.AsyncClient(
        transport=PublicTransport(transport, resolve), timeout=_timeout(), trust_env=False, follow_redirects=False
    )


def _timeout() -> httpx.Timeout:
    import httpx

    return httpx.Timeout(30.0, connect=15.0, pool=None)


def _judge_status(response: httpx.Response) -> None:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code in _GONE:
        raise TransferError("missing", f"the server answers {status}")
    if response.status_code in _AGAIN:
        raise AgainError(f"the server answers {status}")
    if response.status_code != 200:
        why = ": a part of the file, which nobody asked for" if response.status_code == _PART else ""
        raise TransferError("network", f"the server answers {status}{why}")


def check_redirect(request: httpx.Request, following: httpx.Request) -> None:
    """Refuse a redirect that leads from https to http, or to anything else; `TransferError`."""
    old, new = request.url.scheme, following.url.scheme
    if new not in {"http", "https"} or (old == "https" and new == "http"):
        raise TransferError(
            "refused",
            f"it redirects from {old} to {shown(str(following.url))}, which is not followed",
            "give the source an address that leads to https",
        )
