"""Finds where this machine lets us make control groups, and the group of a process, in either version.

Source: the kernel's ``Documentation/admin-guide/cgroup-v2.rst`` ("Delegation") and proc_pid_cgroup(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from builder.model.frozen import frozen
from builder.sandbox.cgroups import PIDS_LIMIT, PROCESSES, VERSION_1, VERSION_2, Dialect, Group, Groups

_OWN = "bakehouse.own"
_SWITCHES = "cgroup.subtree_control"
_NEEDED = ("memory", "pids")


def find_groups(root: Path = Path("/")) -> Groups | None:
    """Return where this process may make groups that can limit, or None; ``root`` holds the system's files.

    Version 2 needs a group that was delegated to us, version 1 a writable one for each controller.
    """
    mounts, own = _read(root, "self")
    return _version_2(root, mounts, own) or _version_1(root, mounts, own)


def group_of(pid: int, root: Path = Path("/")) -> Group | None:
    """Return the group of another process, to look at and not to close; None where it cannot be seen."""
    mounts, own = _read(root, str(pid))
    for dialect in (VERSION_1, VERSION_2):
        folders = {}
        for controller in dialect.controllers:
            found = [mount for mount in mounts if controller in (mount.controllers or {""})]
            if found and controller in own:
                place = root / found[0].place.lstrip("/") / own[controller].removeprefix(found[0].top).lstrip("/")
                if own[controller] != "/" and place.is_dir():
                    folders[controller] = place
        if len(folders) == len(dialect.controllers) and _counts(folders, dialect):
            return Group(dialect, folders, ExitStack())
    return None


def _counts(folders: Mapping[str, Path], dialect: Dialect) -> bool:
    return all(
        ((folders.get(file.controller) or folders[""]) / file.name).exists() for file in (*dialect.memory, PIDS_LIMIT)
    )


@frozen(kw_only=False)
class _Mount:
    """A mounted hierarchy: which group its top is, where that is seen, its controllers (none: version 2)."""

    top: str
    place: str
    controllers: frozenset[str]

    def folder(self, root: Path, own: str) -> Path:
        """Return the folder of the group ``own``, or of the top where it is not in sight."""
        below = own.removeprefix(self.top) if self.top != "/" else own
        top = root / self.place.lstrip("/")
        found = top / below.lstrip("/")
        return found if ".." not in below and found.is_dir() else top


def _read(root: Path, process: str) -> tuple[tuple[_Mount, ...], Mapping[str, str]]:
    """Return the mounted hierarchies, and the group of a process in each controller's (`""`: version 2)."""
    try:
        mounts = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        lines = (root / "proc" / process / "cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return (), {}
    groups = (line.split(":", 2) for line in lines)
    return tuple(_mounts(mounts)), {name: path for _, names, path in groups for name in names.split(",")}


def _mounts(table: str) -> Iterator[_Mount]:
    """Return the hierarchies in a table of mounts (proc_pid_mountinfo(5))."""
    for line in table.splitlines():
        words = line.split()
        kind, _, options = words[words.index("-", 6) + 1 :][:3]
        if kind == "cgroup2":
            yield _Mount(words[3], words[4], frozenset())
        elif kind == "cgroup":
            yield _Mount(words[3], words[4], frozenset(options.split(",")))


def _version_1(root: Path, mounts: tuple[_Mount, ...], own: Mapping[str, str]) -> Groups | None:
    places = {}
    for controller in VERSION_1.controllers:
        mount = next((mount for mount in mounts if controller in mount.controllers), None)
        if mount is None or controller not in own:
            return None
        places[controller] = mount.folder(root, own[controller])
    return Groups(dialect=VERSION_1, places=places) if all(map(_ours, places.values())) else None


def _version_2(root: Path, mounts: tuple[_Mount, ...], own: Mapping[str, str]) -> Groups | None:
    mount = next((mount for mount in mounts if not mount.controllers), None)
    if mount is None or "" not in own:
        return None
    top, folder = root / mount.place.lstrip("/"), mount.folder(root, own[""])
    while _ours(folder):
        with suppress(OSError):
            if _gives(folder / _SWITCHES) or _switched_on(folder):
                return Groups(dialect=VERSION_2, places={"": folder})
        if folder == top:
            return None
        folder = folder.parent
    return None


def _ours(folder: Path) -> bool:
    """Tell whether we may make groups in ``folder`` and move ourselves into them."""
    return os.access(folder, os.W_OK | os.X_OK) and os.access(folder / PROCESSES, os.W_OK)


def _gives(file: Path) -> bool:
    return set(_NEEDED) <= set(file.read_text(encoding="ascii").split())


def _switched_on(folder: Path) -> bool:
    """Give the groups in ``folder`` their controllers; where only we are in it, we make room for that.

    A group of version 2 has processes or gives controllers, never both.
    """
    if not _gives(folder / "cgroup.controllers"):
        return False
    inside = {int(word) for word in (folder / PROCESSES).read_text(encoding="ascii").split()}
    if inside - {os.getpid()}:
        return False
    if inside:
        (folder / _OWN).mkdir(exist_ok=True)
        (folder / _OWN / PROCESSES).write_text("0", encoding="ascii")
    (folder / _SWITCHES).write_text(" ".join(f"+{name}" for name in _NEEDED), encoding="ascii")
    return True
