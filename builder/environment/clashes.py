"""Paths that several packages of one linked environment bring: whose is there, and whether it makes a difference."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.archive.oddity import collisions
from builder.environment.prefix_record import CLOBBERS, PrefixRecord
from builder.model.environment import Clash, ClashKind


def clashes(prefix: Path, records: Sequence[PrefixRecord], *, case_blind: bool) -> tuple[Clash, ...]:
    """Return the clashes in a freshly linked ``prefix``, by path; the losers' files still lie aside in it.

    With ``case_blind`` two paths of different packages clash where they differ only in case or in the form of accents.
    """
    losers: dict[str, list[str]] = {}
    for record in records:
        for path in record.lost:
            losers.setdefault(path, []).append(record.name)
    if not losers and not case_blind:
        return ()
    owners = {path: record.name for record in records for path in record.paths}
    found = [
        Clash(path=path, winner=_winner(path, owners), losers=tuple(names), kind=_kind(prefix, path, names))
        for path, names in losers.items()
    ]
    if case_blind:
        found += _in_case(owners)
    return tuple(sorted(found, key=lambda clash: clash.path))


def _winner(path: str, owners: Mapping[str, str]) -> str:
    """Return whose file, folder, or file in the place of a folder above is at ``path``."""
    above = path
    while above:
        if above in owners:
            return owners[above]
        above = above.rpartition("/")[0]
    return next((name for place, name in sorted(owners.items()) if place.startswith(f"{path}/")), "nobody")


def written_clash(clash: Clash) -> dict[str, Any]:
    """Return a clash as plain data."""
    return {
        "path": clash.path, "winner": clash.winner, "losers": clash.losers, "kind": clash.kind, "other": clash.other
    }  # fmt: skip


def read_clash(found: Mapping[str, Any]) -> Clash:
    """Return the clash that `written_clash` wrote."""
    return Clash(**{**found, "losers": tuple(found["losers"]), "kind": ClashKind(found["kind"])})


def _in_case(owners: Mapping[str, str]) -> Iterator[Clash]:
    for path, other in collisions(owners):
        if owners[path] != owners[other]:
            yield Clash(path=other, winner=owners[other], losers=(owners[path],), kind=ClashKind.CASE, other=path)


def _kind(prefix: Path, path: str, names: Iterable[str]) -> ClashKind:
    """Return whether the files that were laid aside are what is there."""
    aside = (prefix / CLOBBERS / name / path for name in names)
    return ClashKind.SAME if all(_is_same(prefix / path, one) for one in aside) else ClashKind.OTHER


def _is_same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and os.readlink(one) == os.readlink(other)  # noqa: PTH115
    executable = (path.is_file() and os.access(path, os.X_OK) for path in (one, other))
    return one.is_file() and other.is_file() and len(set(executable)) == 1 and filecmp.cmp(one, other, shallow=False)
