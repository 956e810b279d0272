"""The order of the files of tests for several processes, which take one after the other: none should wait in vain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

FIRST = "test_peer_builds.py"
"""What builds both collections, and needs them longest."""
_WAITING = ("adversarial", "sandbox", "pipeline", "cli")
"""Rooms whose tests wait for other programs more than they compute; the longest first."""
_LONG = ("test_collection.py", "test_guides.py")
"""Of the files that need the smaller collection those that take minutes."""


def ordered(needs: Mapping[Path, Collection[str]]) -> list[Path]:
    """Return the files of ``needs`` (file → names of fixtures) in the order in which processes should take them.

    What takes longest begins at once, and compiles for minutes. Beside it come the tests that wait more than they
    compute: then no core is idle. By then the smaller collection is there. What needs the larger one comes late, for
    until then it would only wait; and last what is short and computes, which fills what is left.
    """
    return sorted(needs, key=lambda file: _place(file, frozenset(needs[file])))


def _place(file: Path, needs: frozenset[str]) -> tuple[int, int]:
    room = file.parent.name
    if file.name == FIRST:
        return 0, 0
    if "collection" in needs:
        return 4, 0
    if "built" in needs:
        return 2, 0 if file.name in _LONG else 1
    if room == "e2e":
        return 3, 0
    return (1, _WAITING.index(room)) if room in _WAITING else (5, 0)
