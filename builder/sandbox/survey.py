"""What this machine offers to run scripts in: every kind of sandbox, tried now, and the ground that it stands on."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from builder.errors import BakehouseError, Problem
from builder.model.frozen import frozen
from builder.sandbox import memory
from builder.sandbox.engine import Engines
from builder.sandbox.find import find_sandbox
from builder.sandbox.resources import Room, memory_of_machine, room_at
from builder.sandbox.values import Capabilities

KINDS = ("bubblewrap", "docker", "podman", "none")
"""The kinds of sandbox, in the order in which they are looked at; the first is the default."""

_CLONE = 0x40049409
"""``FICLONE`` of Linux: make a file share the blocks of another."""

_ROOT = Path("/")
_SECONDS = 10


@frozen
class BackEnd:
    """One kind of sandbox: what it can do, or (without ``capabilities``) why it does not work, with remedies.

    ``address`` is where an engine is looked for.
    """

    name: str
    capabilities: Capabilities | None = None
    problems: tuple[Problem, ...] = ()
    address: str | None = None

    @property
    def works(self) -> bool:
        """Whether scripts can run in it."""
        return self.capabilities is not None


@frozen
class Ground:
    """What every sandbox stands on.

    ``file_system`` is the kind of the one where the store lies, ``reflinks`` whether copies share blocks there.
    ``namespaces`` is how many user namespaces a user may have, None where the kernel does not tell. ``container`` is
    what we run inside, None for a machine. ``memory`` is in bytes.
    """

    store: Path
    room: Room
    file_system: str | None
    reflinks: bool
    memory: int | None
    namespaces: int | None
    container: str | None


def back_ends(scratch: Path, search_path: str, engines: Engines) -> tuple[BackEnd, ...]:
    """Try every kind of sandbox with ``scratch``, all at once; nothing that worked before is believed."""
    memory.forget(scratch)
    addresses = {"docker": engines.docker, "podman": engines.podman}

    def look(kind: str) -> BackEnd:
        try:
            sandbox = find_sandbox(kind, scratch, search_path, engines=engines)
        except BakehouseError as error:
            return BackEnd(name=kind, problems=error.problems, address=addresses.get(kind))
        able = sandbox.capabilities()
        if kind == "bubblewrap" and not able.version:
            able = replace(able, version=_bubblewrap_version(search_path))
        return BackEnd(name=kind, capabilities=able, address=addresses.get(kind))

    with ThreadPoolExecutor(max_workers=len(KINDS)) as threads:
        return tuple(threads.map(look, KINDS))


def _bubblewrap_version(search_path: str) -> str:
    """Return what ``bwrap --version`` says of itself: no start of a sandbox waits for that."""
    program = shutil.which("bwrap", path=search_path)
    with suppress(OSError, subprocess.SubprocessError):
        words = [str(program), "--version"]
        ended = subprocess.run(words, capture_output=True, text=True, env={}, timeout=_SECONDS, check=False)
        return ended.stdout.removeprefix("bubblewrap").strip()
    return ""


def ground(store: Path, root: Path = _ROOT) -> Ground:
    """Look at what lies under the store; ``root`` is where ``/proc`` and marks of containers are."""
    return Ground(
        store=store,
        room=room_at(store),
        file_system=_file_system(store, root),
        reflinks=_shares_blocks(store),
        memory=memory_of_machine(root),
        namespaces=_number(root / "proc/sys/user/max_user_namespaces"),
        container=_container(root),
    )


def _file_system(folder: Path, root: Path) -> str | None:
    """Return the kind of file system as ``/proc/self/mountinfo`` has it."""
    place = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    device = place.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [wanted] and after:
            return after.split()[0]
    return None


def _shares_blocks(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as one, tempfile.TemporaryFile(dir=folder) as other:
            one.write(b"x" * 4096)
            one.flush()
            fcntl.ioctl(other.fileno(), _CLONE, one.fileno())
            return True
    return False


_MARKS: tuple[tuple[str, str], ...] = ((".dockerenv", "docker"), ("run/.containerenv", "podman"))
_GROUPS = ("kubepods", "docker", "lxc", "garden", "containerd")


def _container(root: Path) -> str | None:
    found = next((name for mark, name in _MARKS if (root / mark).exists()), None)
    groups = _text(root / "proc/1/cgroup")
    return found or next((name for name in _GROUPS if f"/{name}" in groups), None)


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
