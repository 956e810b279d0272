"""Reads objects of a bare repository, each checked against its id, so that a commit id vouches for all that comes."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.source.git.command import git_command

_PIECE = 1 << 20
_LARGEST_WHOLE = 64 << 20
_HEADER = re.compile(rb"([0-9a-f]{40,64}) ([a-z]+) (\d+)\n")
_COMMITTED = re.compile(rb"^committer .*> (-?\d+) [+-]\d+$", re.MULTILINE)
_LATEST = 2**32 - 1

KIND = 0o170000
"""The part of a tree entry's mode that is one of the four below."""
FILE, LINK, FOLDER, SUBMODULE = 0o100000, 0o120000, 0o040000, 0o160000


@frozen
class Commit:
    """A commit: the id of its ``tree``, and its ``time`` in seconds since 1970."""

    tree: str
    time: int


@frozen
class TreeEntry:
    """An entry of a tree: ``mode`` is git's (0o100644, 0o100755, 0o120000, 0o040000, 0o160000)."""

    mode: int
    name: str
    object_id: str


class Objects:
    """The objects of one repository; use it as a context manager, from one thread.

    A repository in the store is a cache that anything may have happened to: whatever is read must have the digest that
    it was asked for by, else it is a `MachineError`.
    """

    def __init__(self, repository: Path, variables: Mapping[str, str]) -> None:
        """Read from the bare repository at ``repository``; ``variables`` are those of `git_variables`."""
        self._repository = repository
        self._process = subprocess.Popen(
            git_command(variables, repository, "cat-file", "--batch"),
            env=dict(variables),
            cwd=repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def commit(self, object_id: str) -> Commit:
        """Return a commit."""
        body = self._whole(object_id, b"commit")
        tree = body[5:].partition(b"\n")[0].decode("ascii", "replace")
        committed = _COMMITTED.search(body.partition(b"\n\n")[0])
        if not body.startswith(b"tree ") or committed is None:
            raise self._damaged(object_id)
        return Commit(tree=tree, time=min(max(0, int(committed[1])), _LATEST))

    def tree(self, object_id: str) -> tuple[TreeEntry, ...]:
        """Return the entries of a tree, in git's order."""
        body = self._whole(object_id, b"tree")
        width = len(object_id) // 2
        entries, at = [], 0
        while at < len(body):
            mode, _, rest = body[at : at + 8].partition(b" ")
            end = body.find(b"\0", at)
            if not rest or not mode.isdigit() or end < 0 or end + width >= len(body):
                raise self._damaged(object_id)
            name = body[at + len(mode) + 1 : end].decode("utf-8", "surrogateescape")
            at = end + 1 + width
            entries.append(TreeEntry(mode=int(mode, 8), name=name, object_id=body[end + 1 : at].hex()))
        return tuple(entries)

    def walk(self, tree: str) -> Iterator[tuple[str, TreeEntry]]:
        """Yield all entries below a tree with their paths, each folder before what is in it."""
        pending = [("", iter(self.tree(tree)))]
        while pending:
            above, entries = pending[-1]
            entry = next(entries, None)
            if entry is None:
                pending.pop()
                continue
            yield above + entry.name, entry
            if entry.mode & KIND == FOLDER:
                pending.append((f"{above}{entry.name}/", iter(self.tree(entry.object_id))))

    def blob(self, object_id: str) -> tuple[int, Iterator[memoryview]]:
        """Return a blob's size in bytes and its pieces, to be taken to their end before anything else is asked for."""
        size = self._ask(object_id, b"blob")
        return size, self._pieces(object_id, b"blob", size)

    def _whole(self, object_id: str, kind: bytes) -> bytes:
        size = self._ask(object_id, kind)
        if size > _LARGEST_WHOLE:
            raise self._damaged(object_id)
        return b"".join(self._pieces(object_id, kind, size))

    def _ask(self, object_id: str, kind: bytes) -> int:
        """Ask for an object of that kind; return its size, with the answer's body still to be read."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(object_id.encode() + b"\n")
            stdin.flush()
            header = _HEADER.fullmatch(stdout.readline(256))
        except BrokenPipeError:
            header = None
        if header is None or header[1] != object_id.encode() or header[2] != kind:
            raise self._damaged(object_id)
        return int(header[3])

    def _pieces(self, object_id: str, kind: bytes, size: int) -> Iterator[memoryview]:
        stdout = self._process.stdout
        assert stdout is not None
        digest = hashlib.sha1(usedforsecurity=False) if len(object_id) == 40 else hashlib.sha256()
        digest.update(kind + b" " + str(size).encode() + b"\0")
        left = size
        while left:
            piece = stdout.read(min(left, _PIECE))
            if not piece:
                raise self._damaged(object_id)
            digest.update(piece)
            left -= len(piece)
            if not left and digest.hexdigest() != object_id:
                raise self._damaged(object_id)
            yield memoryview(piece)
        if digest.hexdigest() != object_id or stdout.read(1) != b"\n":
            raise self._damaged(object_id)

    def _damaged(self, object_id: str) -> MachineError:
        return MachineError(
            f"the fetched repository {self._repository} is damaged: object {object_id[:64]!r} is not what its id says",
            code="source.git-damaged",
            remedy=f"remove {self._repository}; it is fetched again",
        )
