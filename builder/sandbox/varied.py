"""A sandbox in which the date, the processors and the kernel's name are others, whatever it is that isolates.

It runs commands through two programs of Debian, and lends them a library that shifts the clock. All of it comes in
from outside by a mount and by variables, so that every back end can do it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox.confined import confine
from builder.sandbox.rootfs import RootfsLock, rootfs_lock
from builder.sandbox.seam import Output, Sandbox, Session
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams
from builder.store import Store, remove_tree

Variation = Literal["date", "processors", "kernel"]
"""What is other: the date that programs are told, how many processors they may use, the kernel's release."""

TOOLS = PurePosixPath("/bakehouse/again")
"""Where scripts could see the tools, if they looked."""

KIND = "surroundings"
"""What the store calls the tools."""

SHIFT_DAYS = 401.3
"""How far the clock is ahead: another time of day, weekday, month and year."""

_LOCK = Path(__file__).with_name("varied.lock")
_LIBRARY = "libfaketime.so.1"
_FILES = {
    "taskset": "usr/bin/taskset",
    "setarch": "usr/bin/setarch",
    _LIBRARY: f"usr/lib/x86_64-linux-gnu/faketime/{_LIBRARY}",
}
_CLOCK = {
    "FAKETIME": f"+{SHIFT_DAYS}d",
    # Times of files are what they are: those of sources do not depend on when a build runs.
    "NO_FAKE_STAT": "1",
    # Not everything that waits for a moment of this clock asks the library for it, and would wait for ever.
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "LD_PRELOAD": f"{TOOLS}/{_LIBRARY}",
}
_PROBE = """
cpus=; while read -r key value; do [ "$key" = Cpus_allowed_list: ] && cpus=$value; done </proc/self/status
echo "cpus $cpus"
echo "now $(date +%s)"
echo "shifted $(env "$@" date +%s)"
echo "release $(uname -r)"
echo "bound $("$0/taskset" --cpu-list "$cpus" echo yes)"
echo "renamed $("$0/setarch" --uname-2.6 uname -r)"
"""
_SECONDS = 30


@frozen
class Surroundings:
    """What can be varied here, and how: the folder ``tools``, the processors to use.

    A second build begins ``apart`` seconds after the end of the first: some archives know times by two seconds only.
    """

    tools: Path
    variations: tuple[Variation, ...] = ()
    processors: str = ""
    apart: float = 2.0

    @property
    def variables(self) -> dict[str, str]:
        """The variables that a script could see."""
        return dict(_CLOCK) if "date" in self.variations else {}

    @property
    def front(self) -> tuple[str, ...]:
        """What a command's words come after."""
        words = [f"{TOOLS}/taskset", "--cpu-list", self.processors] if "processors" in self.variations else []
        return (*words, f"{TOOLS}/setarch", "--uname-2.6") if "kernel" in self.variations else tuple(words)


@frozen
class Varied:
    """A sandbox like ``sandbox``, in other surroundings."""

    sandbox: Sandbox
    surroundings: Surroundings

    @property
    def name(self) -> str:
        """That of the sandbox."""
        return self.sandbox.name

    @property
    def sealed(self) -> bool:
        """That of the sandbox."""
        return self.sandbox.sealed

    def capabilities(self) -> Capabilities:
        """Return those of the sandbox."""
        return self.sandbox.capabilities()

    def changes(self, mount: Overlay) -> Changes:
        """See `Sandbox.changes`."""
        return self.sandbox.changes(mount)

    @asynccontextmanager
    async def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str], *, network: bool = False
    ) -> AsyncIterator[Session]:
        """See `Sandbox.open`."""
        around = self.surroundings
        mounts = (*mounts, Bind(source=around.tools, inside=TOOLS))
        async with self.sandbox.open(rootfs, mounts, limits, {**env, **around.variables}, network=network) as session:
            yield _Session(session, around.front)


class _Session:
    """See `builder.sandbox.seam.Session`."""

    def __init__(self, session: Session, front: tuple[str, ...]) -> None:
        self._session = session
        self._front = front

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """See the seam."""
        argv = (*self._front, *command.argv)
        return await self._session.run(Command(argv=argv, cwd=command.cwd, env=command.env), output, streams=streams)

    async def close(self) -> None:
        """See the seam."""
        await self._session.close()


def tools_lock() -> RootfsLock:
    """Return the packages that the tools come from."""
    return rootfs_lock(_LOCK.read_text(encoding="ascii"))


def ensure_tools(store: Store, debs: Mapping[str, Path]) -> Path:
    """Return the folder of the tools in the store, unpacking it once from ``debs`` (sha256 → file, verified)."""
    lock = tools_lock()
    with store.making(KIND, lock.digest) as making:
        if not making.ready:
            for deb in lock.debs:
                unpacked = making.path / ".unpacked"
                confine(store).unpack(debs[deb.sha256], unpacked, strip=False, name=deb.path)
                for name, place in _FILES.items():
                    if (unpacked / place).is_file():
                        (unpacked / place).rename(making.path / name)
                remove_tree(unpacked)
    found = store.folder(KIND, lock.digest)
    assert found is not None
    return found


async def surroundings_of(sandbox: Sandbox, rootfs: Path, tools: Path) -> Surroundings:
    """Return what can be varied in ``sandbox``, by trying it.

    Raises `MachineError` where nothing can be.
    """
    said = bytearray()
    mounts = [Bind(source=tools, inside=TOOLS)]
    shift = [f"{name}={value}" for name, value in _CLOCK.items()]
    limits = Limits(wall_seconds=_SECONDS)
    command = Command(argv=("/bin/sh", "-c", _PROBE, str(TOOLS), *shift), cwd=PurePosixPath("/"))
    async with sandbox.open(rootfs, mounts, limits, {"PATH": "/usr/bin:/bin"}) as session:
        await session.run(command, said.extend)
    lines = said.decode("utf-8", "replace").splitlines()
    return _read(tools, {key: value for key, _, value in (line.partition(" ") for line in lines)})


def _read(tools: Path, told: Mapping[str, str]) -> Surroundings:
    """Return the surroundings that the probe's words allow."""
    variations: list[Variation] = []
    processors = _but_one(told.get("cpus", ""))
    now, shifted = told.get("now", ""), told.get("shifted", "")
    if now.isdecimal() and shifted.isdecimal() and int(shifted) > int(now):
        variations.append("date")
    if processors and told.get("bound") == "yes":
        variations.append("processors")
    if told.get("renamed", "") not in {"", told.get("release")}:
        variations.append("kernel")
    if not variations:
        raise MachineError(
            "a second build would have the same surroundings here: nothing of them can be varied",
            code="sandbox.varied",
            remedy="build in bubblewrap, or with an image that has a glibc of 2.34 or newer",
        )
    return Surroundings(tools=tools, variations=tuple(variations), processors=processors)


def _but_one(cpus: str) -> str:
    """Return a list of processors, as the kernel writes them (``0-3,8``), without its first; empty if that was all."""
    first, comma, rest = cpus.partition(",")
    begin, dash, end = first.partition("-")
    if dash and begin.isdecimal() and end.isdecimal() and int(begin) < int(end):
        return f"{int(begin) + 1}-{end}{comma}{rest}"
    return rest
