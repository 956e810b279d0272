"""How a plan speaks of tasks."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 3
"""How many things of one kind are spelt out; the rest are counted."""


def listed(tasks: Sequence[str]) -> str:
    """Return the names of a few tasks, without their subdirs, and the number of the others."""
    names = [task.rpartition("/")[2] for task in tasks[:SHOWN]]
    more = len(tasks) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
