"""Limits that hold: as words of prlimit, and against scripts that try to get around them."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from builder.sandbox import Exit, Limits, Tmpfs
from builder.sandbox.bubblewrap import Bubblewrap
from builder.sandbox.disk import Disk
from builder.sandbox.limits import Keeping, Running, file_blocks, resource_limits, spare, temporary_size
from builder.sandbox.unsealed import Unsealed
from builder.sandbox.values import Reason
from tests.sandbox.conftest import Bench, bench_for

PRLIMIT = Path("/usr/bin/prlimit")


def test_no_limits_are_no_words() -> None:
    assert resource_limits(PRLIMIT, Limits()) == []
    assert resource_limits(PRLIMIT, Limits(wall_seconds=1, silence_seconds=1)) == []


def test_what_one_process_can_break_alone_has_a_resource_behind() -> None:
    limits = Limits(memory=1000, processes=20, disk=8000, cpu_seconds=4)
    assert resource_limits(PRLIMIT, limits)[1:] == [f"--fsize={8000 + spare(8000)}", "--cpu=9:", "--"]


def test_a_shell_is_told_the_largest_file_in_blocks() -> None:
    assert file_blocks(Limits()) == ""
    shell = f"ulimit -f {file_blocks(Limits(disk=8000))}; cat /proc/self/limits"
    said = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout
    (line,) = (line for line in said.splitlines() if line.startswith("Max file size"))
    assert 0 <= 8000 + spare(8000) - int(line.split()[3]) < 512


def test_a_limit_of_zero_is_a_limit() -> None:
    assert resource_limits(PRLIMIT, Limits(disk=0)) == ["/usr/bin/prlimit", f"--fsize={spare(0)}", "--"]


@pytest.mark.parametrize(
    ("limits", "row"),
    [
        (Limits(disk=8 << 20), f"Max file size {10 << 20} {10 << 20} bytes"),
        (Limits(cpu_seconds=60), "Max cpu time 65 unlimited seconds"),
    ],
)
def test_the_kernel_takes_them(limits: Limits, row: str) -> None:
    said = subprocess.run(
        [*resource_limits(PRLIMIT, limits), "cat", "/proc/self/limits"], capture_output=True, text=True, check=True
    )
    assert row in [" ".join(line.split()) for line in said.stdout.splitlines()]


MIB = 1 << 20


def test_what_a_short_command_wrote_is_seen_although_something_else_freed_as_much(tmp_path: Path) -> None:
    """It ended well before its many folders were due, and the disk lost nothing meanwhile."""
    written, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    written.mkdir()
    for number in range(5000):
        (written / str(number)).touch()
    elsewhere.write_bytes(b"x" * 50 * MIB)
    limits = Limits(disk=20 * MIB)
    keeping = Keeping(None, limits, Disk([written], limits.disk))
    (*_, gauge) = keeping.gauges(Running(members=lambda: ()))
    assert gauge.look() is None
    elsewhere.unlink()
    (written / "file").write_bytes(b"x" * 21 * MIB)
    ended = keeping.judge(Exit(code=0, seconds=0.01, cpu_seconds=0.01))
    assert (ended.reason, ended.code) == ("disk", 137)


def kept_by(bench: Bench, keeper: str) -> Bench:
    """Let the machine's control groups keep the limits, or the watcher alone."""
    assert isinstance(bench.sandbox, Bubblewrap)
    return bench if keeper == "groups" else replace(bench, sandbox=replace(bench.sandbox, groups=None))


BOUNDS = Limits(memory=100 * MIB, processes=40, disk=8 * MIB, cpu_seconds=60, wall_seconds=90)
ATTACKS: dict[str, tuple[Reason, str]] = {
    "a chain of forks": ("processes", "for i in {1..10000}; do sleep 60 & done; wait"),
    "threads of many": (
        "memory",
        "for i in {1..8}; do (x=$(head -c 20000000 /dev/zero | tr '\\0' a); sleep 60; :) & done; wait",
    ),
    "one file": ("disk", "head -c 100000000 /dev/zero > big; sleep 60"),
    "one file and out": ("disk", "head -c 100000000 /dev/zero > big; exit 0"),
    "small files": (
        "disk",
        "for i in {1..1000}; do mkdir $i; for j in {1..100}; do echo > $i/$j; done; done; sleep 60",
    ),
    "a file without a name": (
        "disk",
        "exec 5>gone; rm gone; for i in {1..20}; do head -c 2000000 /dev/zero >&5; done; sleep 60",
    ),
    "/tmp": ("disk", "head -c 100000000 /dev/zero > /tmp/big; sleep 60"),
    "/dev/shm": ("disk", "head -c 100000000 /dev/zero > /dev/shm/big; sleep 60"),
    "home": ("disk", "head -c 100000000 /dev/zero > home/big; sleep 60"),
}


