"""The order of tasks and the knots in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builder.plan.needs import Group
from builder.plan.order import Graph, cycle_among, follows, in_order, knotted


def graph(**needs: str) -> dict[str, tuple[Group, ...]]:
    """Tasks with one-letter names; commas part groups."""
    return {task: tuple(Group(tuple(group)) for group in wanted.split(",") if group) for task, wanted in needs.items()}


def test_each_task_follows_what_it_needs_and_ties_go_by_id() -> None:
    assert in_order(graph(d="bc", c="a", b="a", a="", e="")) == ["a", "b", "c", "d", "e"]
    assert in_order(graph(a="z", z="", b="")) == ["b", "z", "a"]


def test_an_empty_plan() -> None:
    assert in_order({}) == []
    assert knotted({}) == []


def test_what_is_on_a_cycle_or_behind_one_is_missing() -> None:
    tangled = graph(a="b", b="a", c="a", d="", e="d")
    assert in_order(tangled) == ["d", "e"]
    assert knotted(tangled) == ["a", "b"]
    assert knotted(graph(a="b", b="a", c="b", d="c,e", e="d", f="e")) == ["a", "b", "c", "d", "e"]


def test_a_shared_group_is_one_node() -> None:
    shared = Group(("a", "b"))
    both: Graph = {"a": (), "b": (), "c": (shared,), "d": (shared, Group(("c",)))}
    assert in_order(both) == ["a", "b", "c", "d"]
    loop: Graph = {"a": (Group(("c",)),), "b": (), "c": (shared,), "d": (shared,)}
    assert knotted(loop) == ["a", "c"]


def test_a_cycle_is_walked() -> None:
    tangled = graph(a="b", b="c,x", c="a", x="")
    assert cycle_among(tangled, knotted(tangled)) == ["a", "b", "c"]
    behind = graph(a="b", b="c", c="b")
    assert cycle_among(behind, ["a", "b", "c"]) == ["b", "c"]


def test_following() -> None:
    line = graph(a="b", b="c", c="", d="a")
    assert follows(line, "a", "c")
    assert follows(line, "a", "a")
    assert not follows(line, "c", "a")
    assert not follows(line, "a", "d")
    assert not follows(graph(a="b", b="a", c=""), "a", "c")


TASKS = "abcdef"
NEEDS = st.dictionaries(
    st.sampled_from(TASKS), st.lists(st.lists(st.sampled_from(TASKS), unique=True, min_size=1), max_size=3)
)


@given(NEEDS)
def test_orders_and_knots_of_any_graph(wanted: dict[str, list[list[str]]]) -> None:
    any_graph = {task: tuple(Group(tuple(group)) for group in wanted.get(task, ())) for task in TASKS}
    order = in_order(any_graph)
    knots = knotted(any_graph)
    at = {task: place for place, task in enumerate(order)}
    direct = {task: {other for group in any_graph[task] for other in group.tasks} for task in TASKS}
    for task in order:
        assert all(at[other] < at[task] for other in direct[task])
    looped = {task for task in TASKS if any(follows(any_graph, other, task) for other in direct[task])}
    assert looped <= set(knots)
    assert bool(knots) is bool(looped) is (len(order) < len(TASKS))
    for task in knots:
        assert any(follows(any_graph, task, other) for other in looped)
        assert any(follows(any_graph, other, task) for other in looped)
    if knots:
        cycle = cycle_among(any_graph, knots)
        assert all(after in direct[task] for task, after in zip(cycle, (*cycle[1:], cycle[0]), strict=True))


@given(NEEDS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_graph_is_written(
    wanted: dict[str, list[list[str]]], random: object
) -> None:
    any_graph = {task: tuple(Group(tuple(group)) for group in wanted.get(task, ())) for task in TASKS}
    shuffled = list(any_graph.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert in_order(dict(shuffled)) == in_order(any_graph)
    assert knotted(dict(shuffled)) == knotted(any_graph)
