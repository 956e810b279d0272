"""Servers that lie: about length, hash, redirects, parts and content. Nothing of it is ever kept, and a good mirror wins."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import random
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.recipe import UrlSource
from builder.source import Addresses, Fetcher
from builder.source.connection import TransferError
from builder.source.patience import Patience
from builder.source.transfer import Transfer
from builder.store import Store
from tests.source.server import Answer, Server, body_of, broken_off, encoded, redirect

BODY = bytes(range(256)) * 2000
OTHER = BODY[::-1]
SHA256 = hashlib.sha256(BODY).hexdigest()
QUICK = (0.0, 0.0)


def raw(*pieces: bytes | float, reset: bool = False) -> Answer:
    """Send exactly these bytes (a number is a pause in seconds), then hang up, or reset the connection."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        for piece in pieces:
            if isinstance(piece, bytes):
                handler.wfile.write(piece)
                handler.wfile.flush()
            else:
                time.sleep(piece)
        if reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()

    return answer


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def chunks(*sizes_and_data: tuple[bytes, bytes]) -> bytes:
    return b"".join(size + b"\r\n" + data + b"\r\n" for size, data in sizes_and_data)


CHUNKED = head("Transfer-Encoding: chunked")
PAGE = b"<!DOCTYPE html><html><title>Log in first</title>"

LIES: dict[str, tuple[Answer, str]] = {
    "shorter than it says": (broken_off(BODY[:-1], len(BODY)), "without sending complete message body"),
    "longer than it says": (raw(head(f"Content-Length: {len(BODY) - 1}"), BODY), "sha256 is"),
    "much longer than it says": (raw(head(f"Content-Length: {len(BODY)}"), OTHER + BODY), "sha256 is"),
    "two lengths": (raw(head("Content-Length: 10", f"Content-Length: {len(BODY)}"), BODY), "Content-Length"),
    "a negative length": (raw(head("Content-Length: -1"), BODY), "Content-Length"),
    "an endless length": (raw(head(f"Content-Length: {'9' * 30}"), BODY), "Content-Length"),
    "no length, and cut off": (raw(head(), BODY[:-1]), "did not say how long it is"),
    "other bytes": (body_of(OTHER), "sha256 is"),
    "a page": (body_of(PAGE, "text/html"), r'a page of HTML \("Log in first"\)'),
    "a page that calls itself a file": (body_of(PAGE), r'a page of HTML \("Log in first"\)'),
    "a part": (raw(head("Content-Range: bytes 0-9/512000", "Content-Length: 10", status="206 Partial Content"), BODY[:10]), "206 Partial Content: a part"),
    "a part that is the whole": (raw(head("Content-Range: bytes 0-511999/512000", f"Content-Length: {len(BODY)}", status="206 Partial Content"), BODY), "206"),
    "no content": (raw(head(status="204 No Content")), "204 No Content"),
    "encoded as nobody asked": (encoded(gzip.compress(BODY, mtime=0), "gzip"), "encoded it as gzip"),
    "chunks that end too early": (raw(CHUNKED, chunks((b"400", BODY[:0x400])), b"400\r\n" + BODY[:10]), "incomplete chunked read"),
    "chunks without an end": (raw(CHUNKED, chunks((b"400", BODY[:0x400]))), "incomplete chunked read"),
    "chunks of no size": (raw(CHUNKED, b"zz\r\n" + BODY), "chunk"),
    "a chunk larger than there is": (raw(CHUNKED, b"fffffffffffffff0\r\n", BODY), "incomplete chunked read"),
    "chunks and a length": (raw(head("Transfer-Encoding: chunked", "Content-Length: 3"), chunks((b"3", b"abc"), (b"0", b""))), "sha256 is"),
    "a reset": (raw(head(f"Content-Length: {len(BODY)}"), BODY[:5000], 0.05, reset=True), "attempts"),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "attempts"),
    "a head without end": (raw(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 50_000), "attempts"),
    "to a file": (redirect("file:///etc/passwd"), "attempts|not followed|address"),
    "to itself": (redirect("/lie"), "more than 10 redirects"),
    "to nowhere": (redirect("http://[::1"), "attempts|address"),
    "to a closed door": (redirect("http://127.0.0.1:9/x"), "attempts"),
}  # fmt: skip


