"""The executor of one machine: each job is a coroutine of this process, its scripts are child processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from builder.farm.executor import Job
from builder.model.outcome import Outcome


class LocalExecutor:
    """Runs up to ``slots`` jobs at once through ``run``, which must not raise but for cancellation."""

    def __init__(self, run: Callable[[Job], Awaitable[Outcome]], slots: int) -> None:
        """Use ``run`` for each job."""
        self._run = run
        self._size = slots
        self._running: set[asyncio.Task[Outcome]] = set()

    def slots(self) -> int:
        """Return how many more jobs may start now."""
        return self._size - len(self._running)

    def start(self, job: Job) -> None:
        """Start a job in the running event loop."""
        self._running.add(asyncio.create_task(self._ended(job), name=job.task.id))

    async def poll(self) -> tuple[Outcome, ...]:
        """Wait for the next end; an exception that ``run`` let through is a defect and goes up."""
        done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        self._running -= done
        return tuple(sorted((task.result() for task in done), key=lambda outcome: outcome.task_id))

    async def cancel(self) -> None:
        """Cancel all running jobs and wait for them."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()

    async def _ended(self, job: Job) -> Outcome:
        return await self._run(job)
