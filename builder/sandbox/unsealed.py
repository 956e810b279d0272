"""Runs commands on the machine itself (isolation ``none``): the same seam, paths that are real, and no promise kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox.cgroups import Groups
from builder.sandbox.changes import changes_of_copy
from builder.sandbox.child import Child, Spawn, kill_group
from builder.sandbox.copies import copy_lower, copy_tree
from builder.sandbox.disk import Disk
from builder.sandbox.limits import Keeping, Running, joining, keeper, resource_limits
from builder.sandbox.processes import family, session_members
from builder.sandbox.remedy import NO_GROUPS
from builder.sandbox.seam import Output, Session
from builder.sandbox.undeclared import StandIns, stand_ins
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams, Tmpfs
from builder.store import remove_tree

_NOTES = ("commands run on this machine itself: they see its files, programs, processes and network",)
_OUTLIVES = "a process that makes a session of its own outlives its command"
_STAND_INS = ".of-the-machine"
_ENTER = f'{joining()}; unset PWD OLDPWD SHLVL; exec "$@"'


@frozen
class Unsealed:
    """The machine itself. Inside paths are paths of the machine, below a folder that the caller owns and removes.

    ``search_path`` is appended to the session's ``PATH``, since there is no rootfs.
    """

    cp: Path
    prlimit: Path
    setsid: Path
    search_path: str
    shell: Path = Path("/bin/sh")
    groups: Groups | None = None

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
        notes = _NOTES if self.groups is not None else (*_NOTES, _OUTLIVES, NO_GROUPS)
        return Capabilities(
            overlay=False,
            network_isolated=False,
            processes_isolated=False,
            limits=keeper(self.groups),
            rootless=os.geteuid() != 0,
            notes=notes,
        )

    def changes(self, mount: Overlay) -> Changes:
        """See `Sandbox.changes`; the contents lie at the inside path."""
        return changes_of_copy(Path(mount.inside), mount.lower)

    @asynccontextmanager
    async def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str], *, network: bool = False
    ) -> AsyncIterator[Session]:
        """See `Sandbox.open`; ``rootfs`` only tells which programs a sealed command would find."""
        for mount in mounts:
            if isinstance(mount, Overlay):
                await self._copy_once(mount)
        path = ":".join(part for part in (env.get("PATH", ""), self.search_path) if part)
        place = Path(mounts[0].inside).with_name(_STAND_INS) if mounts else None
        noting = await asyncio.to_thread(stand_ins, place, rootfs, self.search_path) if place is not None else None
        variables = noting.environment(path) if noting is not None else {"PATH": path}
        disk = await asyncio.to_thread(Disk, _written(mounts), limits.disk)
        session = _Session(self, mounts, Bounds(limits, disk, noting), {**env, **variables})
        try:
            yield session
        finally:
            await session.close()
            if noting is not None:
                await asyncio.to_thread(noting.close)

    async def _copy_once(self, mount: Overlay) -> None:
        """Put a copy of the lower folders at the inside path, unless it holds that of the same overlay already."""
        inside = Path(mount.inside)
        identity = "\n".join(str(folder.absolute()) for folder in (mount.upper, *mount.lower))
        mark = inside.with_name(f".{inside.name}.overlay")
        if await asyncio.to_thread(_read, mark) != identity:
            await asyncio.to_thread(_make_way, inside)
            await asyncio.to_thread(_make_way, inside.with_name(f".{inside.name}.copied"))
            await copy_lower(self.cp, mount.lower, inside)
            await asyncio.to_thread(mark.write_text, identity, encoding="utf-8")

    async def put(self, mount: Mount) -> None:
        """Put ``mount`` at its inside path for one command: a copy of what must not be written to, else a link."""
        inside = Path(mount.inside)
        match mount:
            case Bind(source=source) if source == inside:
                pass
            case Bind(source=source, writable=True):
                await asyncio.to_thread(_make_way, inside)
                await asyncio.to_thread(inside.symlink_to, source.absolute())
            case Bind(source=source):
                await asyncio.to_thread(_make_way, inside)
                await copy_tree(self.cp, source, inside)
            case Tmpfs():
                await asyncio.to_thread(_make_way, inside)
                await asyncio.to_thread(inside.mkdir)
            case Overlay():
                pass


@frozen(kw_only=False)
class Bounds:
    """What bounds the commands of a session, and notes what they use of the machine."""

    limits: Limits
    disk: Disk
    noting: StandIns | None = None


class _Session:
    """See `builder.sandbox.seam.Session`."""

    def __init__(self, sandbox: Unsealed, mounts: Sequence[Mount], bounds: Bounds, env: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._mounts = tuple(mounts)
        self._bounds = bounds
        self._env = dict(env)
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._closed = False

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """See the seam."""
        async with self._turn:
            if self._closed:
                raise MachineError("the session is closed", code="sandbox.closed")
            for mount in self._mounts:
                await self._sandbox.put(mount)
            keeping = Keeping(self._sandbox.groups, self._bounds.limits, self._bounds.disk)
            try:
                child = self._child = Child(self._spawn(command, keeping, streams), output)
                running = Running(members=lambda: {*family(child.pid), *session_members(child.pid)})
                ended = await child.wait(self._bounds.limits, keeping.gauges(running))
                ended = await asyncio.to_thread(keeping.judge, ended)
                used = await asyncio.to_thread(self._bounds.noting.used) if self._bounds.noting is not None else ()
                return replace(ended, cpu_seconds=keeping.cpu_seconds or ended.cpu_seconds, undeclared=used)
            finally:
                self._child = None
                await asyncio.to_thread(keeping.close)

    def _spawn(self, command: Command, keeping: Keeping, streams: Streams | None) -> Spawn:
        sandbox = self._sandbox
        terminal = streams is not None and streams.terminal
        leader = [str(sandbox.setsid), "--ctty", "--"] if terminal else []
        joined = [str(sandbox.shell), "-c", _ENTER, "sh", *keeping.entrance] if sandbox.groups is not None else []
        bounds = resource_limits(sandbox.prlimit, self._bounds.limits, sandbox.groups)
        return Spawn(
            argv=[*leader, *joined, *bounds, *command.argv],
            kill=kill_group,
            env={**self._env, **dict(command.env)},
            cwd=Path(command.cwd),
            own_session=not terminal,
            streams=streams,
        )

    async def close(self) -> None:
        """See the seam."""
        self._closed = True
        if self._child is not None:
            await self._child.kill()


def _written(mounts: Sequence[Mount]) -> list[Path]:
    """Return the folders that commands write into."""
    binds = [mount.source for mount in mounts if isinstance(mount, Bind) and mount.writable]
    return binds + [Path(mount.inside) for mount in mounts if not isinstance(mount, Bind)]


def _make_way(place: Path) -> None:
    """Remove what an earlier command left at ``place``, and make the folder above it."""
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir():
        remove_tree(place)
    place.parent.mkdir(parents=True, exist_ok=True)


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
