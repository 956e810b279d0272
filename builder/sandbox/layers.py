"""Lays out overlays for bubblewrap, which has none of its own: a folder of short names for each, to mount from.

An overlay's options name its layers by paths, in one page of text in which colons, commas and backslashes are syntax,
and show them to everybody inside. So each layer gets a symlink with a short name in a folder of this session, the
shell mounts from there, and what a script reads in ``/proc/mounts`` is the same on every machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder.sandbox.values import Overlay
from builder.store import remove_tree

_FLAGS = "userxattr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One overlay to mount: in ``folder`` lie the layers' short names; it appears in ``folder/merged``.

    Without ``work`` it is read-only; with it, ``work`` is a folder on the upper folder's file system, fresh each time.
    """

    folder: Path
    count: int
    work: Path | None = None

    @property
    def merged(self) -> Path:
        """Where the overlay appears, in the mount namespace of the shell that mounts it."""
        return self.folder / "merged"

    @property
    def options(self) -> str:
        """The mount options; without ``volatile`` the end of every command would flush the whole file system."""
        lower = "lowerdir=" + ":".join(str(number) for number in range(self.count))
        if self.work is None:
            return f"{lower},{_FLAGS}"
        return f"{lower},upperdir=upper,workdir=work,{_FLAGS},volatile"

    def fresh(self) -> None:
        """Make the work folder anew: the kernel refuses to mount a volatile overlay on a used one.

        It also leaves folders without any permission in it, which `remove_tree` knows.
        """
        if self.work is not None:
            remove_tree(self.work)
            self.work.mkdir()


class Stage:
    """The folder that holds the layers of one session; `close` removes it."""

    def __init__(self, scratch: Path) -> None:
        """Make it below ``scratch``."""
        scratch.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="session-", dir=scratch))
        self.layers: list[Layer] = []
        self._empty = self._folder / "empty"
        self._empty.mkdir()

    def read_only(self, source: Path) -> Path:
        """Plan a read-only view of ``source``; return where it will appear."""
        return self._add((source, self._empty), None, None)

    def writable(self, mount: Overlay) -> Path:
        """Plan ``mount``; return where it will appear. Its upper folder is made when it is absent."""
        mount.upper.mkdir(parents=True, exist_ok=True)
        work = mount.upper.with_name(f".{mount.upper.name}.work")
        work.mkdir(exist_ok=True)
        return self._add(mount.lower or (self._empty,), mount.upper, work)

    def fresh(self) -> None:
        """Make ready for the next mount of all."""
        for layer in self.layers:
            layer.fresh()

    def close(self) -> None:
        """Remove the folder and the work folders."""
        for layer in self.layers:
            if layer.work is not None:
                remove_tree(layer.work)
        self.layers.clear()
        remove_tree(self._folder)

    def _add(self, lower: Sequence[Path], upper: Path | None, work: Path | None) -> Path:
        folder = self._folder / str(len(self.layers))
        (folder / "merged").mkdir(parents=True)
        for number, source in enumerate(lower):
            (folder / str(number)).symlink_to(source.absolute())
        if upper is not None and work is not None:
            (folder / "upper").symlink_to(upper.absolute())
            (folder / "work").symlink_to(work.absolute())
        layer = Layer(folder=folder, count=len(lower), work=work)
        self.layers.append(layer)
        return layer.merged


def parents(inside: PurePosixPath) -> list[PurePosixPath]:
    """Return the folders above ``inside``, outermost first, without the root."""
    return [parent for parent in reversed(inside.parents) if parent != PurePosixPath("/")]
