"""Packages that are never to be published: nothing vouches for what they were made of, so no farm's channel has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from builder.channel.entries import Entry
from builder.channel.keys import from_json
from builder.errors import BakehouseError, Place, Problem, WorkError

REASON = "nothing vouches for what it was made from"


def unpublishable(entries: Mapping[str, Entry]) -> Iterator[str]:
    """Yield the names of the packages among ``entries`` that say of themselves that they are never to be published."""
    for name, entry in entries.items():
        if '"publishable"' in entry.keys and not from_json(entry.keys).publishable:  # there are thousands
            yield name


def refusal(folder: Path, names: Iterable[str]) -> BakehouseError:
    """Return the error for the packages ``names`` in the folder of a subdir of a channel that others may have."""
    return WorkError.of(
        Problem(
            code="channel.unpublishable",
            message=f"{name} is never to be published: {REASON}",
            place=Place(file=str(folder / name)),
            remedy="build it from sources that each have a sha256, with packages of which that is true as well"
            "; remove the file if it lies in the channel",
        )
        for name in names
    )
