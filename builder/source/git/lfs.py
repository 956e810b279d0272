"""Large files of git-lfs: a pointer in the repository names the sha256 of what the store keeps under it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.source.git.command import run_git
from builder.source.git.objects import FILE, KIND, Objects
from builder.store import Store

_LONGEST = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n?"
)
_PIECE = 1 << 20


@frozen
class Pointer:
    """What a pointer says of a large file: its ``sha256`` and its ``size`` in bytes."""

    sha256: str
    size: int


def pointer(size: int, pieces: Iterator[memoryview]) -> tuple[Pointer | None, Iterator[memoryview]]:
    """Return the pointer that a file of ``size`` bytes is, or None, and the file's pieces all the same."""
    if size > _LONGEST:
        return None, pieces
    body = b"".join(pieces)
    found = _POINTER.fullmatch(body)
    again = iter((memoryview(body),) if body else ())
    return (None if found is None else Pointer(sha256=found[1].decode(), size=int(found[2]))), again


async def fetch_large(store: Store, variables: Mapping[str, str], repository: Path, address: str, commit: str) -> None:
    """Fetch the large files of ``commit`` from ``address`` into ``store``, under digests that git-lfs has no say in.

    ``repository`` has the commit and is nobody else's: git-lfs writes into it. Raises `GitError` when they cannot be
    had, `MachineError` where there is no git-lfs.
    """
    if shutil.which("git-lfs", path=variables["PATH"]) is None:
        raise MachineError(
            "git-lfs is not installed, and a source asks for `lfs: true`",
            code="source.no-git-lfs",
            remedy="install git-lfs (apt-get install git-lfs)",
        )
    await run_git(variables, repository, "-c", f"remote.origin.url={address}", "lfs", "fetch", "origin", commit)
    await asyncio.to_thread(_keep, store, repository / "lfs" / "objects")


def _keep(store: Store, folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.add_file(_pieces(path), sha256=path.name)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def missing_large(store: Store, variables: Mapping[str, str], repository: Path, commit: str) -> tuple[str, ...]:
    """Return the sha256 of the large files that ``commit`` points to and ``store`` does not have."""
    with Objects(repository, variables) as objects:
        found: dict[str, None] = {}
        for _, entry in objects.walk(objects.commit(commit).tree):
            if entry.mode & KIND == FILE:
                one, rest = pointer(*objects.blob(entry.object_id))
                for _ in rest:
                    pass
                if one is not None and store.file(one.sha256) is None:
                    found[one.sha256] = None
        return tuple(found)
