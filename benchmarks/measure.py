"""Measures a command as a whole: wall and CPU seconds of all its processes, those inside sandboxes too."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CPU_V1 = Path("/sys/fs/cgroup/cpuacct")
_CPU_V2 = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took, in seconds."""

    wall: float
    cpu: float


@contextmanager
def _group() -> Iterator[tuple[Path | None, Callable[[], float]]]:
    """A control group of our own, since the CPU time in a process namespace never reaches its parent's accounts."""
    root = _CPU_V1 if (_CPU_V1 / "cpuacct.usage").exists() else _CPU_V2
    try:
        folder = Path(tempfile.mkdtemp(prefix="bakehouse-bench-", dir=root))
    except OSError:
        yield None, lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        return
    usage = folder / "cpuacct.usage"

    def seconds() -> float:
        if usage.exists():
            return int(usage.read_text()) / 1e9
        fields = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
        return int(fields["usage_usec"]) / 1e6

    try:
        yield folder / "cgroup.procs", seconds
    finally:
        folder.rmdir()


def wall(command: Sequence[str | Path], cwd: Path) -> float:
    """Return the seconds from the start of ``command`` to its end, with nothing between it and the clock."""
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def measure(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    good: Collection[int] = (0,),
) -> Cost:
    """Run ``command`` to its end, which must be ``good``, and return what it took."""
    with _group() as (procs, seconds):
        words = [str(word) for word in command]
        if procs is not None:
            words = ["/bin/sh", "-c", f'echo $$ > {procs}; exec "$@"', "sh", *words]
        before, began = seconds(), time.perf_counter()
        done = subprocess.run(
            words, env={**os.environ, **(environment or {})}, cwd=cwd, capture_output=True, text=True, check=False
        )
        wall = time.perf_counter() - began
        if done.returncode not in good:
            sys.exit(f"{' '.join(map(str, command))[:500]}: exit code {done.returncode}\n{done.stderr[-3000:]}")
        deadline = time.perf_counter() + 2
        while procs is not None and procs.read_text().strip() and time.perf_counter() < deadline:
            time.sleep(0.01)
        return Cost(wall=wall, cpu=seconds() - before)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the medians of both figures."""
    return Cost(wall=statistics.median(c.wall for c in costs), cpu=statistics.median(c.cpu for c in costs))


def in_turn(first: Callable[[], Cost], second: Callable[[], Cost], *, runs: int) -> tuple[Cost, Cost]:
    """Run both in turn, after a warm-up of each, and return their medians: drift of the machine hits both alike."""
    first()
    second()
    pairs = [(first(), second()) for _ in range(runs)]
    return median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])
