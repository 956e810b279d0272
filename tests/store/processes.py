"""Starts other Python processes that use a store, and lets a test meet them at a certain point."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")
CHECKOUT = Path(__file__).parents[2]
PRELUDE = """
import sys, time
from pathlib import Path
from builder.store import Store
store = Store(Path(sys.argv[1]))
def say(word):
    print(word, flush=True)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start ``code``, which finds ``store`` (the first argument's), ``say`` and ``sys.argv``."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, *map(str, arguments)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run ``code`` until the block ends; it has said its first word when the block begins."""
    process = start(code, *arguments)
    try:
        heard(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def killed(code: str, *arguments: object) -> str:
    """Run ``code`` until its first word, kill it with SIGKILL there, and return the word."""
    process = start(code, *arguments)
    word = heard(process)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    return word


def finished(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Wait for all ``processes`` and return what they said; each must end well."""
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said
    return said


def in_loop(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Let pytest call a test that is a coroutine function."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
