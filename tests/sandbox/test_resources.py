"""What the machine has to give, as its files tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.sandbox.resources import memory_of_machine, room_at

GIB = 1 << 30


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine with 16 GiB of memory and no control groups."""
    write(tmp_path, "proc/meminfo", "MemFree:        1000 kB\nMemTotal:       16777216 kB\nSwapTotal: 99999999 kB\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_all_memory_of_a_machine_without_control_groups(machine: Path) -> None:
    assert memory_of_machine(machine) == 16 * GIB


def test_a_group_of_version_2_and_those_above_it_say_less(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "0::/user.slice/mine\n")
    write(machine, "sys/fs/cgroup/user.slice/mine/memory.max", "max\n")
    assert memory_of_machine(machine) == 16 * GIB
    write(machine, "sys/fs/cgroup/user.slice/memory.max", f"{4 * GIB}\n")
    assert memory_of_machine(machine) == 4 * GIB
    write(machine, "sys/fs/cgroup/user.slice/mine/memory.max", f"{2 * GIB}\n")
    assert memory_of_machine(machine) == 2 * GIB


def test_a_container_sees_its_own_group_at_the_top(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "0::/\n")
    write(machine, "sys/fs/cgroup/memory.max", f"{7 * GIB}\n")
    assert memory_of_machine(machine) == 7 * GIB


def test_a_group_of_version_1_says_less(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/docker/abc\n0::/\n")
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert memory_of_machine(machine) == 16 * GIB, "version 1 writes a huge number for no limit"
    write(machine, "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", f"{3 * GIB}\n")
    assert memory_of_machine(machine) == 3 * GIB


def test_a_machine_that_says_nothing_has_nobody_knows_how_much(tmp_path: Path) -> None:
    assert memory_of_machine(tmp_path) is None


def test_this_machine_has_some() -> None:
    found = memory_of_machine()
    assert found is not None
    assert found > 64 * 1024 * 1024


def test_room_is_that_of_the_file_system_where_a_folder_will_lie(tmp_path: Path) -> None:
    room = room_at(tmp_path / "not" / "there" / "yet")
    assert 0 < room.free <= room.size
    assert room.size == room_at(tmp_path).size
