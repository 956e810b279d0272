"""Which run dependencies tests wait for: all that the plan makes, except those that need the tested package first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.plan.needs import Group
from builder.plan.order import Graph, follows, knotted
from builder.plan.words import listed


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
    # Only tasks of the knots can lie on a cycle, so nobody else is looked at from here on.
    tied: dict[str, tuple[Group, ...]] = {task: tuple(graph[task]) for task in knots}
    for task in knots:
        free, given_up = _parted(tied, task, tests[task])
        waiting[task] = free
        tied[task] = (*graph[task], *free)
        if given_up:
            need = "needs" if len(given_up) == 1 else "need"
            notes[task] = (f"its tests do not wait for {listed(given_up)}, which {need} it first",)
    return waiting, notes


def _parted(graph: Graph, task: str, groups: Sequence[Group]) -> tuple[tuple[Group, ...], list[str]]:
    """Part the tasks of ``groups`` into those that ``task`` may wait for and those that follow it."""
    free: list[Group] = []
    given_up: dict[str, None] = {}
    for group in groups:
        closing = {other for other in group.tasks if other in graph and follows(graph, other, task)}
        given_up.update(dict.fromkeys(other for other in group.tasks if other in closing))
        kept = tuple(other for other in group.tasks if other not in closing)
        free += [group if not closing else Group(kept)] if kept else []
    return tuple(free), list(given_up)
