"""The watcher: each gauge at its own pace, the first broken limit told, errors too, and an end when nobody listens."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field

import pytest

from builder.sandbox.values import Reason
from builder.sandbox.watcher import watch


@dataclass
class Said:
    """A gauge that says what it is told to, and counts how often it was asked."""

    answers: list[Reason | None] = field(default_factory=list)
    looks: int = 0
    busy: float = 0.0
    error: Exception | None = None

    def look(self) -> Reason | None:
        self.looks += 1
        if self.error is not None:
            raise self.error
        end = time.thread_time() + self.busy
        while time.thread_time() < end:
            pass
        return self.answers.pop(0) if self.answers else None


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watcher"]


def test_the_first_broken_limit_is_told() -> None:
    calm, broken = Said(), Said([None, None, "memory", "disk"])
    assert asyncio.run(watch([calm, broken])) == "memory"
    assert broken.looks == 3
    assert calm.looks >= 2


def test_what_a_gauge_raises_reaches_whoever_waits() -> None:
    with pytest.raises(ValueError, match="no figures"):
        asyncio.run(watch([Said(error=ValueError("no figures"))]))


def test_what_takes_long_is_asked_seldom() -> None:
    slow, quick = Said(busy=0.02), Said([*[None] * 8, "cpu"])
    assert asyncio.run(watch([slow, quick])) == "cpu"
    assert slow.looks <= 2 < quick.looks


def test_cancelling_ends_the_thread() -> None:
    async def main() -> None:
        task = asyncio.create_task(watch([Said()]))
        await asyncio.sleep(0.01)
        assert watchers()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    for thread in watchers():
        thread.join(10)
    assert not watchers()


def test_a_loop_that_is_busy_does_not_keep_it_from_looking() -> None:
    gauge = Said()

    async def main() -> None:
        task = asyncio.create_task(watch([gauge]))
        await asyncio.sleep(0)
        end = time.monotonic() + 20
        while gauge.looks < 3 and time.monotonic() < end:
            time.sleep(0.01)  # noqa: ASYNC251 - the point of this test
        task.cancel()

    asyncio.run(main())
    assert gauge.looks >= 3


def test_a_loop_that_has_gone_is_no_error(recwarn: pytest.WarningsRecorder) -> None:
    gauge = Said([None, None, "disk"])

    async def main() -> None:
        left_behind = asyncio.create_task(watch([gauge]))
        await asyncio.sleep(0)
        assert not left_behind.done()

    asyncio.run(main())
    for thread in watchers():
        thread.join(10)
    assert not recwarn.list
