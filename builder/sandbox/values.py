"""What is said to a sandbox and what it answers: mounts, limits, commands and exits as frozen values."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from builder.model.frozen import frozen
from builder.model.payload import Entry


@frozen
class Bind:
    """The folder or file ``source`` of the machine, seen at ``inside``."""

    source: Path
    inside: PurePosixPath
    writable: bool = False


@frozen
class Overlay:
    """Shared, read-only folders ``lower`` (the first one wins) seen at ``inside``, writes going to ``upper``.

    ``upper`` is the task's own folder, on a file system that keeps symlinks; the sandbox makes it when it is absent and
    may make hidden folders beside it. What it holds afterwards is told by `Sandbox.changes`, not by its layout.
    """

    lower: tuple[Path, ...]
    upper: Path
    inside: PurePosixPath


@frozen
class Tmpfs:
    """An empty folder at ``inside``, fresh for every command; ``size`` is its limit in bytes."""

    inside: PurePosixPath
    size: int | None = None


Mount = Bind | Overlay | Tmpfs


@frozen
class Limits:
    """What a command may use: None is no limit. Each counts for the whole command, all its processes together.

    ``memory`` and ``disk`` are bytes: memory that cannot be taken back, and what is written into overlays, writable
    binds and temporary file systems beyond what lay there. ``processes`` counts threads too, ``cpu_seconds`` is user
    and system time; ``wall_seconds`` and ``silence_seconds`` (since the last output) are real time. How exactly they
    are kept is told by `Capabilities.limits`.
    """

    memory: int | None = None
    processes: int | None = None
    disk: int | None = None
    cpu_seconds: int | None = None
    wall_seconds: float | None = None
    silence_seconds: float | None = None

    def time_left(self, running: float, silent: float | None) -> dict[Reason, float]:
        """Return the seconds until each limit in time is broken, for a command that has been ``running`` so long.

        ``silent`` is how long it has printed nothing; None where it may be silent as long as it likes.
        """
        left: dict[Reason, float] = {}
        if self.wall_seconds is not None:
            left["timeout"] = self.wall_seconds - running
        if self.silence_seconds is not None and silent is not None:
            left["silence"] = self.silence_seconds - silent
        return left


@frozen
class Command:
    """A program with its arguments, started in ``cwd``; ``env`` is added to the session's environment."""

    argv: tuple[str, ...]
    cwd: PurePosixPath
    env: tuple[tuple[str, str], ...] = ()


@frozen
class Streams:
    """Descriptors that a command gets as its standard input, output and error, where nobody listens to what it prints.

    ``terminal`` says that they are one terminal that belongs to nobody yet: it becomes the command's own.
    """

    stdin: int
    stdout: int
    stderr: int
    terminal: bool = False


Reason = Literal["timeout", "silence", "memory", "processes", "disk", "cpu", "signal"]
"""Who ended a command: the limit that it broke, or a signal from outside."""

LimitKeeper = Literal["cgroup2", "cgroup1", "watcher"]
"""What keeps the limits: control groups of version 2 or 1, or resource limits and a watcher that looks and kills."""


@frozen
class Exit:
    """How a command ended: ``code`` as a shell gives it (128 + signal number after a signal).

    ``reason`` says who ended it when it did not end by itself: a limit, or a signal from outside. ``peak_memory`` is
    the most that was seen of what `Limits.memory` counts, in bytes, where somebody looked. ``undeclared`` are programs
    of the machine that it used and a sealed command would not find.
    """

    code: int
    seconds: float
    cpu_seconds: float
    reason: Reason | None = None
    peak_memory: int | None = None
    undeclared: tuple[str, ...] = ()


@frozen
class Capabilities:
    """What a sandbox can do on this machine; ``notes`` say for people what is missing, and the remedy.

    ``limits`` is what keeps `Limits`, ``syscalls`` whether a filter refuses system calls that no build needs.
    ``version`` is the version of the program or engine that isolates, empty where nobody asked it; ``rootless`` tells
    that it runs without the machine's root.
    """

    overlay: bool
    network_isolated: bool
    processes_isolated: bool
    limits: LimitKeeper = "watcher"
    syscalls: bool = False
    version: str = ""
    rootless: bool = False
    notes: tuple[str, ...] = ()


@frozen
class Changes:
    """What commands did to an `Overlay`, sorted by path.

    ``new`` are paths that no lower folder has (directories only when empty), ``changed`` those whose bytes, kind,
    target or executable bit differ from the lower folder's, ``deleted`` those that are gone, ``irregular`` those that
    no package may hold (devices, FIFOs, sockets, names that are not UTF-8). ``folder`` is the root that the contents
    lie under.
    """

    folder: Path
    new: tuple[Entry, ...] = ()
    changed: tuple[Entry, ...] = ()
    deleted: tuple[str, ...] = ()
    irregular: tuple[str, ...] = ()
