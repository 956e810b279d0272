"""Lays out for a container what it mounts: folder by folder so that its user owns what he sees, and short names.

An engine mounts an overlay by one text of at most a page in which colons and commas are syntax. So each layer gets a
short name in a folder of the session: a symlink, or for root a mount that shows root's files as the user's
(`builder.sandbox.idmap`). The folder is locked as long as its session lives; `sweep` removes those of killed owners.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox import idmap
from builder.sandbox.values import Bind, Mount, Overlay
from builder.store import remove_tree

PREFIX = "berth-"
_LONGEST = 3800
"""An overlay's options must fit into a page, with what the kernel and the engine add."""


@frozen
class User:
    """Who a container's commands are: ``id`` and ``group`` inside, which are numbers of the machine too.

    ``mapped`` says that root's files must be shown as his; else he is their owner already.
    """

    id: int
    group: int
    mapped: bool = False


class Berth:
    """The folder of one session: what the engine mounts lies or is named here."""

    def __init__(self, scratch: Path, user: User, unshare: Path) -> None:
        """Make it below ``scratch``."""
        scratch.mkdir(parents=True, exist_ok=True)
        self._user = user
        self._stack = ExitStack()
        with _locked(scratch, fcntl.LOCK_SH):
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch))
            self._stack.enter_context(_locked(self.folder, fcntl.LOCK_EX))
        self.folder.chmod(0o755)
        self._count = 0
        self._nothing: Path | None = None
        self.merged: dict[tuple[Path, ...], Path] = {}
        self._life: Path | None = None
        self._lifeline = -1
        self._works: list[Path] = []
        self._known: dict[tuple[Path, bool], Path] = {}
        self._namespace = -1
        if user.mapped:
            self._namespace = self._stack.enter_context(idmap.mapping(unshare, user.id, user.group))

    def bind(self, source: Path, inside: PurePosixPath, *, writable: bool = False) -> dict[str, object]:
        """Return the engine's words for ``source`` at ``inside``; raises `MachineError` when it is not there."""
        source = source.absolute()
        if not source.exists():
            raise MachineError(f"{source} is not there to be mounted", code="sandbox.not-started")
        if self._user.mapped:
            source = self._show(source, writable=writable)
        return {"Type": "bind", "Source": str(source), "Target": str(inside), "ReadOnly": not writable}

    def life(self) -> Path:
        """Return a FIFO that is held open for writing as long as the session lives."""
        if self._life is None:
            self._life = self._next()
            os.mkfifo(self._life)
            self._life.chmod(0o644)
            self._lifeline = os.open(self._life, os.O_RDWR | os.O_CLOEXEC)
            self._stack.callback(os.close, self._lifeline)
        return self._life

    def begin(self) -> None:
        """Write a line into the FIFO."""
        os.write(self._lifeline, b"\n")

    def fits(self, mount: Overlay) -> bool:
        """Tell whether the names of all layers of ``mount`` have room in what the kernel reads."""
        return len(self._lower(mount)) <= _LONGEST

    def fresh(self) -> Path:
        """Return a new empty folder of the session."""
        place = self._next()
        place.mkdir()
        return place

    def overlay(self, mount: Overlay) -> dict[str, object]:
        """Return the engine's words for ``mount``, with a fresh work folder; its upper folder is made when absent."""
        mount.upper.mkdir(parents=True, exist_ok=True)
        upper, work = self._upper(mount.upper.absolute())
        layers = f"lowerdir={self._lower(mount)},upperdir={_escaped(str(upper))},workdir={_escaped(str(work))}"
        options = {"type": "overlay", "device": "overlay", "o": f"{layers},userxattr,volatile"}
        return {
            "Type": "volume",
            "Target": str(mount.inside),
            "VolumeOptions": {"NoCopy": True, "DriverConfig": {"Name": "local", "Options": options}},
        }

    def conceal(self) -> None:
        """Take away what shows files of root's as the user's: a container that was started keeps what it has.

        So nothing is mounted here while a script runs, which whoever removes this folder by hand would reach.
        """
        if self._known and self._user.mapped:
            self._known.clear()
            idmap.hide(self.folder)

    def close(self) -> bool:
        """Remove it; tell whether it is gone: there may be work folders that belong to the engine's root."""
        idmap.hide(self.folder)
        for work in self._works:
            with suppress(OSError):
                remove_tree(work)
        try:
            return _discard(self.folder)
        finally:
            self._stack.close()

    def _upper(self, upper: Path) -> tuple[Path, Path]:
        """Return how the engine names ``upper`` and a new work folder, which must be of one mount.

        A work folder of an engine that is not ours becomes its root's, so it lies here, where `sweep` finds it.
        """
        if not self._user.mapped and upper.stat().st_dev == self.folder.stat().st_dev:
            work = self.fresh()
            self._works.append(work)
            return self._link(upper), work
        work = Path(tempfile.mkdtemp(prefix=f".{upper.name}.work-", dir=upper.parent))
        self._works.append(work)
        top = self._show(upper.parent, writable=True) if self._user.mapped else self._link(upper.parent)
        return top / upper.name, top / work.name

    def _layer(self, source: Path) -> Path:
        source = source.absolute()
        if not source.is_dir():
            raise MachineError(f"{source} is not there to be mounted", code="sandbox.not-started")
        return self._show(source, writable=False) if self._user.mapped else self._link(source)

    def _show(self, source: Path, *, writable: bool) -> Path:
        """Return where ``source`` is shown as the user's."""
        if (known := self._known.get((source, writable))) is not None:
            return known
        place = self._next()
        if source.is_dir():
            place.mkdir()
        else:
            place.touch()
        try:
            idmap.show(source, place, self._namespace, writable=writable)
        except OSError as error:
            raise MachineError(
                f"{source} cannot be shown to a container: {error.strerror}",
                code="sandbox.not-started",
                remedy="put the store on a local file system (ext4, xfs, btrfs)",
            ) from error
        self._known[source, writable] = place
        return place

    def _link(self, source: Path) -> Path:
        if (known := self._known.get((source, False))) is None:
            known = self._known[source, False] = self._next()
            known.symlink_to(source)
        return known

    def _lower(self, mount: Overlay) -> str:
        if not mount.lower and self._nothing is None:
            self._nothing = self.fresh()
        lower = mount.lower or (self._nothing or self.folder,)
        return ":".join(_escaped(str(self._layer(folder))) for folder in lower)

    def _next(self) -> Path:
        self._count += 1
        return self.folder / str(self._count)


