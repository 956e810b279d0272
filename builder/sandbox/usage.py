"""Looks what the commands of a container use: in its control group where we see that, else at its processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.sandbox.cgroups import Group
from builder.sandbox.disk import Disk, taken
from builder.sandbox.hierarchies import group_of
from builder.sandbox.limits import DiskGauge, Running
from builder.sandbox.processes import ProcessGauge, family
from builder.sandbox.values import Limits, Reason
from builder.sandbox.watcher import Gauge


class Usage:
    """Measures one command of the container whose first process is ``pid``, with ``ours`` processes that do not count.

    A container is given up after a command that broke a limit, so that what its group counted is always zero before,
    but for the time of earlier commands.
    """

    def __init__(self, pid: int, limits: Limits, disk: Disk, temporary: Sequence[PurePosixPath], ours: int) -> None:
        """Begin to measure."""
        self._group: Group | None = group_of(pid)
        self._before = self._group.used().cpu_seconds if self._group is not None else 0.0
        running = Running(members=lambda: _members(pid), temporary=lambda: _seen(pid, temporary))
        self._disk = DiskGauge(disk=disk, running=running)
        if self._group is not None:
            seconds = limits.cpu_seconds
            later = limits if seconds is None else replace(limits, cpu_seconds=int(seconds + self._before))
            self._group.expect(later)
            self._gauge: Group | ProcessGauge = self._group
        else:
            self._gauge = ProcessGauge(running.members, limits, lambda: taken(running.temporary()), ours)

    @property
    def gauges(self) -> tuple[Gauge, ...]:
        """What looks at the command while it runs."""
        return (self._gauge, self._disk)

    @property
    def peak_memory(self) -> int:
        """The most memory that was seen."""
        return self._gauge.peak_memory

    def cpu_seconds(self) -> float | None:
        """Return what the command has used so far, where a group counts it and is still there."""
        if self._group is None:
            return None
        used = self._group.used().cpu_seconds
        return used - self._before if used >= self._before else None

    def look(self) -> Reason | None:
        """Return the limit that was broken, now that the command has ended."""
        return self._gauge.look() or self._disk.look(closely=True)


def _members(pid: int) -> Iterable[int]:
    return (member for member in family(pid) if member != pid)


def _seen(pid: int, temporary: Sequence[PurePosixPath]) -> list[Path]:
    """Return where root sees the temporary file systems of a container."""
    return [Path(f"/proc/{pid}/root{place}") for place in temporary]
