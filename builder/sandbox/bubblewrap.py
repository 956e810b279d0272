"""Runs commands in bubblewrap: own namespaces, nothing of the machine but what is mounted, one process chain a command.

The chain, each part replacing the one before: ``setpriv`` ties it to our life; a shell looks whether we still live;
``unshare`` makes a user, mount and process namespace, so that all dies with its first process; a shell mounts the
overlays; ``bwrap`` builds the inner root and drops every power; a last shell, inside, measures the command. Before
them ``setsid`` gives a terminal to those who get one.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox import memory
from builder.sandbox.changes import changes_of_copy, changes_of_overlay
from builder.sandbox.child import Child, Spawn, kill_namespace
from builder.sandbox.copies import copy_lower
from builder.sandbox.layers import TABLE, Stage, parents
from builder.sandbox.limits import resource_limits
from builder.sandbox.seam import Output, Session
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams, Tmpfs

HOST_NAME = "bakehouse"
USER_ID = "1000"
UNSHARE = ("--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
_TAIL = 2000

_ALIVE = '[ "$PPID" = "$1" ] || exit 125; shift; exec "$@"'
_MOUNT = f"""
cd -- "$2" && "$1" --all --fstab {TABLE} || exit 125
shift 2; cd /; unset PWD OLDPWD
exec "$@"
"""
# Standard input is the pipe that reports to us: the command must not have it, and a number above 9 is not portable.
_MEASURED = 'ulimit -c 0; unset SHLVL; echo started >&0; "$@" </dev/null; code=$?; times >&0; exit $code'
_FIGURE = re.compile(r"(\d+)m(\d+(?:\.\d+)?)s")
# With streams of the caller's the pipe keeps the number that it has, which only bash can redirect to.
_PASSED = 'ulimit -c 0; report=$1; shift; echo started >&$report; exec {report}>&-; unset report SHLVL; exec "$@"'


@frozen
class Programs:
    """Where the machine keeps the programs of the chain."""

    bwrap: Path
    unshare: Path
    setpriv: Path
    prlimit: Path
    setsid: Path
    mount: Path
    cp: Path
    shell: Path

    def all(self) -> tuple[Path, ...]:
        """Return them all."""
        chain = (self.setsid, self.setpriv, self.shell, self.unshare, self.mount, self.prlimit, self.bwrap)
        return (*chain, self.cp)


@frozen
class Bubblewrap:
    """The sandbox of choice. ``overlay`` tells whether the kernel mounts overlays here; else prefixes are copied.

    ``scratch`` is a folder for small things that live as long as a session.
    """

    programs: Programs
    scratch: Path
    overlay: bool = True
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``bubblewrap``."""
        return "bubblewrap"

    @property
    def sealed(self) -> bool:
        """Always."""
        return True

    def capabilities(self) -> Capabilities:
        """Return what was found when it was probed."""
        return Capabilities(overlay=self.overlay, network_isolated=True, processes_isolated=True, notes=self.notes)

    def changes(self, mount: Overlay) -> Changes:
        """See `Sandbox.changes`."""
        return (changes_of_overlay if self.overlay else changes_of_copy)(mount.upper, mount.lower)

    @asynccontextmanager
    async def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str]
    ) -> AsyncIterator[Session]:
        """See `Sandbox.open`."""
        if not self.overlay:
            for mount in mounts:
                if isinstance(mount, Overlay):
                    await copy_lower(self.programs.cp, mount.lower, mount.upper)
        stage = Stage(self.scratch)
        try:
            arguments = self._arguments(stage, rootfs, mounts)
            arguments += [word for key, value in env.items() for word in ("--setenv", key, value)]
            session = _Session(self.programs, stage, arguments, limits)
            try:
                yield session
            except MachineError:
                memory.forget(self.scratch)
                raise
            finally:
                await session.close()
        finally:
            stage.close()

    def _arguments(self, stage: Stage, rootfs: Path, mounts: Sequence[Mount]) -> list[str]:
        """Return bubblewrap's arguments up to the environment, planning the overlays they refer to in ``stage``."""

        def shown(source: Path) -> Path:
            return stage.read_only(source) if self.overlay and source.is_dir() else source

        words = [*_NAMESPACES, *_root(shown(rootfs))]
        for mount in mounts:
            words += _folders(parents(mount.inside))
            inside = str(mount.inside)
            match mount:
                case Bind(source=source, writable=True):
                    words += ["--bind", str(source.absolute()), inside]
                case Bind(source=source):
                    words += ["--ro-bind", str(shown(source.absolute())), inside]
                case Overlay(upper=upper):
                    words += ["--bind", str(stage.writable(mount) if self.overlay else upper), inside]
                case Tmpfs(size=size):
                    words += [*(["--size", str(size)] if size else []), "--tmpfs", inside]
        return [*words, "--remount-ro", "/"]


