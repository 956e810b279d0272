"""One process's own corner of a store: everything unfinished lies there, and dies with the process."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

from builder.errors import MachineError
from builder.store.locks import take
from builder.store.removal import remove_tree
from builder.store.writing import make_folder

_SUFFIX = ".lock"
_LONGEST_NAME = 120


class Session:
    """A private folder below ``sessions``, marked as alive by a held lock file beside it.

    The lock file's time says since when the session lives: what was used later may still be in use. The folder is
    made at the first use, and what dead sessions left is removed then.
    """

    def __init__(self, sessions: Path) -> None:
        self._sessions = sessions
        self._guard = threading.Lock()
        self._held: int | None = None
        self._folder: Path | None = None

    def begin(self) -> Path:
        """Begin the session if it has not begun; return its folder, on the same file system as the store."""
        with self._guard:
            if self._folder is None:
                make_folder(self._sessions)
                sweep(self._sessions)
                self._held, self._folder = self._join()
            return self._folder

    def fresh_folder(self, name: str, mode: int) -> Path:
        """Make a new, empty folder in the session's folder, named so that people recognise ``name``."""
        from tempfile import mkdtemp  # with what it imports it takes longer than all of the store

        folder = Path(mkdtemp(prefix=f"{name[:_LONGEST_NAME]}-", dir=self.begin()))
        folder.chmod(mode)
        return folder

    def fresh_file(self, name: str) -> Path:
        """Make a new, empty file in the session's folder."""
        from tempfile import mkstemp

        descriptor, path = mkstemp(prefix=f"{name[:_LONGEST_NAME]}-", dir=self.begin())
        os.close(descriptor)
        return Path(path)

    def close(self) -> None:
        """End the session and remove its folder."""
        with self._guard:
            if self._held is None or self._folder is None:
                return
            with suppress(OSError):  # the next session's sweep tries again
                remove_tree(self._folder)
                self._folder.with_name(self._folder.name + _SUFFIX).unlink(missing_ok=True)
            os.close(self._held)
            self._held = self._folder = None

    def _join(self) -> tuple[int, Path]:
        from tempfile import mkstemp

        while True:
            descriptor, name = mkstemp(prefix="", suffix=_SUFFIX, dir=self._sessions)
            os.close(descriptor)
            # A sweeper may take the file for a dead session's before it is locked; then it is gone, and the next try
            # makes another.
            if (held := take(Path(name), wait=False, make=False)) is not None:
                folder = Path(name.removesuffix(_SUFFIX))
                folder.mkdir(mode=0o700)
                return held, folder


def sweep(sessions: Path) -> float | None:
    """Remove what dead sessions left.

    Returns:
        Since when the oldest living session lives (seconds since 1970), None when no session lives.
    """
    oldest: float | None = None
    _remove_unlocked(sessions)
    for path in sessions.glob("*" + _SUFFIX):
        held = take(path, wait=False, make=False)
        if held is None:
            with suppress(FileNotFoundError):
                since = path.stat().st_mtime
                oldest = since if oldest is None else min(oldest, since)
            continue
        try:
            remove_tree(path.with_name(path.name.removesuffix(_SUFFIX)))
            path.unlink(missing_ok=True)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            # A child of the dead process wrote once more while it died: the next sweep finds it quiet.
        finally:
            os.close(held)
    return oldest


def tidy(sessions: Path) -> bool:
    """Remove what dead sessions left, as far as this user can; return whether there was any.

    For commands that may begin no session of their own, such as a build of which everything is there already.
    """
    try:
        before = set(sessions.iterdir())
        sweep(sessions)
        return bool(before - set(sessions.iterdir()))
    except (OSError, MachineError):  # no sessions yet, or a store that may only be read
        return False


def _remove_unlocked(sessions: Path) -> None:
    """Remove folders without a lock file: a session makes that first and removes it last, so nobody lives in them.

    After a power failure there may be some, for the names in ``sessions`` are not forced to the disk.
    """
    for folder in sessions.iterdir():
        if folder.suffix != _SUFFIX and not folder.with_name(folder.name + _SUFFIX).exists():
            with suppress(OSError):  # as in `sweep`; whatever it is, nobody takes it for finished
                remove_tree(folder)
