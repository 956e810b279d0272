"""Control groups: made, joined, counted, swept; those of the kernel, and of version 2 on laid out files."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox import Limits
from builder.sandbox.cgroups import Group, Groups
from builder.sandbox.hierarchies import find_groups
from builder.sandbox.limits import joining
from tests.sandbox.test_hierarchies import UNIFIED, delegated, machine

MIB = 1 << 20


@pytest.fixture
def groups() -> Groups:
    found = find_groups()
    assert found is not None, "these tests need writable control groups"
    return found


@pytest.fixture
def group(groups: Groups) -> Iterator[Group]:
    made = groups.make()
    yield made
    made.close()


def joined(group: Group, script: str) -> subprocess.Popen[str]:
    """Start bash in the group; the script's output can be read."""
    files = [str(file) for file in group.entrances]
    words = ["sh", "-c", f'{joining()}; exec "$@"', "sh", str(len(files)), *files, "bash", "-c", script]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def until(group: Group, reason: str, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if group.look() == reason:
            return True
        time.sleep(0.02)
    return False


def test_a_group_holds_whoever_joins_and_all_that_they_start(group: Group) -> None:
    with joined(group, "sleep 60 & echo $!; wait") as process:
        assert process.stdout is not None
        other = int(process.stdout.readline())
        assert set(group.members()) == {process.pid, other}
        group.close()
        assert process.wait() == -signal.SIGKILL
    assert not Path(f"/proc/{other}").exists() or "Z" in Path(f"/proc/{other}/stat").read_text()
    assert not any(file.exists() for file in group.entrances)


def test_memory_is_counted_with_files_in_memory(group: Group) -> None:
    with joined(group, "x=$(head -c 20000000 /dev/zero | tr '\\0' a); echo taken; read -t 60 <><(:)") as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 20_000_000 < group.used().memory < 200 * MIB
        process.kill()
    assert group.peak_memory > 20_000_000


def test_memory_has_an_end(group: Group) -> None:
    group.limit(Limits(memory=40 * MIB), ours=0)
    with joined(group, "x=$(head -c 100000000 /dev/zero | tr '\\0' a); sleep 60"):
        assert until(group, "memory")
        group.close()


def test_processes_have_an_end_and_ours_do_not_count(group: Group) -> None:
    group.limit(Limits(processes=10), ours=3)
    with joined(
        group, "for i in {1..12}; do sleep 60 & done; echo all; for i in {1..9}; do sleep 60 & done; wait"
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "all\n"
        assert until(group, "processes")
        assert len(group.members()) == 13
        group.close()


def test_processor_time_has_an_end(group: Group) -> None:
    group.limit(Limits(cpu_seconds=0), ours=0)
    with joined(group, "(while :; do :; done) & while :; do :; done"):
        assert until(group, "cpu")
        assert 0 < group.used().cpu_seconds < 10
        group.close()


def test_within_the_limits_nothing_is_said(group: Group) -> None:
    group.limit(Limits(memory=400 * MIB, processes=100, cpu_seconds=60), ours=0)
    with joined(group, "echo fine | cat"):
        pass
    assert group.look() is None


def test_groups_of_the_dead_are_swept_and_others_are_not(groups: Groups, group: Group) -> None:
    owner = (
        "import os, subprocess, sys\n"
        "from builder.sandbox.hierarchies import find_groups\n"
        "group = find_groups().make()\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "for file in group.entrances: file.write_text(str(child.pid))\n"
        "print(child.pid, *(file.parent for file in group.entrances), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    said = subprocess.run([sys.executable, "-c", owner], capture_output=True, text=True, check=False)
    pid, *folders = said.stdout.split()
    assert all(Path(folder).is_dir() for folder in folders)
    end = time.monotonic() + 20
    while any(Path(folder).exists() for folder in folders) and time.monotonic() < end:
        groups.sweep()  # another process of ours may be sweeping it just now
    assert not any(Path(folder).exists() for folder in folders)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()
    assert all(file.exists() for file in group.entrances)


def test_a_group_that_another_controller_does_not_know_is_left_alone(groups: Groups, group: Group) -> None:
    """Whoever sweeps may be in another group for memory and in the same one for processes."""
    controller = list(groups.places)[-1]
    elsewhere = Groups(dialect=groups.dialect, places={controller: groups.places[controller]})
    with joined(group, "echo up; sleep 60") as process:
        assert process.stdout is not None
        process.stdout.readline()
        elsewhere.sweep()
        assert process.pid in group.members()
        group.close()


def test_a_machine_that_refuses_another_group_is_told(groups: Groups, tmp_path: Path) -> None:
    missing = Groups(dialect=groups.dialect, places=dict.fromkeys(groups.places, tmp_path / "missing"))
    with pytest.raises(MachineError, match="no control group can be made"):
        missing.make()


def laid_out(tmp_path: Path) -> tuple[Group, Path]:
    """Return a group of version 2 over plain files, and its folder."""
    machine(tmp_path, UNIFIED, own="0::/\n")
    delegated(tmp_path / "sys/fs/cgroup", gives="memory pids")
    found = find_groups(tmp_path)
    assert found is not None
    made = found.make()
    return made, made.entrances[0].parent


def test_version_2_counts_swap_and_ends_all_together(tmp_path: Path) -> None:
    made, folder = laid_out(tmp_path)
    (folder / "memory.swap.max").touch()
    made.limit(Limits(memory=5000, processes=7), ours=2)
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert written == {"memory.max": "5000", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "9"}


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n", "memory"),
        ("memory.events", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\noom_group_kill 0\n", None),
        ("pids.events", "max 4\n", "processes"),
        ("pids.events", "max 0\n", None),
        ("cpu.stat", "usage_usec 3000001\nuser_usec 1\n", "cpu"),
        ("cpu.stat", "usage_usec 3000000\nuser_usec 1\n", None),
    ],
)
def test_version_2_is_read(tmp_path: Path, file: str, text: str, reason: str | None) -> None:
    made, folder = laid_out(tmp_path)
    made.limit(Limits(memory=5000, processes=7, cpu_seconds=3), ours=2)
    (folder / "memory.stat").write_text("anon 4096\nfile 9999999\nkernel 1\nshmem 1000\n")
    (folder / file).write_text(text)
    assert made.look() == reason
    assert made.peak_memory == 5096


def test_version_2_kills_by_one_word(tmp_path: Path) -> None:
    made, folder = laid_out(tmp_path)
    (folder / "cgroup.procs").touch()
    with pytest.raises(OSError, match="not empty"):  # plain files stay where the kernel's go
        made.close()
    assert (folder / "cgroup.kill").read_text() == "1"
