"""Foreign exceptions stop at the wall; threads are waited for."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
import rattler

from builder.environment.wall import finished, in_thread, rattler_wall, reason
from builder.errors import MachineError, UsageError


def test_what_rattler_raises_becomes_ours() -> None:
    with (
        pytest.raises(MachineError, match=r"reading failed: .*1\.\.2") as caught,
        rattler_wall("reading", remedy="write 1.2"),
    ):
        rattler.Version("1..2")
    assert caught.value.problems[0].remedy == "write 1.2"
    assert caught.value.problems[0].code == "environment.rattler"
    assert type(caught.value.__cause__).__module__ == "exceptions"


def panic(folder: Path) -> None:
    """Make rattler crash: it does not expect a platform that no lock file owns."""
    lock = rattler.LockFile([rattler.LockPlatform("linux-64")])
    lock.set_channels("default", [])
    lock.to_path(folder / "lock")
    environment = rattler.LockFile.from_path(folder / "lock").default_environment()
    assert environment is not None
    environment.packages(rattler.LockPlatform("osx-64"))


def test_panics_too(tmp_path: Path) -> None:
    """A panic is no `Exception`; this one is real."""
    with pytest.raises(MachineError, match="locking failed") as caught, rattler_wall("locking"):
        panic(tmp_path)
    assert caught.value.__cause__ is not None
    assert not isinstance(caught.value.__cause__, Exception)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_what_must_pass_passes(error: type[BaseException]) -> None:
    with pytest.raises(error), rattler_wall("working"):
        raise error


def test_our_own_errors_pass() -> None:
    with pytest.raises(UsageError, match="ours"), rattler_wall("working"):
        raise UsageError("ours")


@pytest.mark.parametrize(
    ("error", "text"), [(ValueError("a\n  b"), "a b"), (KeyError(), "KeyError"), (OSError(), "OSError")]
)
def test_reasons_are_one_line(error: Exception, text: str) -> None:
    assert reason(error) == text


def test_a_thread_ends_before_its_cancelled_caller_goes_on() -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        release.wait()
        ended.set()

    async def main() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(started.wait)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(main())


def test_a_failure_after_the_cancellation_is_not_lost_as_a_warning() -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def fail() -> None:
            await gate.wait()
            raise ValueError("late")

        task = asyncio.create_task(finished(fail()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_results_and_failures_pass_through() -> None:
    async def main() -> None:
        assert await in_thread(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await in_thread(lambda: 1 // 0)

    asyncio.run(main())