def nothing_kept(store: Store) -> None:
    assert list(store.root.glob("files/*/*")) == []
    assert [path for path in store.root.glob("sessions/*/*") if path.is_file()] == []


def fetched(store: Store, *addresses: str, told: list[str] | None = None) -> Path:
    fetcher = Fetcher(store, Addresses(), retries=QUICK, report=(told if told is not None else []).append)
    return asyncio.run(fetcher.fetch(UrlSource(urls=addresses, sha256=SHA256)))


@pytest.mark.parametrize("lie", LIES)
def test_nothing_of_a_lie_is_kept_and_it_is_told_who_lied_about_what(store: Store, server: Server, lie: str) -> None:
    answer, words = LIES[lie]
    address = server.say("/lie", answer)
    with pytest.raises(BakehouseError, match=words) as caught:
        fetched(store, address)
    assert str(caught.value).startswith(f"{address}: ")
    assert caught.value.exit_code in {2, 3}
    assert caught.value.problems[0].remedy
    assert server.asked("/lie") <= 10
    nothing_kept(store)


def test_a_good_mirror_wins_over_all_liars(store: Store, server: Server) -> None:
    told: list[str] = []
    liars = [server.say(f"/lie{number}", answer) for number, (answer, _) in enumerate(LIES.values())]
    path = fetched(store, *liars, server.serve("/good", BODY), told=told)
    assert path.read_bytes() == BODY
    assert [path.name for path in store.root.glob("files/*/*")] == [SHA256]
    assert len(told) == len(LIES)
    for liar, line in zip(liars, told, strict=True):
        assert line.startswith(f"{liar}: ")
        assert line.endswith(f"; took {server.base}/good")


