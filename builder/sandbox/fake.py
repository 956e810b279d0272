"""A sandbox that starts no process: it remembers what it was asked, and a callable plays the commands' part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import field
from pathlib import Path

from builder.model.frozen import frozen
from builder.sandbox.changes import changes_of_overlay
from builder.sandbox.seam import Output, Session
from builder.sandbox.values import Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams


@frozen
class Opened:
    """What `FakeSandbox.open` was called with."""

    rootfs: Path
    mounts: tuple[Mount, ...]
    limits: Limits
    env: Mapping[str, str]
    network: bool = False


Player = Callable[[Command, Opened, Output], Exit | int]
"""Plays a command: may write into the mounts' sources and upper folders, and to the output; returns how it ended."""


def succeed(command: Command, opened: Opened, output: Output) -> int:  # noqa: ARG001 - a player that does nothing
    """Play a command that does nothing."""
    return 0


@frozen
class FakeSandbox:
    """For tests of rooms that run commands; what it was asked lies in ``opened``, ``commands`` and ``closed``."""

    play: Player = succeed
    sealed: bool = True
    name: str = "fake"
    opened: list[Opened] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    closed: list[Opened] = field(default_factory=list)

    def capabilities(self) -> Capabilities:
        """Return that all is there."""
        return Capabilities(overlay=True, network_isolated=True, processes_isolated=True)

    def changes(self, mount: Overlay) -> Changes:
        """Return what lies in the mount's upper folder."""
        mount.upper.mkdir(parents=True, exist_ok=True)
        return changes_of_overlay(mount.upper, mount.lower)

    @asynccontextmanager
    async def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str], *, network: bool = False
    ) -> AsyncIterator[Session]:
        """Remember the arguments and make the upper folders."""
        opened = Opened(rootfs=rootfs, mounts=tuple(mounts), limits=limits, env=dict(env), network=network)
        self.opened.append(opened)
        for mount in opened.mounts:
            if isinstance(mount, Overlay):
                mount.upper.mkdir(parents=True, exist_ok=True)
        try:
            yield _FakeSession(self, opened)
        finally:
            self.closed.append(opened)


@frozen(kw_only=False)
class _FakeSession:
    sandbox: FakeSandbox
    opened: Opened

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """Remember ``command`` and play it."""
        self.sandbox.commands.append(command)
        ended = self.sandbox.play(command, self.opened, output)
        return Exit(code=ended, seconds=0.0, cpu_seconds=0.0) if isinstance(ended, int) else ended

    async def close(self) -> None:
        """Do nothing."""
