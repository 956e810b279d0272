"""What processes of a test do; functions of a module, for they are named to other processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from builder.errors import UsageError


def doubled(number: int) -> tuple[int, int]:
    return number * 2, os.getpid()


def refused(number: int) -> int:
    if number == 1:
        raise UsageError("one is too few", code="test.one")
    return number


def killed(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def waiting(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(600)
