"""Runs commands where they see nothing of the machine but a locked root file system and what is mounted for them.

The root itself is in `builder.sandbox.rootfs`, the fake for other rooms' tests in `builder.sandbox.fake`.
"""

from __future__ import annotations

from builder.sandbox.find import find_sandbox
from builder.sandbox.seam import Output, Sandbox, Session
from builder.sandbox.values import Bind, Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams, Tmpfs

__all__ = [
    "Bind",
    "Capabilities",
    "Changes",
    "Command",
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
]
