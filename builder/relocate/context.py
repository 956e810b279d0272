"""What relocation needs to know besides the payload and the recipe."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen
from builder.model.target import Target


@frozen
class RelocateContext:
    """``prefix`` is the path inside the sandbox that files were built for: its text is the package's placeholder.

    ``build_prefix`` is where the tools of the build stood. ``scratch`` is an empty folder of the task; edited files are
    written there, so that nothing upstream ever changes.
    """

    target: Target
    prefix: PurePosixPath
    build_prefix: PurePosixPath
    scratch: Path

    @property
    def placeholder(self) -> str:
        """The text that stands for the prefix in the package's files."""
        return str(self.prefix)
