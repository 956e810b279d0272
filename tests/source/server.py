"""A server on this machine that does what tests tell it: serve, lie, break off, redirect, fail, recover, be slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers by path: the last answer of a path's list is repeated, those before it are given once.

    ``seen`` are method and path of all requests, as they came; ``arrived`` is released once for each of them.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.arrived = threading.Semaphore(0)
        self.connections: set[tuple[str, int]] = set()
        self.base = ""
        self._lock = threading.Lock()

    def say(self, path: str, *answers: Answer) -> str:
        """Give ``answers`` for ``path``; returns its address."""
        self.answers[path] = list(answers)
        return self.base + path

    def serve(self, path: str, body: bytes, media_type: str = "application/octet-stream") -> str:
        """Serve ``body`` at ``path``; returns its address."""
        return self.say(path, body_of(body, media_type))

    def serve_folder(self, prefix: str, folder: Path) -> str:
        """Serve the files of ``folder`` below ``prefix``."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.serve(f"{prefix}/{path.relative_to(folder)}", path.read_bytes())
        return self.base + prefix

    def asked(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return [seen for _, seen in self.seen].count(path)

    @contextmanager
    def request(self, handler: BaseHTTPRequestHandler) -> Iterator[Answer]:
        with self._lock:
            self.seen.append((handler.command, handler.path))
            self.headers.append({name.lower(): value for name, value in handler.headers.items()})
            self.connections.add(handler.client_address)
            left = self.answers.get(handler.path) or [status(404)]
            answer = left.pop(0) if len(left) > 1 else left[0]
        self.arrived.release()
        yield answer


def body_of(body: bytes, media_type: str = "application/octet-stream") -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return answer


def status(code: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def redirect(target: str, code: int = 302) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def broken_off(body: bytes, promised: int) -> Answer:
    """Promise more bytes than come, then hang up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def encoded(body: bytes, encoding: str) -> Answer:
    """Serve ``body`` with a content encoding that a browser would undo."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", encoding)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def waiting(event: threading.Event, then: Answer) -> Answer:
    """Answer only once ``event`` is set."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        event.wait(20)
        then(handler)

    return answer


def dripping(body: bytes, started: threading.Event, go_on: threading.Event) -> Answer:
    """Send half of ``body``, say so, and wait before the other half."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        started.set()
        go_on.wait(20)
        handler.wfile.write(body[len(body) // 2 :])

    return answer


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on a free port of this machine for the length of the block."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            with server.request(self) as answer:
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):  # the client went away, as tests of it do
                    self.close_connection = True

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    class Listening(ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = True
        request_queue_size = 64

    with Listening(("127.0.0.1", 0), Handler) as listening:
        server.base = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
