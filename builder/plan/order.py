"""The order of tasks: each after what it needs, ties broken by id; and the knots in which there is no such order.

Needs are groups of tasks that many tasks share. A group is a node of its own in the graph, so that a hundred variants
that need a hundred variants are two hundred edges and not ten thousand.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from builder.plan.needs import Group

Graph = Mapping[str, Sequence[Group]]
"""Task → groups of tasks that it follows."""

_Node = str | Group


def in_order(graph: Graph) -> list[str]:
    """Return the tasks in order; those on a cycle, and all that follow one, are missing."""
    followers: dict[_Node, list[_Node]] = {}
    waiting: dict[_Node, int] = {}
    for task, groups in graph.items():
        waiting[task] = len(groups)
        for group in groups:
            followers.setdefault(group, []).append(task)
            if group not in waiting:
                waiting[group] = len(group.tasks)
                for member in group.tasks:
                    followers.setdefault(member, []).append(group)
    ready = [task for task in graph if not waiting[task]]
    heapq.heapify(ready)
    order = []
    while ready:
        task = heapq.heappop(ready)
        order.append(task)
        for free in _released(task, followers, waiting):
            heapq.heappush(ready, free)
    return order


def _released(done: str, followers: Mapping[_Node, list[_Node]], waiting: dict[_Node, int]) -> Iterator[str]:
    """Yield the tasks that wait for nothing more once ``done`` is done."""
    nodes: list[_Node] = [done]
    while nodes:
        for follower in followers.get(nodes.pop(), ()):
            waiting[follower] -= 1
            if waiting[follower]:
                continue
            if isinstance(follower, str):
                yield follower
            else:
                nodes.append(follower)


def knotted(graph: Graph) -> list[str]:
    """Return the tasks that lie on a cycle or between two, sorted."""
    left = set(graph) - set(in_order(graph))
    followed: Counter[_Node] = Counter(group for task in left for group in graph[task])
    followed.update([member for group in list(followed) if isinstance(group, Group) for member in group.tasks])
    free = [task for task in left if not followed[task]]
    while free:
        task = free.pop()
        left.remove(task)
        for group in graph[task]:
            followed[group] -= 1
            if not followed[group]:
                followed.subtract(group.tasks)
                free += [member for member in group.tasks if member in left and not followed[member]]
    return sorted(left)


def cycle_among(graph: Graph, tasks: Sequence[str]) -> list[str]:
    """Return a cycle among knotted ``tasks``: each follows the next, the last one the first."""
    left = set(tasks)
    trail: dict[str, None] = {}
    task = min(left)
    while task not in trail:
        trail[task] = None
        task = min(member for group in graph[task] for member in group.tasks if member in left)
    walked = list(trail)
    return walked[walked.index(task) :]


def follows(graph: Graph, start: str, goal: str) -> bool:
    """Return whether ``start`` is ``goal`` or follows it, at once or through other tasks of ``graph``."""
    seen: set[_Node] = {start}
    nodes: list[_Node] = [start]
    while nodes:
        node = nodes.pop()
        if node == goal:
            return True
        for further in graph[node] if isinstance(node, str) else node.tasks:
            if further not in seen and (not isinstance(further, str) or further in graph):
                seen.add(further)
                nodes.append(further)
    return False
