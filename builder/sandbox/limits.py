"""Keeps the limits of a command: by a control group or a look at its processes, a look at the disk, resource limits."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from builder.model.frozen import frozen
from builder.sandbox.cgroups import Group, Groups
from builder.sandbox.disk import Disk, taken
from builder.sandbox.processes import Members, ProcessGauge, device_of_memory, nameless
from builder.sandbox.values import Exit, LimitKeeper, Limits, Reason
from builder.sandbox.watcher import Gauge

_SPARE_PROCESSES = 1024
_SPARE_SECONDS = 5


def joining(process: str = "0") -> str:
    """Return what a shell says to let ``process``, by default itself, join groups.

    The groups' files come as its arguments behind their number (see `Keeping.entrance`), and are gone afterwards.
    """
    return f'n=$1; shift; while [ $n -gt 0 ]; do echo {process} >"$1" || exit 125; shift; n=$((n - 1)); done; unset n'


@frozen
class Running:
    """A command that runs: who belongs to it, and where its temporary file systems are seen from here."""

    members: Members
    temporary: Callable[[], Iterable[Path]] = tuple


@frozen
class DiskGauge:
    """See `builder.sandbox.watcher.Gauge`: looks at what a command and those before it in its session have written."""

    disk: Disk
    running: Running

    def look(self, *, closely: bool = False) -> Reason | None:
        """See `Disk.look`."""
        return self.disk.look(taken(self.running.temporary()), self._nameless, closely=closely)

    def _nameless(self) -> int:
        """Return the bytes of files without a name, but for those in memory, which count otherwise."""
        in_memory = {device_of_memory()}
        for place in self.running.temporary():
            with suppress(OSError):
                in_memory.add(place.stat().st_dev)
        return nameless(self.running.members(), in_memory)


class Keeping:
    """Keeps the limits of one command, from before it starts until it has gone.

    ``ours`` is how many processes run beside the command's own, which do not count.
    """

    def __init__(self, groups: Groups | None, limits: Limits, disk: Disk, ours: int = 0) -> None:
        """Make its group, where groups can be made; raises `MachineError` when the machine refuses it."""
        self._limits, self._disk, self._ours = limits, disk, ours
        self._group: Group | None = None if groups is None else groups.make()
        if self._group is not None:
            self._group.limit(limits, ours)
        self._gauge: Group | ProcessGauge | None = self._group
        self._look_at_disk: DiskGauge | None = None

    @property
    def entrance(self) -> tuple[str, ...]:
        """The first arguments of the shell that does what `joining` says."""
        files = () if self._group is None else self._group.entrances
        return (str(len(files)), *map(str, files))

    def gauges(self, running: Running) -> tuple[Gauge, ...]:
        """Return what looks at the command while it runs."""
        self._look_at_disk = DiskGauge(disk=self._disk, running=running)
        if self._group is None:
            temporary = lambda: taken(running.temporary())  # noqa: E731 - a name for one line
            self._gauge = ProcessGauge(running.members, self._limits, temporary, self._ours)
        return tuple(gauge for gauge in (self._gauge, self._look_at_disk) if gauge is not None)

    def judge(self, ended: Exit) -> Exit:
        """Return ``ended`` with the limit behind it, if it was one that the kernel or nobody saw, and the memory."""
        reason = ended.reason
        if reason in {None, "signal"}:
            reason = self._reason(ended) or reason
        peak = self._gauge.peak_memory if self._gauge is not None else None
        code = ended.code if reason is None else ended.code or 128 + signal.SIGKILL
        return replace(ended, code=code, reason=reason, peak_memory=peak)

    @property
    def cpu_seconds(self) -> float | None:
        """What all its processes have used, where a group counts it."""
        return None if self._group is None else self._group.used().cpu_seconds

    def close(self) -> None:
        """Kill whoever is left in the group, and remove it."""
        if self._group is not None:
            self._group.close()

    def _reason(self, ended: Exit) -> Reason | None:
        if self._group is not None and (reason := self._group.look()) is not None:
            return reason
        disk = self._look_at_disk
        if disk is not None and (reason := disk.look(closely=True)) is not None:
            return reason
        limits = self._limits
        past: dict[int, tuple[Reason, int | None]] = {
            128 + signal.SIGXCPU: ("cpu", limits.cpu_seconds),
            128 + signal.SIGXFSZ: ("disk", limits.disk),
        }
        reason, limit = past.get(ended.code, (None, None))
        return reason if limit is not None else None


def keeper(groups: Groups | None) -> LimitKeeper:
    """Return what keeps limits where ``groups`` can be made."""
    return "watcher" if groups is None else groups.keeper


def resource_limits(prlimit: Path, limits: Limits, groups: Groups | None = None) -> list[str]:
    """Return the front of a command line that runs the rest of it under resource limits; empty when there are none.

    They hold for one process each and lie a little behind the limits of the command, which others keep: a process
    that writes one file is faster than who looks. The number of processes counts in the command's own user
    namespace, but never for root. Memory is not limited so: address space is what sanitizers and language run times
    reserve by the terabyte.
    """
    values = {}
    if limits.disk is not None:
        values["fsize"] = str(limits.disk + spare(limits.disk))
    if groups is None and limits.cpu_seconds is not None:
        values["cpu"] = f"{limits.cpu_seconds + _SPARE_SECONDS}:"
    if groups is None and limits.processes is not None and os.geteuid():
        values["nproc"] = str(limits.processes + _SPARE_PROCESSES)
    words = [f"--{name}={value}" for name, value in values.items()]
    return [str(prlimit), *words, "--"] if words else []


def file_blocks(limits: Limits) -> str:
    """Return the limit of one file for a shell's ``ulimit -f``, in blocks of 512 bytes; empty when there is none."""
    return "" if limits.disk is None else str((limits.disk + spare(limits.disk)) // 512)


def temporary_size(limits: Limits) -> int | None:
    """Return how large a temporary file system may be so that it breaks a limit before it is full."""
    given = [limit for limit in (limits.memory, limits.disk) if limit is not None]
    return min(given) + spare(min(given)) if given else None


def spare(limit: int) -> int:
    """Return the bytes between a limit and where something ends of which nobody would say which limit it was."""
    return limit // 8 + (1 << 20)
