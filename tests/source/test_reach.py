"""Who answers and who does not, asked of servers of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from builder.source.reach import unreached

ASKED: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        ASKED.append((self.command, self.path))
        self.send_response(503 if self.path == "/broken" else 403 if self.path == "/shy" else 200)
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        del code, size


@pytest.fixture
def server() -> Iterator[str]:
    made = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def test_whoever_answers_is_there_and_is_asked_once(server: str) -> None:
    ASKED.clear()
    found = unreached([f"{server}/", f"{server}/shy", f"{server}/"])
    assert found == {f"{server}/": None, f"{server}/shy": None}
    assert ASKED == [("HEAD", "/"), ("HEAD", "/shy")]


def test_a_server_that_fails_is_told(server: str) -> None:
    assert unreached([f"{server}/broken"]) == {f"{server}/broken": "answers 503"}


def test_nobody_there_and_no_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = unreached([f"http://127.0.0.1:{port}/", "nonsense", "http://["])
    assert len(found) == 3
    assert all(found.values())
