"""Copies folders where overlays cannot be mounted, sharing blocks with the original where the file system can."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from builder.errors import MachineError
from builder.sandbox.child import Child, Spawn, kill_group
from builder.sandbox.values import Limits
from builder.store import remove_tree


async def copy_lower(cp: Path, lower: Sequence[Path], into: Path) -> None:
    """Fill ``into`` with the ``lower`` folders, the first one on top; a folder that was filled before stays as it is.

    What is filled is marked by a file beside it. Raises `MachineError` when copying fails.
    """
    done = into.with_name(f".{into.name}.copied")
    if await asyncio.to_thread(done.exists):
        return
    await asyncio.to_thread(into.mkdir, parents=True, exist_ok=True)
    for source in reversed(lower):
        if source is not lower[-1]:
            await asyncio.to_thread(_give_way, into, source)
        await copy_tree(cp, source, into)
    await asyncio.to_thread(done.touch)


async def copy_tree(cp: Path, source: Path, into: Path) -> None:
    """Copy the file or folder ``source`` onto ``into``, with modes, times and symlinks."""
    said = bytearray()
    argv = [str(cp), "-a", "--reflink=auto", "--no-preserve=ownership", "-T", "--", str(source), str(into)]
    child = Child(Spawn(argv=argv, kill=kill_group, own_session=True), said.extend)
    ended = await child.wait(Limits())
    if ended.code:
        raise MachineError(
            f"cannot copy {source} to {into}: {said.decode('utf-8', 'replace').strip()}",
            code="sandbox.copy",
            remedy="look whether the disk is full",
        )


def _give_way(into: Path, source: Path) -> None:
    """Remove from ``into`` what is a folder there and none in ``source``, or the other way round: `cp` would refuse."""
    todo = [(into, source)]
    while todo:
        below, above = todo.pop()
        for item in os.scandir(above):
            place = below / item.name
            is_folder = item.is_dir(follow_symlinks=False)
            if place.is_symlink() or place.is_file():
                if is_folder:
                    place.unlink()
            elif place.is_dir() and not is_folder:
                remove_tree(place)
            elif place.is_dir():
                todo.append((place, Path(item)))
