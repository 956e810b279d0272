"""A session in a container: commands one after the other, each with its limits, and at times a new container."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox import first
from builder.sandbox.berth import Berth, places
from builder.sandbox.container import Container, Frames, Talk
from builder.sandbox.copies import copy_lower
from builder.sandbox.disk import Disk
from builder.sandbox.joined import Guest
from builder.sandbox.layout import temporary_places
from builder.sandbox.seam import Output
from builder.sandbox.spec import OURS, Document, Spec
from builder.sandbox.usage import Usage
from builder.sandbox.values import Bind, Command, Exit, Mount, Overlay, Reason, Streams, Tmpfs

_TOKEN = 16
_KILLED = 128 + signal.SIGKILL


@frozen
class Plan:
    """What a session's containers mount: ``mounts``, and ``own`` files beside them; ``program`` is their first process.

    With ``overlay`` the engine mounts overlays; else the upper folders hold copies already.
    """

    berth: Berth
    mounts: tuple[Mount, ...]
    own: Mapping[PurePosixPath, Path]
    program: PurePosixPath
    cp: Path
    overlay: bool

    async def laid(self, *, joined: bool) -> list[Document]:
        """Return the mounts of one container in the engine's words; work folders are fresh each time."""
        await asyncio.to_thread(places, self.mounts)
        mounts = [await self._whole(mount) for mount in self.mounts]
        words = await asyncio.to_thread(self._words, mounts)
        return [*words, self.berth.bind(self.berth.life(), first.LIFE)] if joined else words

    async def _whole(self, mount: Mount) -> Mount:
        """Return ``mount``, with its lower folders put into one where they are too many to be named."""
        if not isinstance(mount, Overlay) or not self.overlay:
            return mount
        if await asyncio.to_thread(self.berth.fits, mount):
            return mount
        if mount.lower not in self.berth.merged:
            merged = await asyncio.to_thread(self.berth.fresh)
            await copy_lower(self.cp, mount.lower, merged)
            self.berth.merged[mount.lower] = merged
        return replace(mount, lower=(self.berth.merged[mount.lower],))

    def _words(self, mounts: Sequence[Mount]) -> list[Document]:
        berth = self.berth
        words = [berth.bind(place, inside) for inside, place in self.own.items()]
        for mount in mounts:
            match mount:
                case Bind(source=source, writable=writable):
                    words.append(berth.bind(source, mount.inside, writable=writable))
                case Overlay() if self.overlay:
                    words.append(berth.overlay(mount))
                case Overlay(upper=upper):
                    words.append(berth.bind(upper, mount.inside, writable=True))
                case Tmpfs():
                    pass
        return words


