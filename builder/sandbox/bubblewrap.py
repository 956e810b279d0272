"""Runs commands in bubblewrap: own namespaces, nothing of the machine but what is mounted, one process chain a command.

The chain, each part replacing the one before: ``setpriv`` ties it to our life; a shell looks whether we still live;
``unshare`` makes a user, mount and process namespace, so that all dies with its first process; a shell mounts the
overlays, then joins the command's control group, to which the mounts would be charged otherwise; ``bwrap`` builds the
inner root and drops every power; a last shell, inside, measures the command. Before them ``setsid`` gives a terminal to
those who get one.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox import memory
from builder.sandbox.cgroups import Groups
from builder.sandbox.changes import changes_of_copy, changes_of_overlay
from builder.sandbox.child import Child, Spawn, kill_namespace
from builder.sandbox.copies import copy_lower
from builder.sandbox.disk import Disk
from builder.sandbox.layers import TABLE, Stage
from builder.sandbox.layout import mounted, namespaces, root, temporary_places
from builder.sandbox.limits import Keeping, Running, file_blocks, joining, keeper, resource_limits, temporary_size
from builder.sandbox.network import network_etc
from builder.sandbox.processes import family
from builder.sandbox.seam import Output, Session
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams

UNSHARE = ("--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
_TAIL = 2000

_OURS = 4
"""``unshare``, ``bwrap`` twice, and the shell inside: processes that do not count as the command's, at most."""

