"""Small plans and a fake executor's jobs."""

from __future__ import annotations

from builder.errors import Problem
from builder.farm import Job
from builder.model.outcome import Ending, Outcome
from builder.model.task import Plan, Task
from tests.report.values import task

__all__ = ["bad", "good", "plan", "task"]


def plan(*tasks: Task) -> Plan:
    return Plan(tasks=tasks)


def good(job: Job) -> Outcome:
    return Outcome(task_id=job.task.id, ending=Ending.BUILT)


def bad(job: Job) -> Outcome:
    return Outcome(task_id=job.task.id, ending=Ending.FAILED, problems=(Problem(code="script", message="it broke"),))