def places(mounts: Sequence[Mount]) -> None:
    """Make the folders and files where ``mounts`` lie in one another: the engine would make them, as root's."""
    for number, mount in enumerate(mounts):
        outer = _outer(mounts[:number], mount.inside)
        match outer:
            case Overlay(lower=lower, upper=upper):
                tops: tuple[Path, ...] = (upper, *lower)
            case Bind(source=upper, writable=True):
                tops = (upper,)
            case _:
                continue
        below = mount.inside.relative_to(outer.inside)
        if not any((top / below).exists() for top in tops):
            _make(upper / below, folder=not isinstance(mount, Bind) or mount.source.is_dir())


def _outer(mounts: Sequence[Mount], inside: PurePosixPath) -> Mount | None:
    """Return the innermost of ``mounts`` that ``inside`` lies in."""
    around = [mount for mount in mounts if mount.inside in inside.parents]
    return max(around, key=lambda mount: len(mount.inside.parts), default=None)


def _make(place: Path, *, folder: bool) -> None:
    (place if folder else place.parent).mkdir(parents=True, exist_ok=True)
    if not folder:
        place.touch()


def sweep(scratch: Path, forget: Callable[[Path], None]) -> list[Path]:
    """Remove what sessions of killed processes left below ``scratch``; ``forget`` is told of each of them before.

    Returns the folders in which something belongs to the engine's root. Does nothing while somebody begins a session.
    """
    left = []
    with suppress(BlockingIOError, FileNotFoundError), _locked(scratch, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for folder in scratch.glob(f"{PREFIX}*"):
            with suppress(BlockingIOError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
                forget(folder)
                idmap.hide(folder)
                if not _discard(folder):
                    left.append(folder)
    return left


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _discard(folder: Path) -> bool:
    """Remove ``folder``, unless something is still mounted there: removing would reach what it shows."""
    if idmap.is_free(folder):
        with suppress(OSError):
            remove_tree(folder)
            return True
    return False


def _escaped(path: str) -> str:
    return re.sub(r"([\\:,])", r"\\\1", path)


def copied(program: Path, place: Path) -> Path:
    """Return a copy of ``program`` that may be run and that nobody may read."""
    shutil.copyfile(program, place)
    place.chmod(0o111)
    return place


def give(tree: Path, user: User) -> None:
    """Make everything in ``tree``, which is ours, the user's; nothing happens where he is who we are."""
    if (user.id, user.group) == (os.geteuid(), os.getegid()) or os.geteuid():
        return
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            os.chown(Path(folder, name), user.id, user.group, follow_symlinks=False)
    os.chown(tree, user.id, user.group)
