"""Runs commands where they see nothing of the machine but a locked root file system and what is mounted for them.

The root itself is in `builder.sandbox.rootfs`, the fake for other rooms' tests in `builder.sandbox.fake`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from builder.sandbox.seam import Output, Sandbox, Session
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams, Tmpfs

if TYPE_CHECKING:
    from builder.sandbox.engine import Engines
    from builder.sandbox.find import find_sandbox, tidy

__all__ = [
    "Bind",
    "Capabilities",
    "Changes",
    "Command",
    "Engines",
    "Exit",
    "Limits",
    "Mount",
    "Output",
    "Overlay",
    "Sandbox",
    "Session",
    "Streams",
    "Tmpfs",
    "find_sandbox",
    "tidy",
]

_LATER = {
    "Engines": "builder.sandbox.engine",
    "find_sandbox": "builder.sandbox.find",
    "tidy": "builder.sandbox.find",
}


def __getattr__(name: str) -> object:
    """Import what starts sandboxes when it is asked for: whoever unpacks an archive does so in half the time."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
