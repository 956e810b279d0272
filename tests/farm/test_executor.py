"""The seam of executors: any object of its shape drives a plan."""

from __future__ import annotations

import asyncio
from collections import deque

from builder.farm import Executor, Job, drive
from builder.model.outcome import Ending, Outcome
from tests.farm.plans import good, plan, task


class OneAtATime:
    """An executor that ends its only job when it is asked for ends, as a cluster's queue would."""

    def __init__(self) -> None:
        self.queue: deque[Job] = deque()
        self.most = 0

    def slots(self) -> int:
        return 1 - len(self.queue)

    def start(self, job: Job) -> None:
        self.queue.append(job)
        self.most = max(self.most, len(self.queue))

    async def poll(self) -> tuple[Outcome, ...]:
        return (good(self.queue.popleft()),)

    async def cancel(self) -> None:
        self.queue.clear()


def test_another_executor_drives_a_plan_and_never_gets_more_than_it_has_slots_for() -> None:
    executor: Executor = OneAtATime()
    made = plan(task("a"), task("b", "a"), task("c"), task("d", "b", "c"))
    outcomes = asyncio.run(drive(made, executor, keep_going=False, emit=lambda event: None))
    assert [outcome.ending for outcome in outcomes] == [Ending.BUILT] * 4
    assert isinstance(executor, OneAtATime)
    assert executor.most == 1


def test_a_job_is_a_task_with_the_ends_of_what_it_needs() -> None:
    job = Job(task=task("b", "a"), inputs=(good(Job(task=task("a"))),))
    assert [outcome.task_id for outcome in job.inputs] == list(job.task.needs)
