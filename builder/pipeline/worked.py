"""Keeps the work folder of a package in the store, as its script left it, for the output whose script goes on in it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.model.payload import Installed
from builder.model.source import SourceTree
from builder.pipeline import staged
from builder.pipeline.ready import Ready
from builder.pipeline.scripting import Scripted
from builder.pipeline.staged import Staged
from builder.pipeline.trees import make_room, settle
from builder.pipeline.work import Work
from builder.store import disk_errors, remove_tree


async def keep_work(work: Work, ready: Ready, tree: SourceTree, scripted: Scripted) -> None:
    """Keep what the task's script left in the work folder, if another output's goes on there."""
    if not work.task.followed:
        return
    place = work.folder("worked-in")
    await in_thread(_folded, scripted, place)
    newest = max((time for time in (tree.newest, ready.newest_source) if time is not None), default=None)
    left = Staged(
        build_key=work.left_as(ready.build_key),
        environments=ready.environments,
        installed=Installed(folder=place, entries=()),
        source=replace(tree, folder=place, newest=newest),
        owners=(),
        rendered=work.output.rendered,
        inside=work.inside,
        unpublishable=ready.unpublishable,
    )
    await staged.keep(work.bench.store, left)


def _folded(scripted: Scripted, place: Path) -> None:
    """Make ``place`` the work folder as the script saw it at its end, of links to the files of its layers."""
    changes = scripted.changes
    layers = scripted.work[1:] if changes is not None else scripted.work
    with disk_errors(place):
        for layer in reversed(layers):
            _lay(layer, place)
        if changes is not None:
            settle(place, changes, _link)


def _lay(layer: Path, place: Path) -> None:
    """Put the tree ``layer`` over what is in ``place``; never through a link that stands there."""
    for folder, folders, files in os.walk(layer):
        into = place / Path(folder).relative_to(layer)
        make_room(place, into)
        for name in (*files, *(one for one in folders if Path(folder, one).is_symlink())):
            _link(Path(folder, name), into / name)


def _link(file: Path, place: Path) -> None:
    """Make ``place`` the same file: nobody writes to either of them any more, overlays copy what is changed."""
    remove_tree(place)
    try:
        os.link(file, place, follow_symlinks=False)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(file, place, follow_symlinks=False)
