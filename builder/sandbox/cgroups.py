"""Makes a control group for each command, reads what it uses and which limit it broke, and removes it.

A group counts and limits all processes in it together: memory with what lies in temporary file systems, processes with
their threads, CPU time. Source: the kernel's ``Documentation/admin-guide/cgroup-v2.rst`` and ``cgroup-v1/``.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox.values import LimitKeeper, Limits, Reason

_PREFIX = "bakehouse.command-"
PROCESSES = "cgroup.procs"
_TRIES = 200
_PAUSE = 0.005


@frozen(kw_only=False)
class File:
    """A file of a group: the controller that it belongs to, its name, the word before the number that it holds."""

    controller: str
    name: str
    word: str = ""


@frozen
class Dialect:
    """What the files of one version are called; ``cpu_unit`` is in seconds."""

    keeper: LimitKeeper
    controllers: tuple[str, ...]
    memory_limits: tuple[File, ...]
    memory: tuple[File, ...]
    kills: File
    cpu: File
    cpu_unit: float


PIDS_LIMIT = File("pids", "pids.max")
_PIDS_REFUSED = File("pids", "pids.events", "max")

VERSION_1 = Dialect(
    keeper="cgroup1",
    controllers=("memory", "pids", "cpuacct"),
    memory_limits=(File("memory", "memory.limit_in_bytes"), File("memory", "memory.memsw.limit_in_bytes")),
    memory=(File("memory", "memory.stat", "total_rss"), File("memory", "memory.stat", "total_shmem")),
    kills=File("memory", "memory.oom_control", "oom_kill"),
    cpu=File("cpuacct", "cpuacct.usage"),
    cpu_unit=1e-9,
)
VERSION_2 = Dialect(
    keeper="cgroup2",
    controllers=("",),
    memory_limits=(File("", "memory.max"),),
    memory=(File("", "memory.stat", "anon"), File("", "memory.stat", "shmem")),
    kills=File("", "memory.events", "oom_kill"),
    cpu=File("", "cpu.stat", "usage_usec"),
    cpu_unit=1e-6,
)


@frozen
class Used:
    """What the processes of a command have or had: bytes that cannot be taken back, and seconds."""

    memory: int
    cpu_seconds: float


class Group:
    """A group for one command; its owner holds locks on its folders, so that `Groups.sweep` knows who is gone."""

    def __init__(self, dialect: Dialect, folders: Mapping[str, Path], locks: ExitStack) -> None:
        """Take over ``folders``, one for each controller, and the locks on them."""
        self._dialect = dialect
        self._folders = folders
        self._locks = locks
        self._limits = Limits()
        self.peak_memory = 0

    @property
    def entrances(self) -> tuple[Path, ...]:
        """The files that a process writes 0 into to join, with all that it starts."""
        return tuple(folder / PROCESSES for folder in self._folders.values())

    def limit(self, limits: Limits, ours: int) -> None:
        """Set the limits before anybody joins; ``ours`` processes of the chain do not count.

        Swap counts as memory, and does not come on top of it.
        """
        self._limits = limits
        if limits.memory is not None:
            for file in self._dialect.memory_limits:
                with suppress(FileNotFoundError):  # a kernel that does not count swap
                    self._write(file, str(limits.memory))
            if self._dialect is VERSION_2:
                self._write(File("", "memory.oom.group"), "1")
                with suppress(FileNotFoundError):
                    self._write(File("", "memory.swap.max"), "0")
        if limits.processes is not None:
            self._write(PIDS_LIMIT, str(limits.processes + ours))

    def expect(self, limits: Limits) -> None:
        """Look for these limits, which somebody else has set."""
        self._limits = limits

    def used(self) -> Used:
        """Return what is used now; the highest memory seen stays in ``peak_memory``."""
        memory = sum(self._number(file) for file in self._dialect.memory)
        self.peak_memory = max(self.peak_memory, memory)
        return Used(memory=memory, cpu_seconds=self._number(self._dialect.cpu) * self._dialect.cpu_unit)

    def look(self) -> Reason | None:
        """Return the limit that was broken; the kernel has then ended a process, or refused one, or does not mind."""
        used = self.used()
        limits = self._limits
        if self._number(self._dialect.kills):  # a limit around ours, that of a container, is one too
            return "memory"
        if limits.processes is not None and self._number(_PIDS_REFUSED):
            return "processes"
        if limits.cpu_seconds is not None and used.cpu_seconds > limits.cpu_seconds:
            return "cpu"
        return None

    def members(self) -> tuple[int, ...]:
        """Return the processes in it."""
        folder = next(iter(self._folders.values()))
        return tuple(int(word) for word in (folder / PROCESSES).read_text(encoding="ascii").split())

    def close(self) -> None:
        """Kill whoever is in it and remove it."""
        with self._locks:
            _remove(tuple(self._folders.values()))

    def _write(self, file: File, text: str) -> None:
        self._path(file).write_text(text, encoding="ascii")

    def _path(self, file: File) -> Path:
        """Return where ``file`` is: version 2 has one folder for all controllers."""
        return (self._folders.get(file.controller) or self._folders[""]) / file.name

    def _number(self, file: File) -> int:
        try:
            text = self._path(file).read_text(encoding="ascii")
        except FileNotFoundError:
            return 0
        except OSError as error:
            if error.errno != errno.ENODEV:  # somebody else's group, an engine's, was removed while it was read
                raise
            return 0
        if not file.word:
            return int(text)
        figures = (line.split() for line in text.splitlines())
        return next((int(figure[1]) for figure in figures if figure[0] == file.word), 0)


@frozen
class Groups:
    """Where groups may be made: ``places`` are folders of the group that we are in, one for each controller."""

    dialect: Dialect
    places: Mapping[str, Path]

    @property
    def keeper(self) -> LimitKeeper:
        """Which version keeps the limits."""
        return self.dialect.keeper

    def make(self) -> Group:
        """Make a group; raises `MachineError` where the machine refuses another one."""
        place = next(iter(self.places.values()))
        try:
            while True:
                name = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place)).name
                folders = {controller: place / name for controller, place in self.places.items()}
                with ExitStack() as locks:  # what is half made when somebody else is faster, or fails, is swept later
                    if all(_taken(folder, locks) for folder in folders.values()):
                        return Group(self.dialect, folders, locks.pop_all())
        except OSError as error:
            raise MachineError(
                f"no control group can be made in {place}: {error.strerror}",
                code="sandbox.group",
                remedy="look whether a limit on their number is set there (cgroup.max.descendants)",
            ) from error

    def sweep(self) -> None:
        """Kill and remove the groups of owners that are gone; each controller's for itself, for some are shared."""
        for place in self.places.values():
            for folder in place.glob(f"{_PREFIX}*"):
                with suppress(OSError), ExitStack() as locks:
                    if _locked(folder, locks):
                        _remove((folder,))


