"""Packages that need each other to run: none can be installed before all are built, so the last one tests them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from builder.model.task import Task, TaskState
from builder.plan.needs import Group
from builder.plan.order import Graph, in_order, knotted
from builder.plan.words import listed

Circle = frozenset[str]
"""Tasks each of which needs all others to run, at once or through others, and none of which they need to be built."""


def circles(graph: Graph, tests: Mapping[str, Sequence[Group]]) -> tuple[Circle, ...]:
    """Return the circles of a plan, sorted.

    ``graph`` is what tasks need to be built, ``tests`` what their tests need. Where one of the packages is needed to
    build another, they are no circle: somebody has to have one of them from elsewhere.
    """
    both = {task: (*groups, *tests[task]) for task, groups in graph.items()}
    left = set(knotted(both))
    backwards = _backwards(both, left)
    found = []
    while left:
        task = min(left)
        knot = frozenset(_reached(task, _forwards(both, left)) & _reached(task, backwards))
        left -= knot
        built = {member for task in knot for group in graph[task] for member in group.tasks}
        if len(knot) > 1 and not knot & built:
            found.append(knot)
    return tuple(sorted(found, key=min))


def joined(tasks: Sequence[Task], found: Iterable[Circle]) -> tuple[Task, ...]:
    """Return ``tasks`` (decided, in order) with the tests of each circle left to the last of its tasks that may run.

    That one waits for all others of the circle and for what their tests need; whatever needs one of them waits for it
    too, since they get into the channel together. Those of a circle that are reused are in the channel already.
    """
    by_id = {task.id: task for task in tasks}
    followers: dict[str, str] = {}
    for circle in found:
        *others, last = sorted(member for member in circle if by_id[member].state is not TaskState.REUSE) or [""]
        followers.update(dict.fromkeys(others, last))
        for member in (*others, last) if others else ():
            by_id[member] = _member(by_id[member], circle, others, last, by_id)
    if not followers:
        return tuple(tasks)
    by_id = {task.id: _after_circles(task, followers) for task in by_id.values()}
    waiting = {task.id: (*task.needs, *task.tests_need) for task in by_id.values()}
    order = in_order({task: (Group(needs),) if needs else () for task, needs in waiting.items()})
    return tuple(by_id[task] for task in order)


def _member(task: Task, circle: Circle, others: Sequence[str], last: str, by_id: Mapping[str, Task]) -> Task:
    if task.id != last:
        apart = tuple(need for need in task.tests_need if need not in circle)
        reasons = (*task.reasons, f"it is tested with {last}, which it needs to run")
        return replace(task, tests_need=apart, tested_by=last, reasons=reasons)
    needed = {need for other in others for need in by_id[other].tests_need} | {*task.tests_need, *others}
    reasons = (*task.reasons, f"{listed(others)} {'is' if len(others) == 1 else 'are'} tested with it")
    return replace(task, tests_need=tuple(sorted((needed - circle) | set(others))), reasons=reasons)


def _after_circles(task: Task, followers: Mapping[str, str]) -> Task:
    """Return a task that waits for the end of every circle that it needs a part of."""
    lasts = {followers[need] for need in (*task.needs, *task.tests_need) if need in followers} - {task.id}
    return replace(task, tests_need=tuple(sorted({*task.tests_need, *lasts}))) if lasts else task


_Edges = Mapping[str | Group, Iterable[str | Group]]


def _forwards(both: Graph, among: set[str]) -> _Edges:
    edges: dict[str | Group, Iterable[str | Group]] = {}
    for task in among:
        edges[task] = both[task]
        for group in both[task]:
            edges[group] = [member for member in group.tasks if member in among]
    return edges


def _backwards(both: Graph, among: set[str]) -> _Edges:
    edges: dict[str | Group, list[str | Group]] = {}
    for task in among:
        for group in both[task]:
            if group not in edges:
                edges[group] = []
                for member in group.tasks:
                    edges.setdefault(member, []).append(group)
            edges[group].append(task)
    return edges


def _reached(start: str, edges: _Edges) -> set[str]:
    """Return the tasks that are reached from ``start``, itself among them."""
    seen: set[str | Group] = {start}
    nodes: list[str | Group] = [start]
    while nodes:
        for further in edges.get(nodes.pop(), ()):
            if further not in seen:
                seen.add(further)
                nodes.append(further)
    return {node for node in seen if isinstance(node, str)}
