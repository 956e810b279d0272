"""Running a verb's coroutine, and ending it quickly when a signal asks for that."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import NoReturn

import pytest

from builder.cli.waiting import wait_for
from builder.errors import Interrupted
from tests.e2e.command import CHECKOUT


def never(code: int) -> NoReturn:
    raise AssertionError(code)


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_the_result_comes_back() -> None:
    assert wait_for(answer(), abandon=never) == 42


def test_an_error_comes_through() -> None:
    async def broken() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        wait_for(broken(), abandon=never)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_the_work_and_lets_it_clean_up(number: signal.Signals) -> None:
    cleaned: list[str] = []

    async def work() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            cleaned.append("yes")

    before = time.monotonic()
    with pytest.raises(Interrupted, match="run the same command to go on"):
        wait_for(work(), abandon=never)
    assert cleaned == ["yes"]
    assert time.monotonic() - before < 20


def test_a_thread_that_cannot_be_stopped_does_not_hold_the_process_back() -> None:
    program = textwrap.dedent("""
        import asyncio, os, signal, threading, time
        from builder.cli.waiting import wait_for

        async def work():
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            await asyncio.to_thread(time.sleep, 60)

        wait_for(work(), abandon=os._exit)
    """)
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, timeout=30, check=False)
    assert done.returncode == 130