class ContainedSession:
    """See `builder.sandbox.seam.Session`."""

    def __init__(self, plan: Plan, spec: Spec, disk: Disk, env: Mapping[str, str]) -> None:
        """Nothing is started yet."""
        self._plan = plan
        self._spec = spec
        self._disk = disk
        self._env = env
        self._turn = asyncio.Lock()
        self._container: Container | None = None
        self._counted = 0.0
        self._talk: Talk | None = None
        self._closed = False

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """See the seam."""
        async with self._turn:
            if self._closed:
                raise MachineError("the session is closed", code="sandbox.closed")
            started = time.monotonic()
            try:
                if streams is not None:
                    await self._drop()
                    ended = await self._joined(command, streams)
                else:
                    ended = await self._obeyed(command, output)
            except BaseException:
                await asyncio.shield(self._drop())
                raise
            return replace(ended, seconds=time.monotonic() - started)

    async def close(self) -> None:
        """See the seam."""
        self._closed = True
        if self._talk is not None:
            self._talk.stop()
        await asyncio.shield(self._last())

    async def _last(self) -> None:
        async with self._turn:
            await self._drop()

    async def _obeyed(self, command: Command, output: Output) -> Exit:
        """Let the container's first process run ``command``."""
        container = await self._ready()
        ear, frames = first.Ear(os.urandom(_TOKEN).hex()), Frames()

        def hear(piece: bytes) -> bool:
            for _, part in frames.feed(piece):
                if said := ear.hear(part):
                    output(said)
            return ear.report is not None

        usage = await asyncio.to_thread(self._usage, container)
        with self._talking(Talk(container, hear)) as talk:
            await talk.say(first.order(ear.token, command, self._env))
            _, reason = await talk.wait(self._spec.limits, usage.gauges)
        return await self._judged(command, ear.report, usage, reason)

    async def _judged(self, command: Command, report: first.Report | None, usage: Usage, reason: Reason | None) -> Exit:
        """Return how a command ended; what is not as it was before goes with its container."""
        used = await asyncio.to_thread(usage.cpu_seconds)
        if report is None or reason is not None:
            reason = reason or await asyncio.to_thread(usage.look)
            reason = reason or ("signal" if self._closed else None)
            await self._drop()
            if reason is None:
                raise MachineError(
                    "the container ended before its command",
                    code="sandbox.lost",
                    remedy=f"look into the log of {self._spec.engine.kind}'s engine, or whether somebody removed it",
                )
            return Exit(
                code=_KILLED, seconds=0.0, cpu_seconds=used or 0.0, reason=reason, peak_memory=usage.peak_memory
            )
        if report.code is None:
            raise MachineError(
                f"the sandbox did not start: cannot chdir to {command.cwd}: No such file or directory",
                code="sandbox.not-started",
            )
        reason = await asyncio.to_thread(usage.look) or self._signalled(report.code)
        spent, self._counted = report.cpu_seconds - self._counted, report.cpu_seconds
        if reason is not None or not report.clean:
            await self._drop()
        return Exit(
            code=report.code or (0 if reason is None else _KILLED),
            seconds=0.0,
            cpu_seconds=max(spent, 0.0),
            reason=reason,
            peak_memory=usage.peak_memory,
        )

    def _signalled(self, code: int) -> Reason | None:
        """Return the limit behind a signal that the kernel sends for it."""
        limited = self._spec.limits.disk is not None and code == 128 + signal.SIGXFSZ
        return "disk" if limited else None

    async def _joined(self, command: Command, streams: Streams) -> Exit:
        """Run ``command`` in a container of its own, joined to the caller's descriptors."""
        argv = first.alone(self._plan.program, command, self._env)
        container = await self._started(argv, streams)
        usage = await asyncio.to_thread(self._usage, container)
        guest = Guest(container, streams, self._plan.berth.begin)
        with self._talking(guest.talk):
            broken, code = await guest.served(self._spec.limits, usage.gauges)
        used = await asyncio.to_thread(usage.cpu_seconds) or 0.0
        reason = broken or await asyncio.to_thread(usage.look)
        await self._drop()
        return Exit(code=_KILLED if broken else code, seconds=0.0, cpu_seconds=used, reason=reason)

    @contextmanager
    def _talking(self, talk: Talk) -> Iterator[Talk]:
        """Let `close` end ``talk``, also when it came before."""
        self._talk = talk
        try:
            if self._closed:
                talk.stop()
            yield talk
        finally:
            talk.stop()
            self._talk = None

    async def _ready(self) -> Container:
        """Return the running container, started when there is none."""
        if self._container is None:
            temporary = temporary_places(self._plan.mounts)
            await self._started(first.argv(self._plan.program, temporary))
            self._counted = 0.0
        assert self._container is not None
        return self._container

    async def _started(self, argv: Sequence[str], streams: Streams | None = None) -> Container:
        """Start a container that goes with `_drop`, also when we are cancelled meanwhile."""
        mounts = await self._plan.laid(joined=streams is not None)
        config = self._spec.container(argv, mounts, joined=streams)
        starting = asyncio.ensure_future(asyncio.to_thread(Container, self._spec.engine, config))
        try:
            self._container = await asyncio.shield(starting)
            await asyncio.to_thread(self._plan.berth.conceal)
        except asyncio.CancelledError:
            await asyncio.wait({starting})
            if starting.exception() is None:
                self._container = starting.result()
            raise
        return self._container

    async def _drop(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            await asyncio.to_thread(container.end)

    def _usage(self, container: Container) -> Usage:
        return Usage(container.pid, self._spec.limits, self._disk, temporary_places(self._plan.mounts), OURS)
