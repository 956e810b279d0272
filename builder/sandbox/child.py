"""Runs one child process of the machine: one pipe for all that it prints, limits in time, certain death."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox.seam import Output
from builder.sandbox.values import Exit, Limits, Reason, Streams
from builder.sandbox.watcher import Gauge, watch

_PIECE = 1 << 16
_PIPE = 1 << 20
_GRACE = 0.5


@frozen
class Spawn:
    """How to start a child: ``env`` is its whole environment, ``kill`` ends it and everything that it started.

    ``stdin`` is a descriptor; ``streams`` take its place and that of the pipe.
    """

    argv: Sequence[str]
    kill: Callable[[int], None]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    stdin: int = subprocess.DEVNULL
    descriptors: tuple[int, ...] = ()
    own_session: bool = False
    streams: Streams | None = None


class Child:
    """A running child process; belongs to the event loop that it was started in.

    The loop's own thread forks, because a parent's death signal follows the thread that forked.
    """

    def __init__(self, spawn: Spawn, output: Output) -> None:
        """Start it; raises `MachineError` when its program is missing."""
        self._spawn = spawn
        self._output = output
        self._loop = asyncio.get_running_loop()
        self._started = self._heard = time.monotonic()
        self._failure: BaseException | None = None
        self._killed = False
        self._reader, writer = os.pipe()
        try:
            self._popen = _popen(spawn, writer)
        except OSError as error:
            os.close(self._reader)
            raise _not_started(spawn, error) from error
        finally:
            os.close(writer)
        os.set_blocking(self._reader, False)
        self._process = os.pidfd_open(self._popen.pid)
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._reader, self._hear)
        self._loop.add_reader(self._process, self._end)

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._popen.pid

    async def wait(self, limits: Limits, gauges: Sequence[Gauge] = ()) -> Exit:
        """Return how it ended, ending it at a limit of time, or when one of ``gauges`` finds another one broken.

        Cancelling, or an error of the output callback or of a gauge, kills it first.
        """
        watching = asyncio.ensure_future(watch(gauges)) if gauges else None
        try:
            reason = await self._watch(limits, watching)
        except BaseException:
            await asyncio.shield(self.kill())
            raise
        finally:
            if watching is not None:
                watching.cancel()
            ended = self._reap()
        if self._failure is not None:
            raise self._failure
        return ended if reason is None else replace(ended, reason=reason)

    async def kill(self) -> None:
        """Kill it and all that it started, and wait until they are gone; nothing happens when it has ended.

        What is printed from now on is about the killing, and nobody hears it.
        """
        while not self._ended.done():
            if not self._killed:
                self._drain()
                self._killed = True
            self._spawn.kill(self._popen.pid)
            await asyncio.wait({self._ended}, timeout=_GRACE)

    async def _watch(self, limits: Limits, watching: asyncio.Future[Reason] | None) -> Reason | None:
        """Wait for the end; return the limit that was broken."""
        reason: Reason | None = None
        signs: set[asyncio.Future[None] | asyncio.Future[Reason]] = {self._ended}
        if watching is not None:
            signs.add(watching)
        while not self._ended.done():
            now = time.monotonic()
            left = limits.time_left(now - self._started, now - self._heard if self._spawn.streams is None else None)
            broken = [word for word, seconds in left.items() if seconds <= 0]
            if broken or self._failure is not None:
                reason = broken[0] if broken else None
                await self.kill()
            elif watching is not None and watching.done():
                reason = watching.result()
                await self.kill()
            else:
                await asyncio.wait(signs, timeout=min(left.values(), default=None), return_when=FIRST_COMPLETED)
        return reason

    def _hear(self) -> None:
        """Pass on what it printed."""
        try:
            piece = os.read(self._reader, _PIECE)
        except BlockingIOError:
            return
        if not piece:
            self._loop.remove_reader(self._reader)
            return
        self._heard = time.monotonic()
        self._say(piece)

    def _say(self, piece: bytes) -> None:
        if not piece or self._failure is not None or self._killed:
            return
        try:
            self._output(piece)
        except BaseException as error:  # noqa: BLE001 - raised again by `wait`, in the task that asked
            self._failure = error
            if not self._ended.done():
                self._spawn.kill(self._popen.pid)

    def _drain(self) -> None:
        """Take what lies in the pipe, and not more than fits in it: whoever still holds it may write for ever."""
        with suppress(BlockingIOError):
            for _ in range(_PIPE // _PIECE):
                self._say(os.read(self._reader, _PIECE))

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _reap(self) -> Exit:
        """Take the last output, give the descriptors back and collect the process."""
        self._loop.remove_reader(self._process)
        self._loop.remove_reader(self._reader)
        self._drain()
        os.close(self._process)
        os.close(self._reader)
        self._spawn.kill(self._popen.pid)  # whoever is left: its number is its own until it is collected
        _, status, usage = os.wait4(self._popen.pid, 0)
        code = self._popen.returncode = os.waitstatus_to_exitcode(status)
        if self._killed:
            code = -signal.SIGKILL
        return Exit(
            code=code if code >= 0 else 128 - code,
            seconds=time.monotonic() - self._started,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            reason="signal" if code < 0 else None,
        )


def kill_group(pid: int) -> None:
    """Kill the process group that ``pid`` leads."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)


def kill_namespace(pid: int) -> None:
    """Kill the first process of the namespace that ``pid`` (``unshare --fork``) made: the kernel then ends all in it.

    ``pid`` itself ends when they are gone, so that waiting for it waits for all of them; until it has a child, it
    is the one to kill.
    """
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        children = []
    for victim in children or [str(pid)]:
        try:
            os.kill(int(victim), signal.SIGKILL)
        except ProcessLookupError:
            continue


def _popen(spawn: Spawn, writer: int) -> subprocess.Popen[bytes]:
    streams = spawn.streams or Streams(stdin=spawn.stdin, stdout=writer, stderr=writer)
    return subprocess.Popen(
        list(spawn.argv),
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
        env=dict(spawn.env),
        cwd=spawn.cwd,
        pass_fds=spawn.descriptors,
        start_new_session=spawn.own_session,
        umask=0o022,
    )


def _not_started(spawn: Spawn, error: OSError) -> MachineError:
    return MachineError(f"cannot start {spawn.argv[0]}: {error.strerror}", code="sandbox.not-started")