@pytest.mark.parametrize("keeper", ["groups", "watcher"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_script_cannot_get_around_them(bench: Bench, attack: str, keeper: str) -> None:
    reason, script = ATTACKS[attack]
    home = Tmpfs(inside=bench.inside.work / "home")
    held = kept_by(bench, keeper)
    ran = held.run(script, held.overlay(), home, limits=BOUNDS, cwd=bench.inside.work)
    assert ran.exit.reason == reason, ran.text
    assert ran.exit.code != 0
    assert ran.exit.seconds < 60
    assert not (bench.folder / "scratch").exists() or not list((bench.folder / "scratch").glob("session-*"))


@pytest.mark.parametrize("keeper", ["groups", "watcher"])
def test_temporary_files_are_memory_too(bench: Bench, keeper: str) -> None:
    script = "for i in {1..9}; do head -c 10000000 /dev/zero > /tmp/$i; sleep 0.2; done; sleep 60"
    ran = kept_by(bench, keeper).run(script, limits=Limits(memory=50 * MIB, wall_seconds=60))
    assert ran.exit.reason == "memory"
    assert (ran.exit.peak_memory or 0) > 20 * MIB
    assert "unshare" not in ran.text  # what it says of its child's end is ours


@pytest.mark.parametrize("keeper", ["groups", "watcher"])
def test_whoever_keeps_within_them_is_left_alone(bench: Bench, keeper: str) -> None:
    script = "for i in {1..20}; do sleep 0.2 & done; wait; head -c 3000000 /dev/zero > ok; cat ok > /tmp/ok"
    held = kept_by(bench, keeper)
    ran = held.run(script, held.overlay(), limits=BOUNDS, cwd=bench.inside.work)
    assert (ran.exit.code, ran.exit.reason) == (0, None), ran.text


def test_the_disk_counts_for_the_session(bench: Bench) -> None:
    """What one command leaves lies there while the next one runs."""
    scripts = ["head -c 5000000 /dev/zero > first", "head -c 5000000 /dev/zero > second"]
    first, second = bench.run_all(scripts, bench.overlay(), limits=BOUNDS, cwd=bench.inside.work)
    assert (first.exit.reason, second.exit.reason) == (None, "disk")


def test_a_second_session_counts_from_what_lies_there(bench: Bench) -> None:
    script = "head -c 5000000 /dev/zero > $RANDOM$RANDOM"
    for _ in range(2):
        assert bench.run(script, bench.overlay(), limits=BOUNDS, cwd=bench.inside.work).exit.reason is None


def gone(pid: str) -> bool:
    """Wait until a process has ended, collected or not."""
    end = time.monotonic() + 20
    with suppress(FileNotFoundError):
        while ") Z " not in Path(f"/proc/{pid}/stat").read_text():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
    return True


def test_a_daemon_of_a_command_without_isolation_is_gone_after_it(rootfs: Path, tmp_path: Path) -> None:
    plain = bench_for("none", rootfs, tmp_path)
    assert plain.sandbox.capabilities().limits != "watcher"
    ran = plain.run("setsid sh -c 'echo $$; exec sleep 60' & sleep 0.2")
    (daemon,) = ran.lines
    assert gone(daemon)


def test_without_groups_whoever_stayed_in_its_group_is_gone_too(rootfs: Path, tmp_path: Path) -> None:
    plain = bench_for("none", rootfs, tmp_path)
    assert isinstance(plain.sandbox, Unsealed)
    ran = replace(plain, sandbox=replace(plain.sandbox, groups=None)).run("sleep 60 & echo $!")
    assert gone(ran.lines[0])


def test_what_keeps_them_is_told(bench: Bench) -> None:
    assert bench.sandbox.capabilities().limits in {"cgroup1", "cgroup2"}
    assert kept_by(bench, "watcher").sandbox.capabilities().limits == "watcher"


def test_a_temporary_file_system_is_larger_than_the_smallest_limit() -> None:
    assert temporary_size(Limits()) is None
    assert temporary_size(Limits(memory=80 * MIB, disk=160 * MIB)) == 80 * MIB + spare(80 * MIB)
    assert temporary_size(Limits(memory=80 * MIB, disk=8 * MIB)) == 8 * MIB + spare(8 * MIB)
    assert temporary_size(Limits(disk=8 * MIB)) == 8 * MIB + spare(8 * MIB)
