"""What is fuzzed: a reader of bytes from outside, with inputs to begin with, and how to alter them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

Parts = tuple[bytes, ...]
"""An input before it is wrapped: what is inside a compressed archive, the files that a package is made of."""

CANARY = b"as ever\n"


class FoundError(AssertionError):
    """A reader let through what it must not, or did what it must not."""


@dataclass(frozen=True, slots=True)
class Box:
    """A folder of one reader: canaries lie where ``..`` leads from the ``target``, which alone may be written to."""

    folder: Path

    @property
    def target(self) -> Path:
        """Where a reader unpacks: it need not be there."""
        return self.folder / "room" / "target"

    @property
    def canary(self) -> Path:
        """The file that hostile paths name."""
        return self.folder / "canary"

    def input(self, name: str, data: bytes) -> Path:
        """Write an input where readers of files find it."""
        path = self.folder / "input" / name
        path.write_bytes(data)
        return path

    def prepare(self) -> None:
        """Make the folders and the canaries."""
        for name in ("input", "room", "own"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for canary in self._canaries():
            canary.write_bytes(CANARY)
            canary.chmod(0o640)

    def judge(self) -> None:
        """Raise `FoundError` where anything beside the target, the input and the reader's own folder has changed."""
        for canary in self._canaries():
            found = canary.lstat()
            if (found.st_mode, found.st_nlink, found.st_size) != (0o100640, 1, len(CANARY)):
                raise FoundError(f"the canary {canary} has changed: {found}")
            if canary.read_bytes() != CANARY:
                raise FoundError(f"the canary {canary} was written to")
        there = {path.name for path in self.folder.iterdir()} | {path.name for path in (self.folder / "room").iterdir()}
        if more := there - {"input", "room", "own", "canary", "target"}:
            raise FoundError(f"written beside the target: {sorted(more)}")

    def _canaries(self) -> tuple[Path, Path]:
        return self.canary, self.folder / "room" / "canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """``read`` raises `BakehouseError` for what it refuses (or one of ``refusals``), `FoundError` for what is wrong."""

    name: str
    seeds: Callable[[], list[Parts]]
    alter: Callable[[Parts, Parts, Random, Path], Parts]
    wrap: Callable[[Parts, Random], bytes]
    read: Callable[[bytes, Box], None]
    refusals: tuple[type[Exception], ...] = ()


def only(parts: Parts, dice: Random) -> bytes:
    """Wrap an input that is nothing but its one part."""
    return parts[0]
