"""Which run dependencies tests wait for: all that the plan makes, except those that need the tested package first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.plan.needs import Group
from builder.plan.order import Graph, follows, knotted


def tests_that_wait(
    graph: Graph, tests: Mapping[str, Sequence[Group]]
) -> tuple[dict[str, tuple[Group, ...]], dict[str, tuple[str, ...]]]:
    """Return what each task's tests wait for, and for tasks whose tests do not wait for everything the reason.

    ``graph`` is what tasks need to be built. A package gets into the channel after its tests, so waiting for one that
    needs the tested package would never end. In knots, tasks choose in the order of their ids.
    """
    both = {task: (*groups, *tests[task]) for task, groups in graph.items()}
    knots = knotted(both)
    waiting = {task: tuple(groups) for task, groups in tests.items()}
    notes: dict[str, tuple[str, ...]] = {}
    both.update({task: tuple(graph[task]) for task in knots})
    for task in knots:
        free, given_up = _parted(both, task, tests[task])
        waiting[task] = free
        both[task] = (*graph[task], *free)
        notes[task] = tuple(f"its tests do not wait for {_name(other)}, which needs it first" for other in given_up)
    return waiting, notes


def _parted(graph: Graph, task: str, groups: Sequence[Group]) -> tuple[tuple[Group, ...], list[str]]:
    """Part the tasks of ``groups`` into those that ``task`` may wait for and those that follow it."""
    free: list[Group] = []
    given_up: dict[str, None] = {}
    for group in groups:
        closing = {other for other in group.tasks if follows(graph, other, task)}
        given_up.update(dict.fromkeys(other for other in group.tasks if other in closing))
        kept = tuple(other for other in group.tasks if other not in closing)
        free += [group if not closing else Group(kept)] if kept else []
    return tuple(free), list(given_up)


def _name(task: str) -> str:
    return task.rpartition("/")[2]
