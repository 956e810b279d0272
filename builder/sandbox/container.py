"""One running container, and a command in it: what it prints, the limits that end it, and the end of both."""

from __future__ import annotations

import asyncio
import socket
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from builder.errors import MachineError
from builder.sandbox.engine import Engine, gone, talking
from builder.sandbox.podman import Volume, translated
from builder.sandbox.values import Limits, Reason
from builder.sandbox.watcher import Gauge, watch

_PIECE = 1 << 16
_HEAD = 8
_GRACE = 10.0


class Container:
    """A container that was started, and our connection to its standard input and output.

    When the connection ends, whatever ended us, its first process ends and the engine removes it. All methods block.
    """

    def __init__(self, engine: Engine, config: Mapping[str, Any]) -> None:
        """Make and start it; raises `MachineError` when the engine refuses."""
        self._engine = engine
        self._client = engine.connection()
        self._id = ""
        self._response: Any = None
        self._volumes: tuple[Volume, ...] = ()
        try:
            with self._talking():
                if engine.kind == "podman":
                    config, self._volumes = translated(config, engine)
                for volume in self._volumes:
                    self._client.create_volume(volume.name, "local", volume.options, volume.labels)
                self._id = self._client.create_container_from_config(dict(config))["Id"]
                streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                self._response = self._client.attach_socket(self._id, params=streams)
                self._client.start(self._id)
                self.pid = int(self._client.inspect_container(self._id)["State"]["Pid"])
        except BaseException:
            self.end()
            raise
        self.socket: socket.socket = getattr(self._response, "_sock", self._response)
        self.socket.settimeout(0)

    def finish(self) -> None:
        """Say that nothing follows on its standard input."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def resize(self, rows: int, columns: int) -> None:
        """Give its terminal another size."""
        with self._talking(), suppress(MachineError):
            self._client.resize(self._id, rows, columns)

    def exit_code(self) -> int:
        """Wait for its end and return its first process's exit code; for containers that are not removed at once."""
        with self._talking():
            return int(self._client.wait(self._id)["StatusCode"])

    def end(self) -> None:
        """Kill it, wait until it is gone, and close the connection; does nothing the second time."""
        found, self._id = self._id, ""
        response, self._response = self._response, None
        if response is not None:  # who cannot get rid of what a container prints does not get rid of the container
            getattr(response, "_sock", response).close()
            response.close()
        try:
            if found:
                with self._talking():
                    gone(lambda: self._client.remove_container(found, force=True, v=True))
                    self._wait_until_gone(found)
            volumes, self._volumes = self._volumes, ()
            for volume in volumes:
                with self._talking():
                    gone(partial(self._client.remove_volume, volume.name, force=True))
        finally:
            self._client.close()

    def _wait_until_gone(self, found: str) -> None:
        """Wait for the engine, which may remove it by itself and then says so before it has."""
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline and self._client.containers(all=True, filters={"id": found}):
            time.sleep(0.01)

    def _talking(self) -> Any:
        return talking(self._engine.kind, self._engine.address)


class Frames:
    """Takes apart what an engine sends for a container without terminal: pieces of its output, each with a head.

    A head is the number of the stream, three zeros and the length (the engine's interface, "Attach to a container").
    """

    def __init__(self) -> None:
        self._held = b""
        self._stream = 0
        self._left = 0

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the streams' numbers with what came on them."""
        self._held += piece
        while self._held:
            if not self._left:
                if len(self._held) < _HEAD:
                    return
                self._stream = self._held[0]
                self._left = int.from_bytes(self._held[4:_HEAD], "big")
                self._held = self._held[_HEAD:]
            said, self._held = self._held[: self._left], self._held[self._left :]
            self._left -= len(said)
            if said:
                yield self._stream, said


class Talk:
    """Listens to a container in the running event loop until ``hear``, which gets what it sends, says that it is done.

    ``patient`` says that it may be silent as long as it likes.
    """

    def __init__(self, container: Container, hear: Callable[[bytes], bool], *, patient: bool = False) -> None:
        """Begin."""
        self._container = container
        self._hear = hear
        self._patient = patient
        self._loop = asyncio.get_running_loop()
        self._started = self._heard = time.monotonic()
        self._failure: BaseException | None = None
        self._ended: asyncio.Future[bool] = self._loop.create_future()
        self._loop.add_reader(container.socket, self._read)

    async def say(self, message: bytes) -> None:
        """Send ``message``."""
        with suppress(OSError):  # the end of the connection is told to who waits
            await self._loop.sock_sendall(self._container.socket, message)

    async def wait(self, limits: Limits, gauges: Sequence[Gauge] = ()) -> tuple[bool, Reason | None]:
        """Return whether ``hear`` is done, or the connection ended before; or which limit was broken.

        The container is left as it is; raises what ``hear`` or a gauge raised.
        """
        watching = asyncio.ensure_future(watch(gauges)) if gauges else None
        try:
            reason = await self._watch(limits, watching)
        finally:
            if watching is not None:
                watching.cancel()
            self.stop()
        if self._failure is not None:
            raise self._failure
        return self._ended.result(), reason

    def pause(self) -> None:
        """Listen no more until `go_on`; the container waits when it has printed as much as fits in between."""
        if not self._ended.done():
            self._loop.remove_reader(self._container.socket)

    def go_on(self) -> None:
        """Listen again."""
        if not self._ended.done():
            self._loop.add_reader(self._container.socket, self._read)

    def stop(self) -> None:
        """Listen no longer; who waits is told that the connection ended."""
        if not self._ended.done():
            self._loop.remove_reader(self._container.socket)
            self._ended.set_result(False)

    async def _watch(self, limits: Limits, watching: asyncio.Future[Reason] | None) -> Reason | None:
        signs: set[asyncio.Future[bool] | asyncio.Future[Reason]] = {self._ended}
        if watching is not None:
            signs.add(watching)
        while not self._ended.done():
            now = time.monotonic()
            left = limits.time_left(now - self._started, now - self._heard if not self._patient else None)
            broken = [word for word, seconds in left.items() if seconds <= 0]
            if broken:
                return broken[0]
            if watching is not None and watching.done():
                return watching.result()
            await asyncio.wait(signs, timeout=min(left.values(), default=None), return_when=FIRST_COMPLETED)
        return None

    def _read(self) -> None:
        try:
            piece = self._container.socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._heard = time.monotonic()
        done = False
        try:
            done = bool(piece) and self._hear(piece)
        except BaseException as error:  # noqa: BLE001 - raised again by `wait`, in the task that asked
            self._failure = error
        if (done or not piece or self._failure is not None) and not self._ended.done():
            self._loop.remove_reader(self._container.socket)
            self._ended.set_result(done)
