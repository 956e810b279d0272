"""What relocation needs to know besides the payload and the recipe."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen
from builder.model.python import Python
from builder.model.target import Target


@frozen
class RelocateContext:
    """``prefix`` is the path inside the sandbox that files were built for: its text is the package's placeholder.

    ``build_prefix`` is where the tools of the build stood. ``scratch`` is an empty folder of the task; edited files are
    written there, so that nothing upstream ever changes. ``python`` is given where the files of the package, which is
    for every Python, will stand elsewhere once they are installed.
    """

    target: Target
    prefix: PurePosixPath
    build_prefix: PurePosixPath
    scratch: Path
    python: Python | None = None

    def place(self, path: str) -> str:
        """Return where the package's file at ``path`` stands in a prefix: relative paths count from there."""
        return path if self.python is None else self.python.place_of(path)

    @property
    def placeholder(self) -> str:
        """The text that stands for the prefix in the package's files."""
        return str(self.prefix)