@pytest.mark.parametrize("seed", range(8))
def test_a_connection_reset_at_any_byte_is_tried_again(store: Store, server: Server, seed: int) -> None:
    whole = head(f"Content-Length: {len(BODY)}") + BODY
    cut = random.Random(seed).randrange(1, len(whole))
    address = server.say("/a", raw(whole[:cut], reset=True), raw(whole[: cut // 2], reset=True), body_of(BODY))
    assert fetched(store, address).read_bytes() == BODY
    assert server.asked("/a") == 3


def test_content_that_changes_between_attempts_is_never_joined(store: Store, server: Server) -> None:
    """Half of the old file, then the new one: what counts is one whole answer; other bytes are not asked for again."""
    address = server.say("/a", broken_off(BODY[:1000], len(BODY)), body_of(OTHER), body_of(BODY))
    with pytest.raises(SourceError, match="sha256 is"):
        fetched(store, address)
    assert server.asked("/a") == 2
    assert all("range" not in headers for headers in server.headers)
    nothing_kept(store)


def test_what_follows_an_answer_is_not_taken_for_the_next_one(store: Store, server: Server) -> None:
    """A poisoned connection: behind the file stands an answer to a question that was not asked yet."""
    poison = head(f"Content-Length: {len(OTHER)}") + OTHER

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head(f"Content-Length: {len(BODY)}") + BODY + poison)
        handler.wfile.flush()

    first, second = server.say("/first", answer), server.serve("/second", b"the second")

    async def work() -> list[bytes]:
        async with Transfer(store, retries=QUICK) as transfer:
            return [
                (await transfer.save(address, None)).path.read_bytes() for address in (first, second, first, second)
            ]

    assert asyncio.run(work()) == [BODY, b"the second"] * 2
    assert server.asked("/second") == 2


def test_where_a_redirect_led_is_told(store: Store, server: Server) -> None:
    server.serve("/portal", PAGE, "text/html")
    with pytest.raises(
        SourceError, match=f"it came from {server.base}/portal, to which it was redirected; it is a page"
    ):
        fetched(store, server.say("/a", redirect("/portal")))


class TestPatience:
    def fail(self, store: Store, address: str, patience: Patience) -> TransferError:
        async def run() -> None:
            async with Transfer(store, retries=QUICK, patience=patience) as transfer:
                await transfer.save(address, SHA256)

        with pytest.raises(TransferError) as caught:
            asyncio.run(run())
        nothing_kept(store)
        return caught.value

    def test_an_answer_that_never_comes(self, store: Store, server: Server) -> None:
        address = server.say("/a", raw(b"HTTP/1.1 200", 0.5))
        assert "no whole answer came within 0.1 s (3 attempts)" in str(self.fail(store, address, Patience(answer=0.1)))

    def test_a_head_that_never_ends(self, store: Store, server: Server) -> None:
        address = server.say("/a", raw(*(head(status="102 Processing"), 0.02) * 40))
        assert "no whole answer" in str(self.fail(store, address, Patience(answer=0.2)))

    def test_a_body_that_drips(self, store: Store, server: Server) -> None:
        address = server.say("/a", raw(head(f"Content-Length: {len(BODY)}"), *(b"x", 0.01) * 100))
        failure = self.fail(store, address, Patience(window=0.1, slowest=1000))
        assert failure.kind == "network"
        assert "came within 0.1 s (3 attempts)" in str(failure)

    def test_a_body_that_never_ends(self, store: Store, server: Server) -> None:
        def endless(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(head("Transfer-Encoding: chunked"))
            while True:
                handler.wfile.write(chunks((b"8000", bytes(0x8000))))

        failure = self.fail(store, server.say("/a", endless), Patience(largest=1 << 20))
        assert "sends more than 1.0 MiB and announces no end" in str(failure)
        assert server.asked("/a") == 1

    def test_a_page_that_is_too_long_for_memory(self, store: Store, server: Server) -> None:
        async def run() -> None:
            async with Transfer(store, retries=QUICK, patience=Patience(page=10_000)) as transfer:
                await transfer.read(server.serve("/page", BODY), "text/html")

        with pytest.raises(TransferError, match=r"sends more than 9\.8 KiB for a page"):
            asyncio.run(run())

    def test_a_host_that_never_answers_is_waited_for_once(self, store: Store) -> None:
        """Fifty sources at a machine that is down take as long as one, and say so once each."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            base = f"http://127.0.0.1:{closed.getsockname()[1]}"

        async def run() -> list[BaseException | object]:
            async with Transfer(store, retries=QUICK) as transfer:
                await asyncio.gather(transfer.save(f"{base}/first", SHA256), return_exceptions=True)
                return await asyncio.gather(
                    *(transfer.save(f"{base}/{n}", SHA256) for n in range(50)), return_exceptions=True
                )

        ends = asyncio.run(run())
        assert len(ends) == 50
        assert all(isinstance(end, TransferError) and str(end).endswith("as before") for end in ends)


class TestLocalLies:
    """What `file:` leads to and is no file."""

    def fail(self, store: Store, path: Path) -> BaseException:
        with pytest.raises(MachineError) as caught:
            fetched(store, path.as_uri())
        nothing_kept(store)
        return caught.value

    def test_a_pipe_that_nobody_fills(self, store: Store, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert "no plain file" in str(self.fail(store, tmp_path / "pipe"))

    def test_a_device_without_end(self, store: Store) -> None:
        assert "no plain file" in str(self.fail(store, Path("/dev/zero")))

    def test_a_file_that_grows_while_it_is_read(self, store: Store, tmp_path: Path) -> None:
        """What was hashed is what is kept, whatever the file becomes."""
        place, enough = tmp_path / "growing", threading.Event()
        place.write_bytes(BODY)

        def grow() -> None:
            with place.open("ab") as file:
                while not enough.is_set():
                    file.write(b"more")
                    file.flush()

        writer = threading.Thread(target=grow)
        writer.start()
        try:
            for _ in range(5):
                try:
                    path = asyncio.run(Fetcher(store, Addresses()).current(place.as_uri()))
                finally:
                    os.truncate(place, 1000)
                assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        finally:
            enough.set()
            writer.join()
