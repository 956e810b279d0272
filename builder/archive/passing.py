"""Members on their way to another process: of each a line of JSON, then its content, and a line for the end."""

from __future__ import annotations

import json
from typing import BinaryIO

from builder.archive.formats import Members
from builder.archive.member import MalformedError, Member, MemberKind
from builder.archive.tar import Pieces
from builder.errors import MachineError

BROKEN_OFF = "it breaks off"
"""What is wrong with members that were not passed to their end: whoever passed them knows why."""

_END = b"null\n"
_LONGEST = 4096
"""Signs of a path or a target: more than any rule admits, so what is cut off is refused all the same."""
_PIECE = 1 << 18


def send(members: Members, file: BinaryIO) -> None:
    """Write ``members`` to ``file``; contents must be as long as the members say.

    Raises `MachineError` for one that is not, and what ``members`` raises; what was written has no end then.
    """
    for member, content in members:
        target = None if member.target is None else member.target[:_LONGEST]
        said = [member.path[:_LONGEST], member.kind, member.mode, member.size, member.mtime, target]
        file.write(json.dumps(said).encode() + b"\n")
        left = member.size
        for piece in content:
            file.write(piece)
            left -= len(piece)
        if left:
            raise MachineError(f"{member.path[:200]!r} changed while it was read", code="archive.changed")
    file.write(_END)
    file.flush()


def receive(file: BinaryIO) -> Members:
    """Yield the members that `send` writes to the other end; what the caller leaves of a content is skipped.

    Raises `MalformedError` where it ends too early.
    """
    while (line := file.readline()) != _END:
        if not line.endswith(b"\n"):
            raise MalformedError(BROKEN_OFF)
        path, kind, mode, size, mtime, target = json.loads(line)
        content = _pieces(file, size)
        yield Member(path=path, kind=MemberKind(kind), mode=mode, size=size, mtime=mtime, target=target), content
        for _ in content:
            pass


def _pieces(file: BinaryIO, size: int) -> Pieces:
    left = size
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise MalformedError(BROKEN_OFF)
        left -= len(piece)
        yield memoryview(piece)
