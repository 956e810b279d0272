"""From specs to solved, locked and linked prefixes: every solve there is, and the only room that knows rattler."""

from __future__ import annotations

from builder.environment.access import Access
from builder.environment.link import link, link_scripts
from builder.environment.lock import Lock, LockedSolver, read_lock, write_lock
from builder.environment.packages import PackageStore
from builder.environment.resolve import resolve
from builder.environment.solver import Solver, Solving

__all__ = [
    "Access",
    "Lock",
    "LockedSolver",
    "PackageStore",
    "Solver",
    "Solving",
    "link",
    "link_scripts",
    "read_lock",
    "resolve",
    "write_lock",
]
