"""Whom a batch of fetches asks: redirects, and on a farm every hop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
import pytest

from builder.model.policy import Policy
from builder.source.address import Offer
from builder.source.connection import AgainError, Connections, TransferError, check_redirect
from tests.source.server import Server, redirect, status

FARM, LAPTOP = Policy(farm=True), Policy()
PATIENCE = 20.0


def read(offer: Offer, policy: Policy, leads_to: Iterable[str] = ("93.184.216.34",)) -> bytes:
    async def ask() -> bytes:
        connections = Connections(policy, PATIENCE, lambda host, port: leads_to)
        async with connections, connections.open(offer, "*/*") as response:
            return await response.aread()

    return asyncio.run(ask())


def refusal(offer: Offer, policy: Policy = FARM, leads_to: Iterable[str] = ()) -> str:
    with pytest.raises(TransferError) as caught:
        read(offer, policy, leads_to)
    assert caught.value.kind == "refused"
    assert caught.value.remedy
    return str(caught.value)


class TestOnALaptop:
    def test_machines_of_its_own_are_asked(self, server: Server) -> None:
        assert read(Offer(address=server.serve("/a", b"bytes")), LAPTOP) == b"bytes"

    @pytest.mark.parametrize("code", [201, 204, 206, 301, 400, 403])
    def test_only_a_whole_answer_counts(self, server: Server, code: int) -> None:
        with pytest.raises(TransferError, match=f"answers {code}") as caught:
            read(Offer(address=server.say("/a", status(code))), LAPTOP)
        assert caught.value.kind == "network"

    @pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
    def test_what_may_pass(self, server: Server, code: int) -> None:
        with pytest.raises(AgainError, match=f"answers {code}") as caught:
            read(Offer(address=server.say("/a", status(code))), LAPTOP)
        assert caught.value.silent is None

    def test_who_could_not_be_reached_is_said(self) -> None:
        with pytest.raises(AgainError) as caught:
            read(Offer(address="http://127.0.0.1:9/a"), LAPTOP)
        assert caught.value.silent == "127.0.0.1:9"

    def test_never_from_https_to_http(self) -> None:
        secure, plain = (httpx.Request("GET", f"{scheme}://example.org/a") for scheme in ("https", "http"))
        with pytest.raises(TransferError, match=r"redirects from https to http://example\.org/a") as caught:
            check_redirect(secure, plain)
        assert caught.value.kind == "refused"
        for request, following in ((plain, secure), (secure, secure), (plain, plain)):
            check_redirect(request, following)


class TestOnAFarm:
    def test_a_private_address_is_not_asked(self, server: Server) -> None:
        assert "127.0.0.1, which is loopback" in refusal(Offer(address=server.serve("/a", b"bytes")))
        assert server.seen == []

    def test_nor_a_name_that_leads_there(self, server: Server) -> None:
        message = refusal(Offer(address="http://example.org/a"), leads_to=["127.0.0.1"])
        assert "example.org leads to 127.0.0.1, which is loopback" in message

    def test_what_the_operator_wrote_is_asked(self, server: Server) -> None:
        address = server.serve("/cache/a", b"bytes")
        assert read(Offer(address=address, base=f"{server.base}/cache/"), FARM) == b"bytes"

    def test_what_the_operator_wrote_may_redirect_on_its_own_server(self, server: Server) -> None:
        server.serve("/b", b"bytes")
        assert read(Offer(address=server.say("/a", redirect("/b")), base=server.base), FARM) == b"bytes"

    def test_but_nowhere_else(self, server: Server) -> None:
        other = "http://127.0.0.2:9/a"
        message = refusal(Offer(address=server.say("/a", redirect(other)), base=server.base))
        assert message.startswith(other)
        assert server.asked("/a") == 1

    @pytest.mark.parametrize("path", ["/cache/../a", "/cache/%2e%2E/a", "/cache/..%2fa", "/cache/..\\a"])
    def test_no_way_leads_out_of_what_the_operator_wrote(self, server: Server, path: str) -> None:
        server.serve("/a", b"bytes")
        assert refusal(Offer(address=server.base + path, base=f"{server.base}/cache/"))
        assert server.seen == []

    @pytest.mark.parametrize("rest", ["@127.0.0.1:9/a", ".evil.example/a", "1/a"])
    def test_nor_out_of_its_server(self, server: Server, rest: str) -> None:
        assert refusal(Offer(address=server.base + rest, base=server.base))

    def test_files_of_the_machine_are_the_operators(self) -> None:
        connections = Connections(FARM, PATIENCE)
        assert connections.check(Offer(address="file:///srv/cache/a", base="file:///srv/cache/"))
        for offer in (
            Offer(address="file:///etc/passwd"),
            Offer(address="file:///srv/cache/../../etc/passwd", base="file:///srv/cache/"),
        ):
            with pytest.raises(TransferError):
                connections.check(offer)

    def test_proxies_of_the_environment_are_not_asked_for_strangers(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A proxy looks names up itself: what it found could not be judged."""
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("HTTP_PROXY", server.base)
        server.say("http://example.org/a", redirect("/b"))
        server.serve("http://mirror.example/a", b"through the proxy")
        with pytest.raises(TransferError):
            read(Offer(address="http://example.org/a"), FARM, leads_to=["127.0.0.1"])
        assert server.seen == []
        trusted = Offer(address="http://mirror.example/a", base="http://mirror.example/")
        assert read(trusted, FARM) == b"through the proxy"
