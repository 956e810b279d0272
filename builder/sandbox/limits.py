"""Turns limits into the words of `prlimit`, which sets them before the command's first instruction."""

from __future__ import annotations

from pathlib import Path

from builder.sandbox.values import Limits


def resource_limits(prlimit: Path, limits: Limits) -> list[str]:
    """Return the front of a command line that runs the rest of it under ``limits``; empty when there are none.

    Memory is private writable memory, not address space, which sanitizers and language run times reserve by the
    terabyte.
    """
    values = {
        "data": limits.memory,
        "nproc": limits.processes,
        "fsize": limits.disk,
        "cpu": limits.cpu_seconds,
    }
    words = [f"--{name}={value}" for name, value in values.items() if value is not None]
    return [str(prlimit), *words, "--"] if words else []
