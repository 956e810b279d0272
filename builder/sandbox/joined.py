"""Joins a container to descriptors of the caller's: what he types goes in, what the command prints comes out."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import stat
import struct
import termios
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress

from builder.sandbox.container import Container, Frames, Talk
from builder.sandbox.values import Limits, Reason, Streams
from builder.sandbox.watcher import Gauge

_PIECE = 1 << 14
_SIZE = bytes(8)
_PAUSE = 0.1
_STANDARD_ERROR = 2


class Guest:
    """A command that has the caller's descriptors.

    The caller's terminal is one that belongs to nobody (`Streams.terminal`): the container has one of its own, which
    does what terminals do, so this one only passes on.
    """

    def __init__(self, container: Container, streams: Streams, begin: Callable[[], None]) -> None:
        """Begin to show what the container prints; ``begin`` lets the command begin."""
        if streams.terminal:
            tty.setraw(streams.stdin, termios.TCSANOW)
        self._container = container
        self._begin = begin
        self._streams = streams
        self._frames = Frames()
        self._size = b""
        self._fitting = asyncio.Lock()
        self.talk = Talk(container, self._show, patient=True)
        self._out, self._err = _Sink(streams.stdout, self.talk), _Sink(streams.stderr, self.talk)

    async def served(self, limits: Limits, gauges: Sequence[Gauge]) -> tuple[Reason | None, int]:
        """Move bytes until the container's end; return the limit that ended it, or None, and its exit code."""
        await self._fit()
        self._begin()
        helpers = [asyncio.ensure_future(self._type())]
        if self._streams.terminal:
            helpers.append(asyncio.ensure_future(self._follow()))
        try:
            _, reason = await self.talk.wait(limits, gauges)
            if reason is None:
                await asyncio.gather(self._out.finish(), self._err.finish())
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            for sink in (self._out, self._err):
                sink.close()
        return reason, 0 if reason is not None else await asyncio.to_thread(self._container.exit_code)

    def _show(self, piece: bytes) -> bool:
        parts = [(0, piece)] if self._streams.terminal else self._frames.feed(piece)
        for stream, part in parts:
            (self._err if stream == _STANDARD_ERROR else self._out).write(part)
        return False

    async def _type(self) -> None:
        """Pass on what comes from the caller, and its end."""
        loop, stdin = asyncio.get_running_loop(), self._streams.stdin
        ready = asyncio.Event()
        try:
            loop.add_reader(stdin, ready.set)
            waits = True
        except PermissionError:  # a file, which is always ready
            ready.set()
            waits = False
        try:
            while True:
                await ready.wait()
                if waits:
                    ready.clear()
                piece = _read(stdin)
                if piece:
                    await self._fit()  # who types after his window has changed wants that to be seen
                    await self.talk.say(piece)
                elif piece is not None:
                    break
        finally:
            loop.remove_reader(stdin)
        self._container.finish()

    async def _follow(self) -> None:
        """Look for ever whether the caller's window has changed."""
        while True:
            await self._fit()
            await asyncio.sleep(_PAUSE)

    async def _fit(self) -> None:
        """Give the container's terminal the size of the caller's window."""
        if not self._streams.terminal:
            return
        async with self._fitting:
            with suppress(OSError):
                size = fcntl.ioctl(self._streams.stdout, termios.TIOCGWINSZ, _SIZE)
                rows, columns, *_ = struct.unpack("HHHH", size)
                if size != self._size and rows and columns:
                    self._size = size
                    await asyncio.to_thread(self._container.resize, rows, columns)


def _read(descriptor: int) -> bytes | None:
    """Return what is there, nothing at the end, None when there is nothing yet; never waits."""
    try:
        return os.read(descriptor, _PIECE) if select.select([descriptor], [], [], 0)[0] else None
    except BlockingIOError:  # somebody else was faster
        return None
    except OSError:  # the terminal has gone
        return b""


class _Sink:
    """Writes to a descriptor of the caller's without ever waiting: while there is no room, ``talk`` does not listen.

    Who takes what we write may be served by this very event loop.
    """

    def __init__(self, descriptor: int, talk: Talk) -> None:
        self._own = _beside(descriptor)
        self._talk = talk
        self._loop = asyncio.get_running_loop()
        self._held = b""
        self._empty = asyncio.Event()
        self._empty.set()

    def write(self, piece: bytes) -> None:
        """Write ``piece``, now or when there is room."""
        self._held += piece
        self._flow()

    async def finish(self) -> None:
        """Wait until all is written."""
        await self._empty.wait()

    def close(self) -> None:
        """Write no more."""
        self._loop.remove_writer(self._own)
        os.close(self._own)

    def _flow(self) -> None:
        try:
            self._held = self._held[os.write(self._own, self._held) :]
        except BlockingIOError:
            pass
        except OSError:  # nobody reads any more
            self._held = b""
        if self._held and self._empty.is_set():
            self._empty.clear()
            self._talk.pause()
            self._loop.add_writer(self._own, self._flow)
        elif not self._held and not self._empty.is_set():
            self._empty.set()
            self._loop.remove_writer(self._own)
            self._talk.go_on()


def _beside(descriptor: int) -> int:
    """Return another descriptor that never waits: others have the given one too. Files never wait anyway."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        with suppress(OSError):
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK)
    return os.dup(descriptor)
