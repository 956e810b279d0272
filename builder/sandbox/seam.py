"""The seam between those who run commands and the ways to run them: `Sandbox` opens a `Session`, a session runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from builder.sandbox.values import Capabilities, Changes, Command, Exit, Limits, Mount, Overlay, Streams

Output = Callable[[bytes], None]
"""Gets what a command prints, standard output and error in the order in which they were written, in pieces."""


class Session(Protocol):
    """Commands over one state: what one leaves in an overlay or a writable bind, the next one sees.

    Processes and temporary file systems do not outlive their command.
    """

    async def run(self, command: Command, output: Output, *, streams: Streams | None = None) -> Exit:
        """Run ``command`` to its end, which includes the end of every process that it started.

        With ``streams`` it reads and writes there, and ``output`` gets nothing; it may be silent as long as it likes.
        Cancelling kills everything. Commands of one session run one after the other. Raises `MachineError` when the
        machine refuses the sandbox.
        """
        ...

    async def close(self) -> None:
        """Kill what runs and give back what the session holds; may be called twice."""
        ...


class Sandbox(Protocol):
    """One way to run commands: ``sealed`` tells that they see nothing of the machine but what is mounted."""

    @property
    def name(self) -> str:
        """The word for it on the command line."""
        ...

    @property
    def sealed(self) -> bool:
        """Whether commands see only their mounts."""
        ...

    def capabilities(self) -> Capabilities:
        """Return what it can do on this machine."""
        ...

    def open(
        self, rootfs: Path, mounts: Sequence[Mount], limits: Limits, env: Mapping[str, str], *, network: bool = False
    ) -> AbstractAsyncContextManager[Session]:
        """Prepare ``mounts`` over ``rootfs``; leaving the context closes the session.

        ``env`` is the whole environment of the session's commands. With ``network`` they reach what the machine
        reaches.
        """
        ...

    def changes(self, mount: Overlay) -> Changes:
        """Return what commands did to ``mount``, once its session is closed; reads files and may block."""
        ...
