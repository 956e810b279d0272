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


async def signalled(*numbers: signal.Signals) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)
    await asyncio.sleep(60)


def test_a_second_signal_does_not_cut_the_cleaning_short() -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            await signalled(signal.SIGINT, signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.01)
            cleaned.append("yes")

    with pytest.raises(Interrupted):
        wait_for(work(), abandon=never)
    assert cleaned == ["yes"]


def test_work_that_ends_although_it_was_cancelled_counts() -> None:
    async def work() -> str:
        try:
            await signalled(signal.SIGINT)
        except asyncio.CancelledError:
            return "published"
        return "never"

    assert wait_for(work(), abandon=never) == "published"


def test_ignored_hangups_stay_ignored() -> None:
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:

        async def work() -> str:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.05)
            return "went on"

        assert wait_for(work(), abandon=never) == "went on"
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, old)


def test_neither_handlers_nor_a_watchdog_outlive_the_wait() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with pytest.raises(Interrupted):
        wait_for(signalled(signal.SIGTERM), abandon=never)
    assert [signal.getsignal(number) for number in numbers] == before
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(1)
            assert not thread.is_alive()


@pytest.mark.parametrize("tidy", ["pass", "time.sleep(60)"])
def test_the_terminal_is_tidied_before_the_process_is_abandoned(tidy: str) -> None:
    program = textwrap.dedent(f"""
        import asyncio, os, signal, threading, time
        from builder.cli.waiting import wait_for

        def tidy():
            print("tidied", flush=True)
            {tidy}

        async def work():
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.to_thread(time.sleep, 60)

        wait_for(work(), abandon=os._exit, tidy=tidy)
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, timeout=30, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (130, "tidied\n")


def test_what_stumbles_over_its_own_cancellation_is_interrupted_too() -> None:
    async def work() -> None:
        try:
            await signalled(signal.SIGTERM)
        finally:
            raise FileNotFoundError("a thread was still writing there")

    with pytest.raises(Interrupted) as caught:
        wait_for(work(), abandon=never)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
