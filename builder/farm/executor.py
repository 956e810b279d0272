"""The seam between the plan's driver and whatever runs tasks: this process, or a cluster's workers."""

from __future__ import annotations

from typing import Protocol

from builder.model.frozen import frozen
from builder.model.outcome import Outcome
from builder.model.task import Task


@frozen
class Job:
    """A task that may start now, with the ends of all tasks that it needs."""

    task: Task
    inputs: tuple[Outcome, ...] = ()


class Executor(Protocol):
    """Runs jobs. It never gets more than it has slots for, so that no innocent job queues behind a bad one."""

    def slots(self) -> int:
        """Return how many more jobs may start now."""

    def start(self, job: Job) -> None:
        """Start a job; its end comes from `poll`."""

    async def poll(self) -> tuple[Outcome, ...]:
        """Wait until at least one started job has ended, and return the ends that nobody has seen yet."""

    async def cancel(self) -> None:
        """Stop every running job and wait until nothing of it is left."""
