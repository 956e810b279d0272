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
    """What a command may use: None is no limit.

    ``memory`` and ``disk`` are bytes (private memory of each process, size of each file), ``cpu_seconds`` counts for
    each process, ``processes`` for all of the user's in the sandbox (the kernel exempts root), ``wall_seconds`` and
    ``silence_seconds`` (since the last output) for the whole command.
    """

    memory: int | None = None
    processes: int | None = None
    disk: int | None = None
    cpu_seconds: int | None = None
    wall_seconds: float | None = None
    silence_seconds: float | None = None


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


@frozen
class Exit:
    """How a command ended: ``code`` as a shell gives it (128 + signal number after a signal).

    ``reason`` says who ended it when it did not end by itself: a limit, or a signal from outside.
    """

    code: int
    seconds: float
    cpu_seconds: float
    reason: Literal["timeout", "silence", "signal"] | None = None


@frozen
class Capabilities:
    """What a sandbox can do on this machine; ``notes`` say for people what is missing, and the remedy."""

    overlay: bool
    network_isolated: bool
    processes_isolated: bool
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
