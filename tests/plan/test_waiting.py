"""Tests wait for run dependencies unless these wait for them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from builder.plan.needs import Group
from builder.plan.order import in_order, knotted
from builder.plan.waiting import tests_that_wait as waiting_tests
from tests.plan.test_order import graph


def names(waiting: dict[str, tuple[Group, ...]]) -> dict[str, str]:
    return {
        task: "".join(itertools.chain.from_iterable(one.tasks for one in groups)) for task, groups in waiting.items()
    }


def test_tests_wait_for_run_dependencies() -> None:
    waiting, notes = waiting_tests(graph(a="", b="a"), graph(a="", b="a"))
    assert names(waiting) == {"a": "", "b": "a"}
    assert notes == {}


def test_a_package_that_needs_the_tested_one_is_not_waited_for() -> None:
    waiting, notes = waiting_tests(graph(lib="", tools=""), {"lib": (Group(("tools",)),), "tools": (Group(("lib",)),)})
    assert names(waiting) == {"lib": "tools", "tools": ""}
    assert notes == {"tools": ("its tests do not wait for lib, which needs it first",)}


def test_build_needs_always_count() -> None:
    built, tests = graph(a="", z="a"), graph(a="z", z="")
    waiting, notes = waiting_tests(built, tests)
    assert names(waiting) == {"a": "", "z": ""}
    assert notes["a"] == ("its tests do not wait for z, which needs it first",)


def test_several_that_are_not_waited_for_are_one_reason() -> None:
    _, notes = waiting_tests(graph(a="", b="a", c="a", d="a", e="a"), graph(a="bcde", b="", c="", d="", e=""))
    assert notes["a"] == ("its tests do not wait for b, c, d and 1 more, which need it first",)


def test_the_rest_of_a_group_is_waited_for() -> None:
    waiting, notes = waiting_tests(graph(a="", b="a", c="", d=""), graph(a="bc", b="", c="", d="bc"))
    assert names(waiting) == {"a": "c", "b": "", "c": "", "d": "bc"}
    assert notes["a"] == ("its tests do not wait for b, which needs it first",)


TASKS = "abcdef"
LATER = st.dictionaries(st.sampled_from(TASKS), st.sets(st.sampled_from(TASKS), min_size=1))


@given(LATER, LATER)
def test_the_result_has_an_order_and_gives_up_only_what_has_none(
    build: dict[str, set[str]], run: dict[str, set[str]]
) -> None:
    built = {task: tuple(Group((other,)) for other in sorted(build.get(task, ())) if other < task) for task in TASKS}
    tests = {task: tuple(Group((other,)) for other in sorted(run.get(task, ())) if other != task) for task in TASKS}
    waiting, notes = waiting_tests(built, tests)
    both = {task: (*built[task], *waiting[task]) for task in TASKS}
    assert not knotted(both)
    assert len(in_order(both)) == len(TASKS)
    for task in TASKS:
        for group in tests[task]:
            if group in waiting[task]:
                continue
            assert knotted({**both, task: (*both[task], group)})
            assert any(group.tasks[0] in note for note in notes[task])
