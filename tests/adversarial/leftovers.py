"""What a run has left behind: processes, mounts, control groups, containers, folders of sessions, temporary files."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker

from builder.sandbox.hierarchies import find_groups
from tests.adversarial.trial import Oven, adopt, descendants


@dataclass(slots=True)
class Leftovers:
    """Filled when the block ends; empty is good."""

    processes: dict[int, str] = field(default_factory=dict)
    mounts: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@contextmanager
def leftovers(oven: Oven) -> Iterator[Leftovers]:
    """Tell what the block leaves of what belongs to ``oven``: others may work on this machine at the same time."""
    adopt()
    before = descendants()
    left = Leftovers()
    yield left
    left.processes = _new(before)
    for _ in range(100):
        if all(left.processes.values()):
            break
        time.sleep(0.05)  # without a command line: the kernel has its memory back, and will be done with it soon
        left.processes = _new(before)
    left.mounts = [line for line in _mounts() if any(str(place) in line for place in _places(oven))]
    left.containers = _containers(oven)
    left.files = sorted(str(path) for path in _files(oven))
    for pid in left.processes:
        os.kill(pid, 9)


def _new(before: Collection[int]) -> dict[int, str]:
    return {pid: said for pid, said in descendants().items() if pid not in before}


def groups() -> set[str]:
    """The control groups of commands, ours and everybody's; the tests' engine has one of its own."""
    found = find_groups()
    places = found.places.values() if found is not None else ()
    return {str(group) for place in places for group in place.glob("bakehouse.command-*")}


def deserted() -> set[str]:
    """The groups among these in which no process lives: those of a command that is over, unless it clears away."""
    return {group for group in groups() if not any(map(_text, Path(group).rglob("cgroup.procs")))}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:  # the group is gone, or going
        return ""


def seen_by(folder: Path) -> list[Path]:
    """All regular files below a folder, links not followed."""
    found = []
    for place, _, names in os.walk(folder):
        found += [path for name in names if (path := Path(place, name)).is_file() and not path.is_symlink()]
    return sorted(found)


def _places(oven: Oven) -> tuple[Path, ...]:
    return (oven.store, oven.folder)


def _mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()


def _containers(oven: Oven) -> list[str]:
    """Containers and volumes of the engine that name a folder of ours."""
    if oven.back_end != "docker":
        return []
    client = docker.DockerClient(base_url=oven.variables["DOCKER_HOST"])
    try:
        found = [*client.containers.list(all=True, ignore_removed=True), *client.volumes.list()]
        return [str(one.id) for one in found if any(str(place) in str(one.attrs) for place in _places(oven))]
    finally:
        client.close()


def _files(oven: Oven) -> Iterator[Path]:
    """Temporary files, and what sessions need while they run."""
    for place in (oven.folder / "tmp", oven.store / "sessions"):
        yield from place.iterdir() if place.is_dir() else ()
    for pattern in ("session-*", "berth-*"):
        yield from (oven.store / "probe").glob(pattern)
