"""What running tests needs besides the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from builder.model.environment import LinkedPrefix
from builder.model.frozen import frozen
from builder.model.inside import InsidePaths
from builder.sandbox import Limits, Sandbox


class LinkFor(Protocol):
    """Solves specs, the package under test among what can be chosen, and links the result for a path inside."""

    async def __call__(self, specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        """Return the linked environment; raises `UnsolvableError` when there is none."""
        ...


@frozen
class TestBench:
    """Where tests run: ``scratch`` is an empty folder of theirs, logs go to ``logs``.

    ``platform`` is the subdir that tests run on, also those of noarch packages. ``epoch`` is the package's, in seconds
    since 1970; ``cores`` is how many processes a test may run at once.
    """

    __test__ = False

    platform: str
    sandbox: Sandbox
    rootfs: Path
    inside: InsidePaths
    limits: Limits
    link: LinkFor
    scratch: Path
    logs: Path
    epoch: int
    cores: int
    on_line: Callable[[str], None]
