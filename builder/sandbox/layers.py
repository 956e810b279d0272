"""Lays out overlays for bubblewrap, which has none of its own: a folder of short names for each, to mount from.

An overlay's options name its layers by paths, in one page of text in which colons, commas and backslashes are syntax,
and show them to everybody inside. So each layer gets a symlink with a short name in a folder of this session, the
shell mounts from there, and what a script reads in ``/proc/mounts`` is the same on every machine.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen
from builder.sandbox.values import Overlay
from builder.store import remove_tree

TABLE = "fstab"
"""The name of the table of mounts in a session's folder."""

_FLAGS = "userxattr"
_PREFIX = "session-"


@frozen
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
        name = self.folder.name
        lower = "lowerdir=" + ":".join(f"{name}/{number}" for number in range(self.count))
        if self.work is None:
            return f"{lower},{_FLAGS}"
        return f"{lower},upperdir={name}/upper,workdir={name}/work,{_FLAGS},volatile"

    @property
    def line(self) -> str:
        """Its line in a table of mounts (fstab(5)), read in the folder that `folder` lies in."""
        return f"overlay {self.folder.name}/{self.merged.name} overlay {self.options} 0 0\n"

    def fresh(self) -> None:
        """Make the work folder anew: the kernel refuses to mount a volatile overlay on a used one.

        It also leaves folders without any permission in it, which `remove_tree` knows.
        """
        if self.work is not None:
            remove_tree(self.work)
            self.work.mkdir()


class Stage:
    """The folder that holds the layers of one session; `close` removes it, and `sweep` when its process was killed."""

    def __init__(self, scratch: Path) -> None:
        """Make it below ``scratch``."""
        scratch.mkdir(parents=True, exist_ok=True)
        with _locked(scratch, fcntl.LOCK_SH):
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))
            self._lock: int | None = _lock(self.folder, fcntl.LOCK_EX)
        self.layers: list[Layer] = []
        self._empty = self.folder / "empty"
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
        """Make ready for the next mount of all, by the table `TABLE`: one process mounts them, not one for each."""
        for layer in self.layers:
            layer.fresh()
        (self.folder / TABLE).write_text("".join(layer.line for layer in self.layers), encoding="ascii")

    def close(self) -> None:
        """Remove the folder and the work folders."""
        for layer in self.layers:
            if layer.work is not None:
                remove_tree(layer.work)
        self.layers.clear()
        remove_tree(self.folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _add(self, lower: Sequence[Path], upper: Path | None, work: Path | None) -> Path:
        folder = self.folder / str(len(self.layers))
        (folder / "merged").mkdir(parents=True)
        for number, source in enumerate(lower):
            (folder / str(number)).symlink_to(source.absolute())
        if upper is not None and work is not None:
            (folder / "upper").symlink_to(upper.absolute())
            (folder / "work").symlink_to(work.absolute())
        layer = Layer(folder=folder, count=len(lower), work=work)
        self.layers.append(layer)
        return layer.merged


def sweep(scratch: Path) -> None:
    """Remove what sessions of killed processes left below ``scratch``; does nothing while somebody begins a session."""
    try:
        with _locked(scratch, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for folder in scratch.glob(f"{_PREFIX}*"):
                with suppress(BlockingIOError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    remove_tree(folder)
    except (BlockingIOError, FileNotFoundError):
        return


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = _lock(folder, how)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path, how: int) -> int:
    """Return a descriptor that holds a lock on ``folder`` until it is closed, or its process dies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def parents(inside: PurePosixPath) -> list[PurePosixPath]:
    """Return the folders above ``inside``, outermost first, without the root."""
    return [parent for parent in reversed(inside.parents) if parent != PurePosixPath("/")]
