"""A private copy of an index, judged, for rattler to map into memory: what is not believed is not in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from builder.environment.document import DocumentError, Member, members
from builder.environment.judge import Judge, Section, descends
from builder.environment.lines import Lines, judged_lines

_AT_ONCE = 64 << 20
"""An index of fewer bytes is held in memory as a whole."""

_PIECE = 1 << 20


def copied(source: IO[bytes], target: Path, judge: Judge) -> str:
    """Copy an index to ``target`` and return its sha256; `UsageError` if it is larger than an index may be."""
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > judge.limits.bytes:
                raise judge.refusal(f"it has more than {judge.limits.bytes:,} bytes")
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def judged(path: Path, judge: Judge, known: Lines) -> Lines:
    """Judge the index at ``path``, a copy that nobody else has, and take out of it what may not stay.

    ``known`` are lines that were judged before; those of this index are returned, for the next time.

    Raises:
        UsageError: the index is refused as a whole.
    """
    try:
        if path.stat().st_size <= _AT_ONCE and not judge.suspects:
            lines = judged_lines(path.read_bytes(), _fresh(judge), known)
            if lines is not None:
                return lines
        with path.open("rb") as file:
            for member in _members(file, judge):
                judge.member(member.path, member.key, member.value, member.text)
        if judge.dropped:
            _write_without(path, judge)
    except DocumentError as error:
        raise judge.broken(error) from None
    return {}


def _fresh(judge: Judge) -> Judge:
    """Return a judge of the same index who has seen nothing of it: what it finds is found again, in order."""
    return replace(judge, skipped={}, barred=[], dropped=set(), count=0)


def _members(file: IO[bytes], judge: Judge) -> Iterator[Member]:
    return members(file, descends, most=judge.limits.value)


def _write_without(path: Path, judge: Judge) -> None:
    """Write the index once more, without what was dropped."""
    old = path.rename(path.with_suffix(".old"))
    with old.open("rb") as source, path.open("x", encoding="utf-8", newline="") as target:
        kept = (one for one in _members(source, judge) if (one.path, one.key) not in judge.dropped)
        _write(target, kept)
    old.unlink()


def _write(target: IO[str], kept: Iterator[Member]) -> None:
    """Write a document of members, which come map by map."""
    target.write("{")
    here: Section = ()
    first = True
    for member in kept:
        if member.path != here:
            common = next((n for n, (a, b) in enumerate(zip(here, member.path, strict=False)) if a != b), None)
            shared = min(len(here), len(member.path)) if common is None else common
            target.write("}" * (len(here) - shared))
            for key in member.path[shared:]:
                target.write(f"{'' if first else ','}{json.dumps(key)}:{{")
                first = True
            here = member.path
        target.write(f"{'' if first else ','}{json.dumps(member.key)}:{member.text}")
        first = False
    target.write("}" * (len(here) + 1))
