"""Runs commands on the machine itself (isolation ``none``): the same seam, paths that are real, and no promise kept."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import MachineError
from builder.sandbox.changes import changes_of_copy
from builder.sandbox.child import Child, Spawn, kill_group
from builder.sandbox.copies import copy_lower, copy_tree
from builder.sandbox.limits import resource_limits
from builder.sandbox.seam import Output, Session
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Tmpfs

_NOTES = (
    "commands run on this machine itself: they see its files, programs, processes and network",
    "a process that leaves its process group outlives its command",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """The machine itself. Inside paths are paths of the machine, below a folder that the caller owns and removes.

    ``search_path`` is appended to the session's ``PATH``, since there is no rootfs.
    """

    cp: Path
    prlimit: Path
    search_path: str

    @property
    def name(self) -> str:
        """``none``."""
        return "none"

    @property
    def sealed(self) -> bool:
        """Never."""
        return False

    def capabilities(self) -> Capabilities:
        """Return what is missing."""
        return Capabilities(overlay=False, network_isolated=False, processes_isolated=False, notes=_NOTES)

    def changes(self, mount: Overlay) -> Changes:
        """See `Sandbox.changes`; the contents lie at the inside path."""
        return changes_of_copy(Path(mount.inside), mount.lower)

    @asynccontextmanager
    async def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str]
    ) -> AsyncIterator[Session]:
        """See `Sandbox.open`; ``rootfs`` is not used."""
        for mount in mounts:
            await self._put(mount)
        path = ":".join(part for part in (env.get("PATH", ""), self.search_path) if part)
        session = _Session(self, [mount for mount in mounts if isinstance(mount, Tmpfs)], limits, {**env, "PATH": path})
        try:
            yield session
        finally:
            await session.close()

    async def _put(self, mount: Mount) -> None:
        """Put ``mount`` at its inside path: a copy, so that nothing shared is written to, or a link where it may be."""
        inside = Path(mount.inside)
        await asyncio.to_thread(inside.parent.mkdir, parents=True, exist_ok=True)
        match mount:
            case Bind(source=source) if source == inside:
                pass
            case Bind(source=source, writable=True):
                await asyncio.to_thread(_link, inside, source)
            case Bind(source=source):
                await copy_tree(self.cp, source, inside)
            case Overlay(lower=lower):
                await copy_lower(self.cp, lower, inside)
            case Tmpfs():
                pass


class _Session:
    """See `builder.sandbox.seam.Session`."""

    def __init__(self, sandbox: Unsealed, fresh: Sequence[Tmpfs], limits: Limits, env: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._fresh = tuple(fresh)
        self._limits = limits
        self._env = dict(env)
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._closed = False

    async def run(self, command: Command, output: Output, *, tty: bool = False) -> Exit:
        """See the seam."""
        async with self._turn:
            if self._closed:
                raise MachineError("the session is closed", code="sandbox.closed")
            for mount in self._fresh:
                await asyncio.to_thread(_empty, Path(mount.inside))
            spawn = Spawn(
                argv=[*resource_limits(self._sandbox.prlimit, self._limits), *command.argv],
                kill=kill_group,
                env={**self._env, **dict(command.env)},
                cwd=Path(command.cwd),
                own_session=not tty,
                tty=tty,
            )
            self._child = Child(spawn, output)
            try:
                return await self._child.wait(self._limits)
            finally:
                self._child = None

    async def close(self) -> None:
        """See the seam."""
        self._closed = True
        if self._child is not None:
            await self._child.kill()


def _link(inside: Path, source: Path) -> None:
    inside.unlink(missing_ok=True)
    inside.symlink_to(source.absolute())


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
