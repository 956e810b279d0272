"""Requests go to the very addresses that were judged, whatever a name leads to the next time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import httpx
import pytest

from builder.errors import SourceError
from builder.source.pinned import PublicTransport

PUBLIC = ("93.184.216.34", "2600:1f18::1")


class Wire(httpx.AsyncBaseTransport):
    """Takes requests as they would go out, and refuses connections to the addresses in ``down``."""

    def __init__(self, *down: str) -> None:
        self.down = down
        self.sent: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.host in self.down:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, content=b"bytes")

    async def aclose(self) -> None:
        self.closed = True


def get(wire: Wire, url: str, names: dict[str, Iterator[Iterable[str]]]) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = PublicTransport(wire, lambda host, port: next(names[host]))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(url)

    return asyncio.run(ask())


def test_the_address_is_asked_and_the_name_is_said() -> None:
    wire = Wire()
    answer = get(wire, "https://Files.example.org/a?b=1", {"files.example.org": iter([PUBLIC])})
    (sent,) = wire.sent
    assert (sent.url.scheme, sent.url.host, sent.url.raw_path) == ("https", PUBLIC[0], b"/a?b=1")
    assert sent.headers["host"] == "files.example.org"
    assert sent.extensions["sni_hostname"] == "files.example.org"
    assert answer.url == "https://files.example.org/a?b=1"
    assert answer.content == b"bytes"
    assert wire.closed


def test_a_name_that_leads_elsewhere_the_next_time_is_not_looked_up_again() -> None:
    wire = Wire()
    get(wire, "http://rebinding.example/", {"rebinding.example": iter([[PUBLIC[0]], ["127.0.0.1"]])})
    assert [request.url.host for request in wire.sent] == [PUBLIC[0]]


def test_the_next_address_is_tried() -> None:
    wire = Wire(PUBLIC[0])
    assert get(wire, "http://a.example/", {"a.example": iter([PUBLIC])}).status_code == 200
    assert [request.url.host for request in wire.sent] == list(PUBLIC)
    with pytest.raises(httpx.ConnectError, match="refused"):
        get(Wire(*PUBLIC), "http://a.example/", {"a.example": iter([PUBLIC])})


@pytest.mark.parametrize("leads_to", [["127.0.0.1"], [PUBLIC[0], "10.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"]])
def test_nothing_is_sent_to_what_is_not_public(leads_to: list[str]) -> None:
    wire = Wire()
    with pytest.raises(SourceError, match=r"a\.example leads to"):
        get(wire, "http://a.example/", {"a.example": iter([leads_to])})
    assert wire.sent == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://localhost/"])
def test_nothing_is_looked_up_that_is_private_by_its_name(url: str) -> None:
    wire = Wire()
    with pytest.raises(SourceError):
        get(wire, url, {})
    assert wire.sent == []


def test_a_name_that_is_nowhere_is_a_failure_of_the_network() -> None:
    async def ask() -> None:
        def nowhere(host: str, port: int) -> Iterable[str]:
            raise OSError("Name or service not known")

        async with httpx.AsyncClient(transport=PublicTransport(Wire(), nowhere)) as client:
            await client.get("http://nowhere.example/")

    with pytest.raises(httpx.ConnectError, match="not known"):
        asyncio.run(ask())
