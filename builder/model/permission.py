"""What an operator lets the scripts of one recipe use of the machine: its network, some of its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen

NETWORK, MOUNT = "the network", "the mount "
"""How the entries of an explanation begin that are about permissions."""


@frozen
class ExtraMount:
    """A folder or file ``source`` of the machine that scripts see at ``inside``, read-only unless ``writable``.

    ``digest`` is the sha256 of what lies there when the plan is made; of what scripts may write to nobody takes one.
    """

    source: Path
    inside: PurePosixPath
    writable: bool = False
    digest: str | None = None

    def order(self) -> tuple[PurePosixPath, str, Path, str]:
        """Return what it is sorted by; no two different ones have the same."""
        return self.inside, self.said, self.source, self.digest or ""

    @property
    def said(self) -> str:
        """What counts of it: never where it lies on the machine."""
        return "writable" if self.writable else f"read-only, sha256 {self.digest}"


@frozen
class Permissions:
    """What scripts may use beyond a sandbox: the machine's ``network``, and ``mounts`` sorted by their inside paths."""

    network: bool = False
    mounts: tuple[ExtraMount, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is allowed."""
        return self.network or bool(self.mounts)

    def asked(self) -> Iterator[tuple[str, str]]:
        """Yield what a package that was built with these may depend on, in the user's words, and its value."""
        if self.network:
            yield NETWORK, "allowed"
        for mount in self.mounts:
            yield f"{MOUNT}{mount.inside}", mount.said

    def __or__(self, other: Permissions) -> Permissions:
        """Return what either allows."""
        mounts = sorted({*self.mounts, *other.mounts}, key=ExtraMount.order)
        return Permissions(network=self.network or other.network, mounts=tuple(mounts))


@frozen
class Allowed:
    """What one task's scripts may use: the one that builds (``build``), and those that test the package (``tests``)."""

    build: Permissions = Permissions()
    tests: Permissions = Permissions()

    def __bool__(self) -> bool:
        """Whether anything is allowed."""
        return bool(self.build or self.tests)

    def __or__(self, other: Allowed) -> Allowed:
        """Return what either allows."""
        return Allowed(build=self.build | other.build, tests=self.tests | other.tests)


NOTHING = Allowed()


def union(permissions: Iterable[Permissions]) -> Permissions:
    """Return what any of ``permissions`` allows."""
    found = Permissions()
    for one in permissions:
        found |= one
    return found
