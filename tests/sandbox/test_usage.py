"""Measuring the commands of a container: in its group, or process by process where there is none to be seen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from builder.sandbox import Limits
from builder.sandbox.disk import Disk
from builder.sandbox.usage import Usage


def test_a_process_without_a_group_of_its_own_is_watched(tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & echo up; wait"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        few, many = (Usage(process.pid, Limits(processes=n), Disk([tmp_path], None), (), 0) for n in (1, 10_000_000))
        try:
            assert few.look() in {"processes", None}
            assert many.look() is None
        finally:
            subprocess.run(["pkill", "-KILL", "-P", str(process.pid)], check=False)
            process.kill()


def test_what_was_written_counts(tmp_path: Path) -> None:
    usage = Usage(os.getpid(), Limits(disk=1000), Disk([tmp_path], 1000), (), 0)
    assert usage.look() is None
    (tmp_path / "file").write_bytes(bytes(100_000))
    assert usage.look() == "disk"
    assert len(usage.gauges) == 2
    assert usage.peak_memory >= 0


def test_a_process_that_has_gone_has_used_nothing_that_can_be_told(tmp_path: Path) -> None:
    usage = Usage(2**22 + 1, Limits(memory=1), Disk([tmp_path], None), (), 0)
    assert usage.cpu_seconds() is None
    assert usage.look() is None
