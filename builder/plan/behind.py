"""What reused packages need to run: whoever is built or tested with one waits for that as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from builder.model.task import Task, TaskState
from builder.plan.needs import Group


def behind_reused(tasks: Sequence[Task], runs: Mapping[str, Sequence[Group]]) -> tuple[Task, ...]:
    """Return ``tasks`` (decided, in order), each waiting also for what the reused packages that it needs need to run.

    A package that is built has these beside it when it ends, for its tests wait for them. A reused one has ended
    already, but no environment can have it before they are in the channel. ``runs`` are the run requirements of each
    task that tests may wait for: those of a reused package come before it in the order.
    """
    behind: dict[str, tuple[str, ...]] = {}
    for task in tasks:
        if task.state is TaskState.REUSE:
            needs = (need for group in runs.get(task.id, ()) for need in group.tasks)
            behind[task.id] = _unique(one for need in needs for one in behind.get(need, (need,)))
    if not any(behind.values()):
        return tuple(tasks)
    return tuple(_waiting(tasks, behind))


def _waiting(tasks: Iterable[Task], behind: Mapping[str, tuple[str, ...]]) -> Iterator[Task]:
    shared: dict[int, tuple[str, ...]] = {}  # tasks that need the same share one tuple, found by being that tuple

    def further(needs: tuple[str, ...]) -> tuple[str, ...]:
        if id(needs) not in shared:
            shared[id(needs)] = _unique(one for need in needs for one in behind.get(need, ()))
        return shared[id(needs)]

    for task in tasks:
        more = () if task.state is TaskState.REUSE else (*further(task.needs), *further(task.tests_need))
        yield replace(task, tests_need=_unique((*task.tests_need, *more))) if more else task


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
