"""Walks a plan: starts each task when what it needs is there, and holds back only what depends on a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from builder.errors import Problem
from builder.farm.executor import Executor, Job
from builder.model.outcome import Ending, Outcome
from builder.model.task import Plan, Task, TaskState
from builder.report.events import Event, Finished


async def drive(
    plan: Plan, executor: Executor, *, keep_going: bool, emit: Callable[[Event], None]
) -> tuple[Outcome, ...]:
    """Run every task of ``plan`` that must run and return all ends, in the plan's order.

    A task starts when all that it needs (for its build and for its tests) has a good end; the one that most others wait
    for goes first. One that waits for its tests has its end when the task that runs them has. After a failure nothing
    new starts unless ``keep_going``; then all that does not depend on it does.
    """
    walk = _Walk(plan)
    report = _Teller(len(plan.tasks), emit)
    for outcome in walk.settled():
        report(outcome)
    try:
        while True:
            _start(walk, executor)
            if not walk.running:
                break
            for outcome in _each(await executor.poll()):
                walk.end(outcome)
                if outcome.ending is not Ending.WAITING:
                    report(outcome)
                if not outcome.good and not keep_going:
                    walk.stopped = True
    except BaseException:
        await executor.cancel()
        raise
    for outcome in walk.held_back():
        report(outcome)
    return tuple(walk.ended[task.id] for task in plan.tasks)


def _each(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield ``outcomes``, each after those that it settles."""
    for outcome in outcomes:
        yield from outcome.settled
        yield outcome


def _start(walk: _Walk, executor: Executor) -> None:
    for task in walk.ready():
        if executor.slots() <= 0:
            break
        walk.running.add(task.id)
        executor.start(Job(task=task, inputs=tuple(walk.ended[need] for need in _needs(task))))


class _Teller:
    """Counts ends while it tells them."""

    def __init__(self, total: int, emit: Callable[[Event], None]) -> None:
        self._total = total
        self._done = 0
        self._emit = emit

    def __call__(self, outcome: Outcome) -> None:
        self._done += 1
        self._emit(Finished(outcome=outcome, done=self._done, total=self._total))


class _Walk:
    """The state of one walk over a plan."""

    def __init__(self, plan: Plan) -> None:
        self._tasks = plan.by_id()
        self._heights = _heights(plan.tasks)
        self._waiting = {task.id for task in plan.tasks}
        self.running: set[str] = set()
        self.ended: dict[str, Outcome] = {}
        self.stopped = False

    def settled(self) -> Iterable[Outcome]:
        """End all that the plan already decided: reused packages, and staging outputs that nobody needs any more."""
        wanted = {
            need
            for task in self._tasks.values()
            if task.state is not TaskState.REUSE
            for need in task.needs
        }  # fmt: skip
        for task in self._tasks.values():
            staging = task.rendering.output.kind == "staging"
            if staging and task.id not in wanted:
                reasons = task.reasons if task.state is TaskState.REUSE else ("all its packages are there",)
                yield self._settle(task, Ending.SKIPPED, reasons)
            elif not staging and task.state is TaskState.REUSE:
                yield self._settle(task, Ending.REUSED, task.reasons)

    def ready(self) -> Sequence[Task]:
        """Return the tasks that may start now, the most awaited first."""
        if self.stopped:
            return ()
        ready = [
            self._tasks[name]
            for name in self._waiting - self.running
            if all(need in self.ended and self.ended[need].good for need in _needs(self._tasks[name]))
        ]
        return sorted(ready, key=lambda task: (-self._heights[task.id], task.id))

    def end(self, outcome: Outcome) -> None:
        """Take the end of a running task."""
        self.running.discard(outcome.task_id)
        self._waiting.discard(outcome.task_id)
        self.ended[outcome.task_id] = outcome

    def held_back(self) -> Iterable[Outcome]:
        """End all that never started, and all that still wait for their tests, each with the reason."""
        for name, task in self._tasks.items():
            if name in self.ended and self.ended[name].ending is Ending.WAITING:
                yield self._untested(task)
            if name not in self._waiting:
                continue
            bad = [need for need in _needs(task) if need in self.ended and not self.ended[need].good]
            message = (
                f"not started: it needs {bad[0]}, which did not succeed" if bad else "not started after the failure"
            )
            remedy = None if bad else "--keep-going builds everything that does not depend on a failure"
            problem = Problem(code="farm.blocked", message=message, remedy=remedy)
            self.end(Outcome(task_id=name, ending=Ending.BLOCKED, problems=(problem,), reasons=(message,)))
            yield self.ended[name]

    def _untested(self, task: Task) -> Outcome:
        message = f"built and not tested: it needs {task.tested_by} to run, which did not succeed"
        problem = Problem(code="farm.untested", message=message, remedy="its package is built again with that one")
        self.end(replace(self.ended[task.id], ending=Ending.BLOCKED, problems=(problem,), reasons=(message,)))
        return self.ended[task.id]

    def _settle(self, task: Task, ending: Ending, reasons: tuple[str, ...]) -> Outcome:
        outcome = Outcome(task_id=task.id, ending=ending, file_name=task.package, reasons=reasons)
        self.end(outcome)
        return outcome


def _needs(task: Task) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*task.needs, *task.tests_need)))


def _heights(tasks: Sequence[Task]) -> dict[str, int]:
    """Return for each task the length of the longest chain of tasks that wait for it."""
    heights = dict.fromkeys((task.id for task in tasks), 0)
    for task in reversed(tasks):
        for need in _needs(task):
            heights[need] = max(heights[need], heights[task.id] + 1)
    return heights
