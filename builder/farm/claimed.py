"""Runs each job once among all processes that build into the same channel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from builder.farm.executor import Job
from builder.farm.ledger import Claim, Ledger
from builder.model.outcome import Ending, Outcome

_SHORTEST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


class Claimed:
    """Claims a job's task before ``run`` runs it, waits while another process has it, and writes its end down.

    ``known`` says which file the channel has under a recipe key right now: what another process has just finished is
    reused, unless somebody wants the work folder as well. ``run`` must not raise but for cancellation and defects;
    then the claim is given back.
    """

    def __init__(
        self,
        ledger: Ledger,
        channel: str,
        *,
        run: Callable[[Job], Awaitable[Outcome]],
        known: Callable[[str], str | None],
    ) -> None:
        """Claim in ``ledger`` for ``channel``."""
        self._ledger = ledger
        self._channel = channel
        self._run = run
        self._known = known

    async def __call__(self, job: Job) -> Outcome:
        """Run ``job``, or take over what another process made of it."""
        task = job.task
        claim = await self._claim(task.recipe_key, task.id)
        try:
            name = None if task.followed else await asyncio.to_thread(self._known, task.recipe_key)
            outcome = await self._run(job) if name is None else self._taken_over(job, name)
        except BaseException:
            self._ledger.release(claim)
            raise
        await asyncio.to_thread(self._write, claim, outcome, job)
        return outcome

    def _taken_over(self, job: Job, name: str) -> Outcome:
        """Return the end of a job that another process has done, and with it of those whose tests it was to run."""
        waiting = [one for one in job.inputs if one.ending is Ending.WAITING]
        there = [(one.task_id, self._known(one.package.recipe_key)) for one in waiting if one.package is not None]
        settled = tuple(_reused(task_id, found) for task_id, found in there if found is not None)
        return replace(_reused(job.task.id, name), settled=settled)

    async def _claim(self, recipe_key: str, task_id: str) -> Claim:
        pause = _SHORTEST_PAUSE
        while True:
            claim = await asyncio.to_thread(self._ledger.claim, self._channel, recipe_key, task_id)
            if claim is not None:
                return claim
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _write(self, claim: Claim, outcome: Outcome, job: Job) -> None:
        if outcome.ending is Ending.WAITING:  # nothing is in the channel yet
            self._ledger.release(claim)
        elif outcome.good:
            self._ledger.finish(
                claim,
                file_name=outcome.file_name,
                build_key=outcome.build_key,
                explanation=job.task.explanation,
            )
        else:
            self._ledger.fail(claim, "; ".join(problem.message for problem in outcome.problems))


def _reused(task_id: str, name: str) -> Outcome:
    return Outcome(
        task_id=task_id,
        ending=Ending.REUSED,
        file_name=name,
        reasons=("another process has just built it: its recipe key is in the channel",),
    )
