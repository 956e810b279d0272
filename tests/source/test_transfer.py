"""Moving bytes: what a server may do to us, and that nothing half or wrong is ever kept."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from builder.errors import MachineError
from builder.source.connection import TransferError
from builder.source.transfer import Transfer
from builder.store import Store
from tests.source.server import (
    Server,
    body_of,
    broken_off,
    dripping,
    encoded,
    hang_up,
    redirect,
    status,
    waiting,
)

T = TypeVar("T")
BODY = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(BODY).hexdigest()
QUICK = (0.0, 0.0, 0.0)


def transferring(store: Store, work: Callable[[Transfer], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Transfer(store, retries=QUICK) as transfer:
            return await work(transfer)

    return asyncio.run(run())


def save(store: Store, address: str, sha256: str | None = SHA256) -> Path:
    return transferring(store, lambda transfer: transfer.save(address, sha256)).path


def failure(store: Store, address: str, sha256: str | None = SHA256) -> TransferError:
    with pytest.raises(TransferError) as caught:
        save(store, address, sha256)
    assert store.file(SHA256) is None
    assert list(store.root.rglob("files/*/*")) == []
    return caught.value


def test_a_file_comes_over(store: Store, server: Server) -> None:
    path = save(store, server.serve("/a.tar.gz", BODY))
    assert path.read_bytes() == BODY
    assert store.file(SHA256) == path


def test_without_a_hash_it_goes_by_its_own(store: Store, server: Server) -> None:
    assert save(store, server.serve("/a.tar.gz", BODY), None) == store.file(SHA256)


def test_an_empty_file_is_a_file(store: Store, server: Server) -> None:
    empty = hashlib.sha256(b"").hexdigest()
    assert save(store, server.serve("/empty", b""), empty).read_bytes() == b""


def test_wrong_bytes_are_not_kept_nor_asked_for_again(store: Store, server: Server) -> None:
    found = failure(store, server.serve("/a", b"something else"))
    assert found.kind == "wrong"
    assert SHA256 in str(found)
    assert hashlib.sha256(b"something else").hexdigest() in str(found)
    assert server.asked("/a") == 1


def test_a_page_in_place_of_the_file_is_wrong_bytes(store: Store, server: Server) -> None:
    assert failure(store, server.serve("/a", b"<html>not found</html>", "text/html")).kind == "wrong"


@pytest.mark.parametrize("code", [404, 410])
def test_what_is_not_there_is_missing(store: Store, server: Server, code: int) -> None:
    found = failure(store, server.say("/a", status(code)))
    assert found.kind == "missing"
    assert str(code) in str(found)
    assert server.asked("/a") == 1


@pytest.mark.parametrize("code", [400, 401, 403, 418])
def test_what_is_refused_is_neither_missing_nor_asked_for_again(store: Store, server: Server, code: int) -> None:
    found = failure(store, server.say("/a", status(code)))
    assert found.kind == "network"
    assert server.asked("/a") == 1


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(store: Store, server: Server, code: int) -> None:
    address = server.say("/a", status(code), status(code), body_of(BODY))
    assert save(store, address).read_bytes() == BODY
    assert server.asked("/a") == 3


def test_a_server_that_stays_in_trouble_is_given_up(store: Store, server: Server) -> None:
    found = failure(store, server.say("/a", status(500)))
    assert found.kind == "network"
    assert "500" in str(found)
    assert "4 attempts" in str(found)
    assert server.asked("/a") == 4


def test_a_short_body_is_fetched_again_from_its_beginning(store: Store, server: Server) -> None:
    address = server.say("/a", broken_off(BODY[:1000], len(BODY)), body_of(BODY))
    assert save(store, address).read_bytes() == BODY
    assert [headers.get("range") for headers in server.headers] == [None, None]


def test_a_body_that_is_always_short_is_no_file(store: Store, server: Server) -> None:
    assert failure(store, server.say("/a", broken_off(BODY[:-1], len(BODY)))).kind == "network"


def test_a_short_body_without_hash_is_no_file_either(store: Store, server: Server) -> None:
    assert failure(store, server.say("/a", broken_off(BODY[:-1], len(BODY))), None).kind == "network"


def test_a_connection_that_breaks_is_tried_again(store: Store, server: Server) -> None:
    assert save(store, server.say("/a", hang_up, hang_up, body_of(BODY))).read_bytes() == BODY


def test_nobody_listens(store: Store, server: Server) -> None:
    found = failure(store, "http://127.0.0.1:9/a")
    assert found.kind == "network"
    assert "attempts" in str(found)


@pytest.mark.parametrize("address", ["http://", "http://[::1", "http://exa mple.org:x/"])
def test_an_address_that_makes_no_sense(store: Store, address: str) -> None:
    found = failure(store, address)
    assert found.kind == "refused"
    assert found.remedy


def test_bytes_are_kept_as_the_server_has_them(store: Store, server: Server) -> None:
    packed = gzip.compress(BODY, mtime=0)
    path = save(store, server.say("/a.tar.gz", encoded(packed, "gzip")), hashlib.sha256(packed).hexdigest())
    assert path.read_bytes() == packed
    assert server.headers[0]["accept-encoding"] == "identity"


class TestRedirects:
    def test_they_are_followed(self, store: Store, server: Server) -> None:
        server.serve("/b", BODY)
        server.say("/between", redirect("/b", 307))
        assert save(store, server.say("/a", redirect(f"{server.base}/between", 301))).read_bytes() == BODY
        assert [path for _, path in server.seen] == ["/a", "/between", "/b"]

    def test_not_for_ever(self, store: Store, server: Server) -> None:
        found = failure(store, server.say("/a", redirect("/a")))
        assert "redirects" in str(found)
        assert server.asked("/a") == 10

    @pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/a"])
    def test_not_to_other_schemes(self, store: Store, server: Server, target: str) -> None:
        found = failure(store, server.say("/a", redirect(target)))
        assert found.kind == "refused"
        assert found.remedy
        assert server.asked("/a") == 1

    def test_a_missing_target_is_missing(self, store: Store, server: Server) -> None:
        assert failure(store, server.say("/a", redirect("/b"))).kind == "missing"


class TestLocalFiles:
    def test_they_are_copied_into_the_store(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "a b+c").write_bytes(BODY)
        path = save(store, f"{tmp_path.as_uri()}/a%20b+c")
        assert path.read_bytes() == BODY
        assert path.is_relative_to(store.root)

    def test_absent(self, store: Store, tmp_path: Path) -> None:
        assert failure(store, f"{tmp_path.as_uri()}/absent").kind == "missing"

    def test_unreadable(self, store: Store, tmp_path: Path) -> None:
        assert failure(store, tmp_path.as_uri()).kind == "network"

    def test_wrong(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"else")
        assert failure(store, f"{tmp_path.as_uri()}/a").kind == "wrong"


class TestSmallThings:
    def test_reading_a_page(self, store: Store, server: Server) -> None:
        server.serve("/page", "größe".encode(), "Text/HTML; charset=utf-8")
        answer = transferring(store, lambda transfer: transfer.read(server.say("/a", redirect("/page")), "text/html"))
        assert answer.body.decode() == "größe"
        assert answer.media_type == "text/html"
        assert answer.address == f"{server.base}/page"
        assert server.headers[0]["accept"] == "text/html"

    def test_reading_a_local_page(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "index.html").write_text("x")
        answer = transferring(store, lambda transfer: transfer.read(f"{tmp_path.as_uri()}/index.html", "text/html"))
        assert answer.body == b"x"

    def test_asking_for_something_without_reading_it(self, store: Store, server: Server, tmp_path: Path) -> None:
        (tmp_path / "b").touch()
        for address in (server.serve("/a", BODY), f"{tmp_path.as_uri()}/b"):
            transferring(store, partial(Transfer.ask, address=address))
        assert server.seen == [("HEAD", "/a")]

    def test_asking_for_what_is_not_there(self, store: Store, server: Server, tmp_path: Path) -> None:
        kinds = []
        for address in (f"{server.base}/b", f"{tmp_path.as_uri()}/b", server.say("/c", status(500))):
            with pytest.raises(TransferError) as caught:
                transferring(store, partial(Transfer.ask, address=address))
            kinds.append(caught.value.kind)
        assert kinds == ["missing", "missing", "network"]


def test_eight_at_once_over_kept_connections(store: Store, server: Server) -> None:
    everybody = threading.Event()
    bodies = {f"/{number}": bytes([number]) * 1000 for number in range(24)}
    for path, body in bodies.items():
        server.say(path, waiting(everybody, body_of(body)))

    async def work(transfer: Transfer) -> None:
        tasks = [asyncio.ensure_future(transfer.save(server.base + path, None)) for path in bodies]
        for _ in range(8):
            await asyncio.to_thread(server.arrived.acquire)
        await asyncio.sleep(0.1)
        assert len(server.seen) == 8, "a ninth waits for its turn"
        everybody.set()
        await asyncio.gather(*tasks)

    transferring(store, work)
    assert len(server.connections) == 8
    for body in bodies.values():
        assert store.file(hashlib.sha256(body).hexdigest()) is not None


def test_the_event_loop_goes_on_meanwhile(store: Store, server: Server) -> None:
    """A download that stands still keeps nobody else waiting, nor does its writer."""
    started, go_on = threading.Event(), threading.Event()
    slow = server.say("/slow", dripping(BODY, started, go_on))
    quick = server.serve("/quick", b"quick")

    async def work(transfer: Transfer) -> list[int]:
        task = asyncio.ensure_future(transfer.save(slow, SHA256))
        await asyncio.to_thread(started.wait, 20)
        sizes = [(await transfer.save(quick, None)).size for _ in range(3)]
        go_on.set()
        return [*sizes, (await task).size]

    assert transferring(store, work) == [5, 5, 5, len(BODY)]


def test_cancelling_stops_at_once_and_leaves_nothing(store: Store, server: Server) -> None:
    started, go_on = threading.Event(), threading.Event()
    slow = server.say("/slow", dripping(BODY, started, go_on))

    async def work(transfer: Transfer) -> None:
        task = asyncio.ensure_future(transfer.save(slow, SHA256))
        await asyncio.to_thread(started.wait, 20)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not go_on.is_set()
        assert [path for path in store.root.rglob("*") if path.is_file() and path.stat().st_size] == []

    try:
        transferring(store, work)
    finally:
        go_on.set()
    assert store.file(SHA256) is None


def test_a_full_disk_is_the_machines_fault(store: Store, server: Server) -> None:
    import resource

    address = server.serve("/a", BODY)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(MachineError):
            save(store, address)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.file(SHA256) is None
    assert save(store, address).read_bytes() == BODY


def test_progress_is_told_in_bytes_and_without_passwords(store: Store, server: Server) -> None:
    told: list[tuple[str, int, int | None]] = []
    address = server.serve("/a", BODY).replace("http://", "http://user:secret@")

    async def run() -> None:
        async with Transfer(store, progress=lambda *event: told.append(event)) as transfer:
            await transfer.save(address, SHA256)

    asyncio.run(run())
    assert told[-1] == (f"{server.base}/a", len(BODY), len(BODY))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert server.headers[0]["authorization"].startswith("Basic ")