# What `unshare` says of the end of its child is not the command's: it goes to the report, until its child takes over.
_ALIVE = '[ "$PPID" = "$1" ] || exit 125; exec {spare}>&2 2>"/dev/fd/$2"; shift 2; exec "$@"'
_BACK = "exec 2>&{spare} {spare}>&-;"
# To join a group takes the kernel as long as to mount, and mostly it waits: so both happen at once.
_MOUNT = f"""
mount=$1 folder=$2 blocks=$3; shift 3
( {joining("$$")} ) & joining=$!
cd -- "$folder" && "$mount" --all --fstab {TABLE} && wait $joining || exit 125
[ -z "$blocks" ] || ulimit -f "$blocks" || exit 125
shift $(($1 + 1)); cd /; unset PWD OLDPWD
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

    ``scratch`` is a folder for small things that live as long as a session. ``groups`` is where control groups can be
    made, ``filter`` the program that refuses system calls (`builder.sandbox.syscalls`).
    """

    programs: Programs
    scratch: Path
    overlay: bool = True
    groups: Groups | None = None
    filter: bytes = b""
    version: str = ""
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
        return Capabilities(
            overlay=self.overlay,
            network_isolated=True,
            processes_isolated=True,
            limits=keeper(self.groups),
            syscalls=bool(self.filter),
            version=self.version,
            rootless=True,
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
            for mount in mounts:
                if isinstance(mount, Overlay):
                    await copy_lower(self.programs.cp, mount.lower, mount.upper)
        stage = Stage(self.scratch)
        try:
            arguments = self._arguments(stage, rootfs, mounts, limits, network=network)
            arguments += [word for key, value in env.items() for word in ("--setenv", key, value)]
            disk = await asyncio.to_thread(Disk, _written(mounts), limits.disk)
            session = _Session(self, stage, arguments, Bounds(limits, disk, temporary_places(mounts)))
            try:
                yield session
            except MachineError:
                memory.forget(self.scratch)
                raise
            finally:
                await session.close()
        finally:
            stage.close()

    def _arguments(
        self, stage: Stage, rootfs: Path, mounts: Sequence[Mount], limits: Limits, *, network: bool
    ) -> list[str]:
        """Return bubblewrap's arguments up to the environment, planning the overlays they refer to in ``stage``."""

        def shown(source: Path) -> Path:
            return stage.read_only(source) if self.overlay and source.is_dir() else source

        def writable(mount: Overlay) -> Path:
            return stage.writable(mount) if self.overlay else mount.upper

        size = temporary_size(limits)
        top = shown(rootfs)
        etc = shown(network_etc(rootfs / "etc", stage.folder / "etc")) if network else top / "etc"
        return [*namespaces(network=network), *root(top / "usr", etc, size), *mounted(mounts, shown, writable, size)]


@frozen(kw_only=False)
class Bounds:
    """What bounds the commands of a session; ``temporary`` are the temporary file systems that each of them has."""

    limits: Limits
    disk: Disk
    temporary: tuple[PurePosixPath, ...]


class _Session:
    """See `builder.sandbox.seam.Session`."""

    def __init__(self, sandbox: Bubblewrap, stage: Stage, arguments: Sequence[str], bounds: Bounds) -> None:
        self._sandbox = sandbox
        self._stage = stage
        self._arguments = tuple(arguments)
        self._bounds = bounds
        self._turn = asyncio.Lock()
        self._child: Child | None = None
        self._closed = False

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """See the seam."""
        async with self._turn:
            if self._closed:
                raise MachineError("the session is closed", code="sandbox.closed")
            self._stage.fresh()
            limits = self._bounds.limits
            keeping = Keeping(self._sandbox.groups, limits, self._bounds.disk, _OURS)
            reader, writer = os.pipe()
            tail = bytearray()

            def hear(piece: bytes) -> None:
                if len(tail) < _TAIL:
                    tail.extend(piece[:_TAIL])
                output(piece)

            try:
                try:
                    child = self._child = self._start(command, keeping, writer, hear, streams)
                finally:
                    os.close(writer)
                places = self._bounds.temporary
                running = Running(members=lambda: family(child.pid), temporary=lambda: _seen(child.pid, places))
                ended = await child.wait(limits, keeping.gauges(running))
                ended = await asyncio.to_thread(keeping.judge, ended)
                ended = _counted(ended, os.read(reader, 4096), bytes(tail))
                return replace(ended, cpu_seconds=keeping.cpu_seconds or ended.cpu_seconds)
            finally:
                self._child = None
                os.close(reader)
                await asyncio.to_thread(keeping.close)

    async def close(self) -> None:
        """See the seam."""
        self._closed = True
        if self._child is not None:
            await self._child.kill()

    def _start(self, command: Command, keeping: Keeping, report: int, output: Output, streams: Streams | None) -> Child:
        """Start the chain; ``report`` is the pipe that the shell inside reports through."""
        with ExitStack() as stack:
            words = self._words(command, streams)
            if self._sandbox.filter:
                refused = _memory_file(self._sandbox.filter)
                stack.callback(os.close, refused)
                words += ["--seccomp", str(refused)]
            arguments = _memory_file(b"".join(os.fsencode(word) + b"\0" for word in words))
            stack.callback(os.close, arguments)
            descriptors = (arguments, refused) if self._sandbox.filter else (arguments,)
            return Child(self._spawn(command, keeping, (report, *descriptors), streams), output)

    def _words(self, command: Command, streams: Streams | None) -> list[str]:
        session = [] if streams is not None and streams.terminal else ["--new-session"]
        extra = [word for key, value in command.env for word in ("--setenv", key, value)]
        return [*session, *self._arguments, *extra, "--chdir", str(command.cwd)]

    def _spawn(
        self, command: Command, keeping: Keeping, descriptors: tuple[int, ...], streams: Streams | None
    ) -> Spawn:
        """Return the chain; ``descriptors``: the pipe that the shell inside reports through, then bubblewrap's own."""
        programs, limits, groups = self._sandbox.programs, self._bounds.limits, self._sandbox.groups
        shell, (report, *own) = str(programs.shell), descriptors
        leader = [str(programs.setsid), "--ctty", "--"] if streams is not None and streams.terminal else []
        spare = min(set(range(3, 10)) - set(descriptors))
        alive = [str(programs.setpriv), "--pdeathsig", "KILL", "--", shell, "-c", _ALIVE.format(spare=spare), "sh"]
        alive += [str(os.getpid()), str(report) if streams is not None else "0"]
        unshare = [str(programs.unshare), *UNSHARE, "--"]
        blocks = file_blocks(limits) if groups is not None else ""  # a program less to start
        mount = [shell, "-c", _BACK.format(spare=spare) + _MOUNT, "sh", str(programs.mount), str(self._stage.folder)]
        mount += [blocks, *keeping.entrance]
        bounds = resource_limits(programs.prlimit, limits) if groups is None else []
        bwrap = [str(programs.bwrap), "--args", str(own[0]), "--"]
        passed = ["/bin/bash", "-c", _PASSED, "bash", str(report)]
        inside = ["/bin/dash", "-c", _MEASURED, "sh"] if streams is None else passed  # it starts sooner than bash
        return Spawn(
            argv=[*leader, *alive, *unshare, *mount, *bounds, *bwrap, *inside, *command.argv],
            kill=kill_namespace,
            stdin=report,
            descriptors=tuple(own) if streams is None else (*own, report),
            streams=streams,
        )


def _written(mounts: Sequence[Mount]) -> list[Path]:
    """Return the folders of the machine that commands write into."""
    overlays = [mount.upper for mount in mounts if isinstance(mount, Overlay)]
    return overlays + [mount.source for mount in mounts if isinstance(mount, Bind) and mount.writable]


def _seen(pid: int, places: Iterable[PurePosixPath]) -> list[Path]:
    """Return where ``places`` of the chain that ``pid`` began are seen from the machine, once they are made.

    The third of the chain is the first process of the inner namespace, which stays in the inner root.
    """
    chain = list(islice(family(pid), 3))
    top = Path(f"/proc/{chain[-1]}/root")
    try:
        if len(chain) < 3 or os.path.samestat(top.stat(), Path("/").stat()):
            return []
    except OSError:
        return []
    return [top.joinpath(*place.parts[1:]) for place in places]


def _memory_file(content: bytes) -> int:
    """Return a descriptor that holds ``content``: what stands on the command line, everybody inside could read."""
    descriptor = os.memfd_create("bubblewrap")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
        file.flush()
        file.seek(0)
    return descriptor


def _counted(ended: Exit, report: bytes, tail: bytes) -> Exit:
    """Return ``ended`` with the CPU seconds that the inner shell counted; raise when the command never started."""
    started, _, counted = report.decode("ascii", "replace").partition("\n")
    if started != "started" and ended.reason is None:
        said = (tail or report).decode("utf-8", "replace").strip() or f"exit code {ended.code}"
        remedy = "run the same command again: it will try anew what this machine allows"
        raise MachineError(f"the sandbox did not start: {said}", code="sandbox.not-started", remedy=remedy)
    figures = _FIGURE.findall(counted)
    return replace(ended, cpu_seconds=ended.cpu_seconds + sum(60 * float(m) + float(s) for m, s in figures))