def _taken(folder: Path, locks: ExitStack) -> bool:
    """Make ``folder``, unless it is there, and lock it; tell whether that went well."""
    folder.mkdir(exist_ok=True)
    return _locked(folder, locks)


def _locked(folder: Path, locks: ExitStack) -> bool:
    """Lock ``folder`` until ``locks`` are given up; False when somebody else has it, or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    locks.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return folder.exists()


def _remove(folders: tuple[Path, ...]) -> None:
    """Kill all processes in a group, its new ones too, and remove its folders, the first one last.

    Raises OSError when a process does not go within a second.
    """
    for folder in reversed(folders):
        for attempt in range(_TRIES):
            try:
                folder.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                if attempt == _TRIES - 1:
                    raise
                _kill(folders, folder)
                time.sleep(_PAUSE)


def _kill(folders: tuple[Path, ...], folder: Path) -> None:
    with suppress(OSError):
        (folder / "cgroup.kill").write_text("1", encoding="ascii")  # since Linux 5.14, version 2
        return
    for place in folders:
        with suppress(OSError):
            (place / "pids.max").write_text("0", encoding="ascii")  # nobody starts another one meanwhile
    for word in (folder / PROCESSES).read_text(encoding="ascii").split():
        with suppress(OSError):
            os.kill(int(word), signal.SIGKILL)
