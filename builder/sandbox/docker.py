"""Runs commands in containers of Docker or podman: one for each session, in which one process runs them all.

The engine's start is paid once: the container's first process (`builder.sandbox.first`) runs command after command,
and kills and empties what each leaves. After a command that had to be killed the next one has a new container.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen
from builder.sandbox.berth import Berth, User, copied, give
from builder.sandbox.changes import changes_of_copy, changes_of_overlay
from builder.sandbox.contained import ContainedSession, Plan
from builder.sandbox.copies import copy_lower
from builder.sandbox.disk import Disk
from builder.sandbox.engine import Engine
from builder.sandbox.etc import own_files
from builder.sandbox.first import FIRST
from builder.sandbox.pictures import foreign_image, image_of
from builder.sandbox.remains import clean
from builder.sandbox.seam import Session
from builder.sandbox.spec import LABEL, SESSION, Spec, temporaries
from builder.sandbox.values import Bind, Capabilities, Changes, Limits, Mount, Overlay


@frozen
class Docker:
    """A sandbox made of an engine's containers, whose commands are ``user``'s.

    ``overlay`` tells whether the engine mounts overlays for us; else prefixes are copied. ``scratch`` is a folder for
    small things that live as long as a session, ``image`` a foreign image that takes the place of our root.
    """

    engine: Engine
    scratch: Path
    user: User
    cp: Path
    unshare: Path
    overlay: bool = True
    image: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``docker`` or ``podman``."""
        return self.engine.kind

    @property
    def sealed(self) -> bool:
        """Always."""
        return True

    @property
    def network(self) -> str:
        """The network of commands that have one: the engine's usual one, which it may lack, else the machine's."""
        return "bridge" if "bridge" in self.engine.networks else "host"

    def capabilities(self) -> Capabilities:
        """Return what was found when it was probed."""
        kept = self.engine.memory and self.engine.processes
        return Capabilities(
            overlay=self.overlay,
            network_isolated=True,
            processes_isolated=True,
            limits=("cgroup2" if self.engine.cgroup == "2" else "cgroup1") if kept else "watcher",
            syscalls=True,
            version=self.engine.version,
            rootless=self.engine.rootless,
            notes=self.notes,
        )

    def changes(self, mount: Overlay) -> Changes:
        """See `Sandbox.changes`."""
        return (changes_of_overlay if self.overlay else changes_of_copy)(mount.upper, mount.lower)

    @asynccontextmanager
    async def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str], *, network: bool = False
    ) -> AsyncIterator[Session]:
        """See `Sandbox.open`."""
        if not self.overlay:
            await self._copy(mounts)
        berth = await asyncio.to_thread(Berth, self.scratch, self.user, self.unshare)
        try:
            spec = replace(await asyncio.to_thread(self._spec, rootfs, berth, limits), temporary=temporaries(mounts))
            if network:
                spec = replace(spec, network=self.network)
            plan = await asyncio.to_thread(self._plan, rootfs, berth, mounts, network=network)
            disk = await asyncio.to_thread(Disk, _written(mounts), limits.disk)
            session = ContainedSession(plan, spec, disk, env)
            try:
                yield session
            finally:
                await session.close()
        finally:
            await asyncio.to_thread(self._leave, berth)

    def _leave(self, berth: Berth) -> None:
        """Remove the session's folder, in which an engine that is not ours has left folders of its root's."""
        if not berth.close() and not self.user.mapped:
            clean(self.engine, self.scratch)

    async def _copy(self, mounts: Sequence[Mount]) -> None:
        """Fill the upper folders with copies, and give the user what he may write into."""
        for mount in mounts:
            if isinstance(mount, Overlay):
                await copy_lower(self.cp, mount.lower, mount.upper)
                await asyncio.to_thread(give, mount.upper, self.user)
            elif isinstance(mount, Bind) and mount.writable:
                await asyncio.to_thread(give, mount.source, self.user)

    def _spec(self, rootfs: Path, berth: Berth, limits: Limits) -> Spec:
        found = foreign_image(self.engine, self.image) if self.image else image_of(self.engine, rootfs, self.scratch)
        return Spec(
            engine=self.engine,
            image=found,
            user=self.user,
            labels={LABEL: str(self.scratch.absolute()), SESSION: berth.folder.name},
            limits=limits,
        )

    def _plan(self, rootfs: Path, berth: Berth, mounts: Sequence[Mount], *, network: bool) -> Plan:
        own = own_files(rootfs, berth.fresh(), self.user, network=network)
        program = PurePosixPath("/bin/bash")
        if not self.image:
            program = FIRST
            own[FIRST] = copied(rootfs / "usr/bin/bash", berth.fresh() / "bash")
        else:
            own = {PurePosixPath("/etc") / name: rootfs / "etc" / name for name in ("passwd", "group")} | own
        return Plan(berth=berth, mounts=tuple(mounts), own=own, program=program, cp=self.cp, overlay=self.overlay)


def _written(mounts: Sequence[Mount]) -> list[Path]:
    """Return the folders of the machine that commands write into."""
    overlays = [mount.upper for mount in mounts if isinstance(mount, Overlay)]
    return overlays + [mount.source for mount in mounts if isinstance(mount, Bind) and mount.writable]
