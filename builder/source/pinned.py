"""Connects to the very address that was judged: a name that leads elsewhere the next time leads nobody astray."""

from __future__ import annotations

import asyncio

import httpx

from builder.source.fence import PORTS, Resolve, public_addresses


class PublicTransport(httpx.AsyncBaseTransport):
    """Sends requests to public machines only.

    Names are looked up once; the request goes to the address, and says the name where the server and its certificate
    are asked for it.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Resolve | None = None) -> None:
        """Send through ``inner``, which gets addresses only; ``resolve`` looks names up in place of the system."""
        self._inner = inner
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first of its host's addresses that answers.

        Raises `SourceError` when one of them is not public, `httpx.ConnectError` when none answers.
        """
        url = request.url
        port = url.port or PORTS[url.scheme]
        try:
            addresses = await asyncio.to_thread(public_addresses, url.host, port, str(url), resolve=self._resolve)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        failure: httpx.TransportError = httpx.ConnectError("the name leads nowhere", request=request)
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """Return the request with an IP address in place of the host; its ``Host`` header stays as it is."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
