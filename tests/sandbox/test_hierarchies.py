"""Where control groups may be made, and whose group is which; on machines laid out in files, and on this one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from builder.sandbox.hierarchies import find_groups, group_of


def machine(root: Path, *mounts: str, own: str) -> Path:
    """Lay out what `find_groups` reads of a machine."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text("".join(f"{mount}\n" for mount in mounts))
    (root / "proc/self/cgroup").write_text(own)
    return root


def delegated(folder: Path, *, gives: str, has: str = "cpu memory pids", inside: str = "") -> Path:
    """Lay out a group of version 2."""
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text(inside)
    (folder / "cgroup.controllers").write_text(has)
    (folder / "cgroup.subtree_control").write_text(gives)
    return folder


UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
SLICE = "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice"


def test_the_scope_of_a_user_session_has_its_slice(tmp_path: Path) -> None:
    machine(tmp_path, UNIFIED, own=f"0::/{SLICE.removeprefix('sys/fs/cgroup/')}/run-7.scope\n")
    delegated(tmp_path / "sys/fs/cgroup", gives="memory pids")
    place = delegated(tmp_path / SLICE, gives="cpu memory pids")
    delegated(place / "run-7.scope", gives="", inside=f"{os.getpid()}\n4\n")
    found = find_groups(tmp_path)
    assert found is not None
    assert (found.keeper, found.places) == ("cgroup2", {"": place})


def test_who_is_alone_in_a_group_makes_room(tmp_path: Path) -> None:
    machine(tmp_path, UNIFIED, own="0::/run-7.scope\n")
    place = delegated(tmp_path / "sys/fs/cgroup/run-7.scope", gives="", inside=f"{os.getpid()}\n")
    found = find_groups(tmp_path)
    assert found is not None
    assert found.places == {"": place}
    assert (place / "bakehouse.own/cgroup.procs").read_text() == "0"
    assert (place / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_an_empty_group_of_ours_is_switched_on(tmp_path: Path) -> None:
    machine(tmp_path, UNIFIED, own="0::/ours/leaf\n")
    place = delegated(tmp_path / "sys/fs/cgroup/ours", gives="")
    delegated(place / "leaf", gives="", has="", inside=f"{os.getpid()}\n")
    found = find_groups(tmp_path)
    assert found is not None
    assert found.places == {"": place}


def test_a_group_without_the_controllers_is_none(tmp_path: Path) -> None:
    machine(tmp_path, UNIFIED, own="0::/\n")
    delegated(tmp_path / "sys/fs/cgroup", gives="cpu", has="cpu io")
    assert find_groups(tmp_path) is None


@pytest.mark.parametrize("own", ["", "0::/..\n", "4:memory:/\n"])
def test_a_machine_without_groups_has_none(tmp_path: Path, own: str) -> None:
    machine(tmp_path, own=own)
    assert find_groups(tmp_path) is None
    assert find_groups(tmp_path / "missing") is None


def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path) -> None:
    mounts = [
        f"3{number} 23 0:2{number} /docker/abc /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}"
        for number, name in enumerate(("memory", "pids", "cpuacct"))
    ]
    machine(tmp_path, *mounts, own="7:memory:/docker/abc\n6:pids:/docker/abc/sub\n5:cpu,cpuacct:/elsewhere/../x\n")
    for name in ("memory", "pids/sub", "cpuacct"):
        (tmp_path / "sys/fs/cgroup" / name).mkdir(parents=True)
        (tmp_path / "sys/fs/cgroup" / name / "cgroup.procs").touch()
    found = find_groups(tmp_path)
    assert found is not None
    top = tmp_path / "sys/fs/cgroup"
    assert found.keeper == "cgroup1"
    assert found.places == {"memory": top / "memory", "pids": top / "pids/sub", "cpuacct": top / "cpuacct"}


def test_the_group_of_a_process_of_this_machine() -> None:
    groups = find_groups()
    assert groups is not None
    made = groups.make()
    try:
        with subprocess.Popen(["sleep", "60"]) as sleeper:
            for file in made.entrances:
                file.write_text(str(sleeper.pid))
            found = group_of(sleeper.pid)
            assert found is not None
            assert found.entrances == made.entrances
            sleeper.kill()
        assert group_of(sleeper.pid) is None
    finally:
        made.close()
