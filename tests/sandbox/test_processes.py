"""What `/proc` tells of a command: who belongs to it, and what they use."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.sandbox import Limits
from builder.sandbox.processes import (
    ProcessGauge,
    count,
    device_of_memory,
    family,
    nameless,
    resident,
    session_members,
)

MIB = 1 << 20


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python, which prints a line when it is ready, and end its session afterwards."""
    words = [sys.executable, "-I", "-c", program, *arguments]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        try:
            yield one
        finally:
            os.killpg(one.pid, 9)


HOLD = "\nimport sys\nprint('ready', flush=True)\nsys.stdin.read()\n"
TREE = """
import subprocess, sys
child = subprocess.Popen(["bash", "-c", "sleep 60 & sleep 60 & wait"])
while len(open(f"/proc/{child.pid}/task/{child.pid}/children").read().split()) < 2: pass
"""


def test_a_family_is_all_that_descend() -> None:
    with running(TREE + HOLD) as one:
        found = list(family(one.pid))
        assert found[0] == one.pid
        assert len(found) == 4
        assert set(session_members(one.pid)) == set(found)


def test_a_family_of_nobody() -> None:
    with running("pass" + HOLD) as one:
        pass
    assert list(family(one.pid)) == [one.pid]
    assert list(session_members(one.pid)) == []
    assert count([one.pid]).processes == 0


def test_threads_count_as_processes() -> None:
    threads = "import threading, time\nfor _ in range(7): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    with running(threads + HOLD) as one:
        assert count(family(one.pid)).processes == 8


def test_counting_stops_when_all_is_known() -> None:
    asked = []

    def members() -> Iterator[int]:
        for _ in range(1000):
            asked.append(1)
            yield os.getpid()

    assert count(members(), most=5).processes > 5
    assert len(asked) < 10


def test_memory_of_its_own_and_shared_memory_count() -> None:
    eater = "import mmap\nown = bytearray(30 << 20)\nshared = mmap.mmap(-1, 20 << 20)\nshared.write(b'x' * (20 << 20))"
    with running(eater + HOLD) as one:
        counted = count(family(one.pid)).memory
        own, shared = resident(family(one.pid))
        assert counted > 50 * MIB
        assert 30 * MIB < own < 60 * MIB
        assert 20 * MIB <= shared < 30 * MIB


def test_what_is_shared_after_a_fork_counts_once_when_it_matters() -> None:
    forks = "import os, signal\nheld = bytearray(30 << 20)\nfor _ in range(3):\n    if os.fork() == 0: signal.pause()"
    with running(forks + HOLD) as one:
        assert count(family(one.pid)).memory > 100 * MIB
        gauge = ProcessGauge(lambda: family(one.pid), Limits(memory=80 * MIB), lambda: 0, 0)
        assert gauge.look() is None
        assert gauge.peak_memory < 80 * MIB


def test_processor_time_of_the_dead_counts() -> None:
    spin = "import os, time\npid = os.fork()\nwhile time.process_time() < 0.3 and pid == 0: pass\n"
    with running(spin + "if pid == 0: os._exit(0)\nos.wait()" + HOLD) as one:
        assert count(family(one.pid)).cpu_seconds >= 0.25


def test_files_without_a_name_are_found(tmp_path: Path) -> None:
    program = (
        "import os, sys\nfile = open(sys.argv[1], 'wb'); file.write(b'x' * (2 << 20)); file.flush()\n"
        "os.unlink(sys.argv[1])\nhidden = os.memfd_create('x'); os.write(hidden, b'x' * (3 << 20))"
    )
    with running(program + HOLD, str(tmp_path / "gone")) as one:
        memory = device_of_memory()
        assert 2 * MIB <= nameless(family(one.pid), [memory]) < 3 * MIB
        assert nameless(family(one.pid), []) >= 5 * MIB
        assert nameless(family(one.pid), [memory, tmp_path.stat().st_dev]) == 0


@pytest.mark.parametrize(
    ("limits", "temporary", "reason"),
    [
        (Limits(), 0, None),
        (Limits(memory=30 * MIB), 0, "memory"),
        (Limits(memory=200 * MIB), 0, None),
        (Limits(memory=200 * MIB), 190 * MIB, "memory"),
        (Limits(processes=3), 0, "processes"),
        (Limits(processes=4), 0, None),
        (Limits(cpu_seconds=1000), 0, None),
    ],
)
def test_the_gauge_says_which_limit(limits: Limits, temporary: int, reason: str | None) -> None:
    with running(TREE + "held = bytearray(40 << 20)" + HOLD) as one:
        assert ProcessGauge(lambda: family(one.pid), limits, lambda: temporary, 0).look() == reason


def test_our_own_processes_do_not_count() -> None:
    with running(TREE + HOLD) as one:
        assert ProcessGauge(lambda: family(one.pid), Limits(processes=2), lambda: 0, 2).look() is None
        assert ProcessGauge(lambda: family(one.pid), Limits(processes=2), lambda: 0, 1).look() == "processes"


def test_processor_time_breaks_its_limit() -> None:
    with running("import time\nwhile time.process_time() < 0.1: pass" + HOLD) as one:
        assert ProcessGauge(lambda: family(one.pid), Limits(cpu_seconds=0), lambda: 0, 0).look() == "cpu"


def test_a_mapping_of_this_process_is_its_own() -> None:
    before, _ = resident([os.getpid()])
    with mmap.mmap(-1, 16 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        held.write(b"x" * (16 * MIB))
        after, _ = resident([os.getpid()])
    assert after - before > 15 * MIB
