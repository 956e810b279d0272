"""Reads objects of a bare repository, each checked against its id, so that a commit id vouches for all that comes."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from builder.archive import UnpackLimits
from builder.archive.member import Cap, raising
from builder.errors import MachineError, SourceError
from builder.model.frozen import frozen
from builder.source.git.answers import Answers
from builder.source.git.command import git_command

_PIECE = 1 << 20
_LARGEST_WHOLE = 64 << 20
_HEADER = re.compile(rb"([0-9a-f]{40,64}) ([a-z]+) (\d+)\n")
_COMMITTED = re.compile(rb"^committer .*> (-?\d+) [+-]\d+$", re.MULTILINE)
_MODE = re.compile(rb"[0-7]{1,6}")
_LATEST = 2**32 - 1
_DEFAULT = UnpackLimits()

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


@frozen
class _Shape:
    """How many ``entries`` are below a tree, and how many folders ``deep`` they lie."""

    entries: int
    deep: int


@frozen
class _Asked:
    """A git that is asked for objects, and what it answers."""

    process: subprocess.Popen[bytes]
    answers: Answers


class Objects:
    """The objects of one repository; use it as a context manager, from one thread.

    A repository in the store is a cache that anything may have happened to: whatever is read must have the digest that
    it was asked for by, else it is a `MachineError`.
    """

    def __init__(self, repository: Path, variables: Mapping[str, str], limits: UnpackLimits = _DEFAULT) -> None:
        """Read from the bare repository at ``repository``; ``variables`` are those of `git_variables`.

        A tree may have as many members, as deep below it, as ``limits`` allow.
        """
        self._repository = repository
        self._limits = limits
        self._trees: dict[str, tuple[TreeEntry, ...]] = {}
        self._shapes: dict[str, _Shape] = {}
        self._variables = variables
        self._sizes: _Asked | None = None
        self._contents = self._started("--batch")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for asked in (self._contents, self._sizes):
            if asked is not None:
                asked.process.kill()
                asked.process.communicate()

    def _started(self, form: str) -> _Asked:
        process = subprocess.Popen(
            git_command(self._variables, self._repository, "cat-file", form),
            env=dict(self._variables),
            cwd=self._repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        return _Asked(process=process, answers=Answers(process.stdout.fileno()))

    def commit(self, object_id: str) -> Commit:
        """Return a commit."""
        body = self._whole(object_id, b"commit")
        tree = body[5:].partition(b"\n")[0].decode("ascii", "replace")
        committed = _COMMITTED.search(body.partition(b"\n\n")[0])
        if not body.startswith(b"tree ") or committed is None:
            raise self._damaged(object_id)
        return Commit(tree=tree, time=min(max(0, int(committed[1])), _LATEST))

    def tree(self, object_id: str) -> tuple[TreeEntry, ...]:
        """Return the entries of a tree, in git's order; a tree is read once."""
        if object_id not in self._trees:
            self._trees[object_id] = self._parsed_tree(object_id)
        return self._trees[object_id]

    def _parsed_tree(self, object_id: str) -> tuple[TreeEntry, ...]:
        body = self._whole(object_id, b"tree")
        width = len(object_id) // 2
        entries, at = [], 0
        while at < len(body):
            mode, _, rest = body[at : at + 8].partition(b" ")
            end = body.find(b"\0", at)
            if not rest or not _MODE.fullmatch(mode) or end < 0 or end + width >= len(body):
                raise self._damaged(object_id)
            name = body[at + len(mode) + 1 : end].decode("utf-8", "surrogateescape")
            at = end + 1 + width
            entries.append(TreeEntry(mode=int(mode, 8), name=name, object_id=body[end + 1 : at].hex()))
        return tuple(entries)

    def walk(self, tree: str, name: str) -> Iterator[tuple[str, TreeEntry]]:
        """Yield all entries below a tree with their paths, each folder before what is in it.

        Raises `SourceError` for one of too many entries, or too deep, before it yields any: a few trees that name each
        other several times are billions of files. ``name`` is the source for people.
        """
        self._shape(tree, 0, name)
        return self._walk(tree)

    def _walk(self, tree: str) -> Iterator[tuple[str, TreeEntry]]:
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

    def _shape(self, tree: str, above: int, name: str) -> _Shape:
        known = self._shapes.get(tree)
        if known is None:
            entries = self.tree(tree) if above <= self._limits.depth else ()
            inner = [self._shape(one.object_id, above + 1, name) for one in entries if one.mode & KIND == FOLDER]
            known = self._shapes[tree] = _Shape(
                entries=len(entries) + sum(one.entries for one in inner),
                deep=max((one.deep + 1 for one in inner), default=0),
            )
        if above + known.deep > self._limits.depth:
            raise _too_much(name, f"holds files more than {self._limits.depth} folders deep", "depth")
        if max(known.entries, len(self._trees) - 1) > self._limits.members:
            words = f"holds {known.entries} files, more than the {self._limits.members} that are allowed"
            raise _too_much(name, words, "members")
        return known

    def size(self, object_id: str) -> int:
        """Return the size that the repository says an object has, in bytes; nobody has checked it."""
        if self._sizes is None:
            self._sizes = self._started("--batch-check")
        return self._asked(self._sizes, object_id, b"blob")

    def blob(self, object_id: str) -> tuple[int, Iterator[memoryview]]:
        """Return a blob's size in bytes and its pieces, to be taken to their end before anything else is asked for."""
        size = self._asked(self._contents, object_id, b"blob")
        return size, self._pieces(object_id, b"blob", size)

    def _whole(self, object_id: str, kind: bytes) -> bytes:
        size = self._asked(self._contents, object_id, kind)
        if size > _LARGEST_WHOLE:
            raise self._damaged(object_id)
        return b"".join(self._pieces(object_id, kind, size))

    def _asked(self, asked: _Asked, object_id: str, kind: bytes) -> int:
        """Ask for an object of that kind; return its size, with the answer's body, if it has one, still to be read."""
        stdin = asked.process.stdin
        assert stdin is not None
        try:
            stdin.write(object_id.encode() + b"\n")
            stdin.flush()
            header = _HEADER.fullmatch(asked.answers.line(256))
        except BrokenPipeError:
            header = None
        if header is None or header[1] != object_id.encode() or header[2] != kind:
            raise self._damaged(object_id)
        return int(header[3])

    def _pieces(self, object_id: str, kind: bytes, size: int) -> Iterator[memoryview]:
        answers = self._contents.answers
        digest = hashlib.sha1(usedforsecurity=False) if len(object_id) == 40 else hashlib.sha256()
        digest.update(kind + b" " + str(size).encode() + b"\0")
        left = size
        while left:
            piece = answers.some(min(left, _PIECE))
            if not piece:
                raise self._damaged(object_id)
            digest.update(piece)
            left -= len(piece)
            if not left and digest.hexdigest() != object_id:
                raise self._damaged(object_id)
            yield memoryview(piece)
        if digest.hexdigest() != object_id or answers.some(1) != b"\n":
            raise self._damaged(object_id)

    def _damaged(self, object_id: str) -> MachineError:
        return MachineError(
            f"the fetched repository {self._repository} is damaged: object {object_id[:64]!r} is not what its id says",
            code="source.git-damaged",
            remedy=f"remove {self._repository}; it is fetched again",
        )


def _too_much(name: str, why: str, cap: Cap) -> SourceError:
    return SourceError(f"{name}: the tree {why}", code="source.git-member", remedy=raising(cap))
