"""Limits as words of prlimit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builder.sandbox import Limits
from builder.sandbox.limits import resource_limits

PRLIMIT = Path("/usr/bin/prlimit")


def test_no_limits_are_no_words() -> None:
    assert resource_limits(PRLIMIT, Limits()) == []
    assert resource_limits(PRLIMIT, Limits(wall_seconds=1, silence_seconds=1)) == []


def test_each_limit_has_its_resource() -> None:
    limits = Limits(memory=1000, processes=20, disk=3000, cpu_seconds=4)
    assert resource_limits(PRLIMIT, limits) == [
        "/usr/bin/prlimit", "--data=1000", "--nproc=20", "--fsize=3000", "--cpu=4", "--",
    ]  # fmt: skip


def test_a_limit_of_zero_is_a_limit() -> None:
    assert resource_limits(PRLIMIT, Limits(disk=0)) == ["/usr/bin/prlimit", "--fsize=0", "--"]


@pytest.mark.parametrize(
    ("limits", "row"),
    [
        (Limits(memory=1 << 30), "Max data size 1073741824 1073741824 bytes"),
        (Limits(processes=99), "Max processes 99 99 processes"),
        (Limits(disk=4096), "Max file size 4096 4096 bytes"),
        (Limits(cpu_seconds=60), "Max cpu time 60 60 seconds"),
    ],
)
def test_the_kernel_takes_them(limits: Limits, row: str) -> None:
    said = subprocess.run(
        [*resource_limits(PRLIMIT, limits), "cat", "/proc/self/limits"], capture_output=True, text=True, check=True
    )
    assert row in [" ".join(line.split()) for line in said.stdout.splitlines()]
