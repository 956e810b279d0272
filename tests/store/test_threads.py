from __future__ import annotations

import asyncio
import threading

import pytest

from builder.store.threads import in_thread
from tests.store.processes import in_loop


@in_loop
async def test_the_loop_goes_on_meanwhile() -> None:
    go_on = threading.Event()
    job = asyncio.ensure_future(in_thread(go_on.wait, 20))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not job.done()
    go_on.set()
    await job


@in_loop
async def test_what_it_raises_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)


@in_loop
async def test_a_cancellation_counts_when_the_work_has_ended() -> None:
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go_on.wait(20)
        done.set()

    job = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(started.wait, 20)
    job.cancel()
    await asyncio.sleep(0.01)
    job.cancel()
    assert not job.done(), "nobody may clean up while the thread still works"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert done.is_set()