class _Session:
    """See `builder.sandbox.seam.Session`."""

    def __init__(self, programs: Programs, stage: Stage, arguments: Sequence[str], limits: Limits) -> None:
        self._programs = programs
        self._stage = stage
        self._arguments = tuple(arguments)
        self._limits = limits
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._closed = False

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """See the seam."""
        async with self._turn:
            if self._closed:
                raise MachineError("the session is closed", code="sandbox.closed")
            self._stage.fresh()
            reader, writer = os.pipe()
            arguments = _memory_file(self._words(command, streams))
            tail = bytearray()

            def hear(piece: bytes) -> None:
                if len(tail) < _TAIL:
                    tail.extend(piece[:_TAIL])
                output(piece)

            try:
                try:
                    self._child = Child(self._spawn(command, (writer, arguments), streams), hear)
                finally:
                    os.close(writer)
                    os.close(arguments)
                ended = await self._child.wait(self._limits)
                report = os.read(reader, 4096)
            finally:
                self._child = None
                os.close(reader)
        return _judged(ended, report, bytes(tail))

    async def close(self) -> None:
        """See the seam."""
        self._closed = True
        if self._child is not None:
            await self._child.kill()

    def _words(self, command: Command, streams: Streams | None) -> list[str]:
        session = [] if streams is not None and streams.terminal else ["--new-session"]
        extra = [word for key, value in command.env for word in ("--setenv", key, value)]
        return [*session, *self._arguments, *extra, "--chdir", str(command.cwd)]

    def _spawn(self, command: Command, pipes: tuple[int, int], streams: Streams | None) -> Spawn:
        """Return the chain; ``pipes``: the one that the inner shell reports through, and bubblewrap's arguments."""
        programs, shell = self._programs, str(self._programs.shell)
        report, arguments = pipes
        leader = [str(programs.setsid), "--ctty", "--"] if streams is not None and streams.terminal else []
        alive = [str(programs.setpriv), "--pdeathsig", "KILL", "--", shell, "-c", _ALIVE, "sh", str(os.getpid())]
        unshare = [str(programs.unshare), *UNSHARE, "--"]
        mount = [shell, "-c", _MOUNT, "sh", str(programs.mount), str(self._stage.folder)]
        limits = resource_limits(programs.prlimit, self._limits)
        bwrap = [str(programs.bwrap), "--args", str(arguments), "--"]
        passed = ["/bin/bash", "-c", _PASSED, "bash", str(report)]
        inside = ["/bin/sh", "-c", _MEASURED, "sh"] if streams is None else passed
        return Spawn(
            argv=[*leader, *alive, *unshare, *mount, *limits, *bwrap, *inside, *command.argv],
            kill=kill_namespace,
            stdin=report,
            descriptors=(arguments,) if streams is None else (arguments, report),
            streams=streams,
        )


_NAMESPACES = (
    "--unshare-all", "--unshare-user", "--disable-userns", "--uid", USER_ID, "--gid", USER_ID,
    "--hostname", HOST_NAME, "--die-with-parent", "--cap-drop", "ALL", "--clearenv",
)  # fmt: skip


def _root(rootfs: Path) -> list[str]:
    """Return the arguments that build the root: the rootfs read-only, and the kernel's own file systems.

    ``/proc`` is read-only because to root's files in it (``sys/kernel/core_pattern``) we are root when root starts us.
    """
    shared = "/dev/shm"  # noqa: S108
    links = [word for name in ("bin", "lib", "lib64", "sbin") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    return [
        *("--ro-bind", str(rootfs / "usr"), "/usr", "--ro-bind", str(rootfs / "etc"), "/etc", *links),
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *("--dev", "/dev", "--perms", "1777", "--tmpfs", shared, "--remount-ro", "/dev"),
        *("--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108
    ]


def _folders(folders: Iterable[PurePosixPath]) -> list[str]:
    return [word for folder in folders for word in ("--perms", "0755", "--dir", str(folder))]


def _memory_file(words: Iterable[str]) -> int:
    """Return a descriptor that holds ``words``: what stands on the command line, everybody inside could read."""
    descriptor = os.memfd_create("arguments")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(b"".join(os.fsencode(word) + b"\0" for word in words))
        file.flush()
        file.seek(0)
    return descriptor


def _judged(ended: Exit, report: bytes, tail: bytes) -> Exit:
    """Return ``ended`` with the CPU seconds that the inner shell counted; raise when the command never started."""
    started, _, counted = report.decode("ascii", "replace").partition("\n")
    if started != "started" and ended.reason is None:
        said = tail.decode("utf-8", "replace").strip() or f"exit code {ended.code}"
        remedy = "run the same command again: it will try anew what this machine allows"
        raise MachineError(f"the sandbox did not start: {said}", code="sandbox.not-started", remedy=remedy)
    figures = _FIGURE.findall(counted)
    return replace(ended, cpu_seconds=ended.cpu_seconds + sum(60 * float(m) + float(s) for m, s in figures))
