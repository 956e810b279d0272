"""The executor of one machine."""

from __future__ import annotations

import asyncio

import pytest

from builder.farm import Executor, Job, LocalExecutor
from builder.model.outcome import Outcome
from tests.farm.plans import good, task


async def _at_once(job: Job) -> Outcome:
    return good(job)


async def _never(job: Job) -> Outcome:
    await asyncio.sleep(60)
    return good(job)


def test_slots_shrink_while_jobs_run_and_come_back() -> None:
    async def main() -> None:
        executor: Executor = LocalExecutor(_at_once, 2)
        executor.start(Job(task=task("a")))
        assert executor.slots() == 1
        assert [outcome.task_id for outcome in await executor.poll()] == [task("a").id]
        assert executor.slots() == 2

    asyncio.run(main())


def test_poll_gives_each_end_once() -> None:
    async def main() -> None:
        executor = LocalExecutor(_at_once, 3)
        for name in ("c", "a", "b"):
            executor.start(Job(task=task(name)))
        await asyncio.sleep(0.01)
        assert [outcome.task_id for outcome in await executor.poll()] == [task(name).id for name in "abc"]
        assert executor.slots() == 3

    asyncio.run(main())


def test_cancel_waits_until_nothing_is_left() -> None:
    async def main() -> None:
        executor = LocalExecutor(_never, 2)
        executor.start(Job(task=task("a")))
        executor.start(Job(task=task("b")))
        await asyncio.sleep(0)
        await executor.cancel()
        assert executor.slots() == 2
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_a_defect_comes_out_of_poll() -> None:
    async def broken(job: Job) -> Outcome:
        raise RuntimeError(job.task.id)

    async def main() -> None:
        executor = LocalExecutor(broken, 1)
        executor.start(Job(task=task("a")))
        with pytest.raises(RuntimeError, match="linux-64/a"):
            await executor.poll()

    asyncio.run(main())
