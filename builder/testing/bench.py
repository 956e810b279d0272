"""What running tests needs besides the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from builder.model.environment import LinkedPrefix, LockedPackage
from builder.model.frozen import frozen
from builder.model.inside import InsidePaths
from builder.model.permission import Permissions
from builder.sandbox import Limits, Sandbox


class LinkFor(Protocol):
    """Solves specs, the package under test among what can be chosen, and links the result for a path inside."""

    async def __call__(self, specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        """Return the linked environment; raises `UnsolvableError` when there is none."""
        ...


class FetchPackage(Protocol):
    """Puts the archive of a package of a linked environment into a folder, compared with its record."""

    async def __call__(self, wanted: LockedPackage) -> Path:
        """Return the archive's path; raises `SourceError` or `MachineError`."""
        ...


@frozen
class TestBench:
    """Where tests run: ``scratch`` is an empty folder of theirs, logs go to ``logs``.

    ``platform`` is the subdir that tests run on, also those of noarch packages. ``epoch`` is the package's, in seconds
    since 1970. ``at_once`` is how many tests may run side by side, ``cores`` how many processes all of them together
    may run. ``secrets`` are the values of variables that test scripts name as secrets, ``permissions`` what the user
    lets them use of the machine.
    """

    __test__ = False

    platform: str
    sandbox: Sandbox
    rootfs: Path
    inside: InsidePaths
    limits: Limits
    permissions: Permissions
    link: LinkFor
    fetch: FetchPackage
    scratch: Path
    logs: Path
    epoch: int
    cores: int
    at_once: int
    secrets: Mapping[str, str]
    on_line: Callable[[str], None]
