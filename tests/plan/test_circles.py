"""Packages that need each other to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.task import Task, TaskState
from builder.plan.circles import circles, joined
from builder.plan.needs import Group
from builder.plan.order import in_order
from tests.plan.fakes import Package
from tests.plan.test_order import graph
from tests.report.values import rendering

NOTHING = graph(a="", b="", c="", d="", e="")


def found(build: str = "", **run: str) -> list[str]:
    """The circles as words; ``build`` is pairs of letters, the first needs the second to be built."""
    tasks = "abcde"
    built = {one: tuple(Group((pair[1],)) for pair in build.split() if pair[0] == one) for one in tasks}
    tests = {one: tuple(Group((other,)) for other in run.get(one, "")) for one in tasks}
    return ["".join(sorted(circle)) for circle in circles(built, tests)]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({}, []),
        ({"a": "b", "b": "c"}, []),
        ({"a": "b", "b": "a"}, ["ab"]),
        ({"a": "b", "b": "c", "c": "a", "d": "a", "c2": ""}, ["abc"]),
        ({"a": "b", "b": "a", "c": "d", "d": "c", "e": "ac"}, ["ab", "cd"]),
        ({"a": "b", "b": "ac", "c": "d", "d": "c"}, ["ab", "cd"]),
        ({"a": "b", "b": "ac", "c": "b"}, ["abc"]),
    ],
    ids=str,
)
def test_who_needs_whom_in_a_circle(run: dict[str, str], words: list[str]) -> None:
    assert found(**run) == words


@pytest.mark.parametrize(
    ("build", "run", "words"),
    [
        ("ab", {"b": "a"}, []),
        ("ca", {"a": "b", "b": "a"}, ["ab"]),
        ("ac", {"a": "b", "b": "a"}, ["ab"]),
        ("ac", {"a": "b", "b": "a", "c": "b"}, []),
        ("ab", {"b": "a", "c": "d", "d": "c"}, ["cd"]),
    ],
    ids=str,
)
def test_what_somebody_is_built_with_is_in_no_circle(build: str, run: dict[str, str], words: list[str]) -> None:
    assert found(build, **run) == words


def test_variants_of_a_group_are_in_it_together() -> None:
    both = Group(("a", "b"))
    tests = {"a": (Group(("c",)),), "b": (Group(("c",)),), "c": (both,), "d": (both,), "e": ()}
    assert circles(NOTHING, tests) == (frozenset("abc"),)


TASKS = "abcdef"
ANY = st.dictionaries(st.sampled_from(TASKS), st.sets(st.sampled_from(TASKS), min_size=1))


@given(ANY)
def test_circles_are_exactly_those_who_reach_each_other(run: dict[str, set[str]]) -> None:
    tests = {task: tuple(Group((one,)) for one in sorted(run.get(task, set()) - {task})) for task in TASKS}
    reach = {task: run.get(task, set()) - {task} for task in TASKS}
    for _ in TASKS:
        reach = {task: there.union(*(reach[one] for one in there)) for task, there in reach.items()}
    expected = {frozenset(other for other in reach[task] if task in reach[other]) for task in TASKS} - {frozenset()}
    assert set(circles(graph(**dict.fromkeys(TASKS, "")), tests)) == expected


def tasks(folder: Path, states: dict[str, TaskState], **needs: str) -> list[Task]:
    made = []
    for name in "abcde":
        own = Package(name=name).rendering(folder)
        task = Task(id=name, rendering=own, recipe_key=name, tests_need=tuple(needs.get(name, "")))
        made.append(replace(task, state=states.get(name, TaskState.BUILD)))
    return made


def test_the_last_one_tests_all_and_whoever_needs_one_waits(tmp_path: Path) -> None:
    made = {one.id: one for one in joined(tasks(tmp_path, {}, a="d", e="b"), [frozenset("abc")])}
    assert [made[name].tested_by for name in "abcde"] == ["c", "c", None, None, None]
    assert made["c"].tests_need == ("a", "b", "d")
    assert made["a"].tests_need == ("d",)
    assert made["e"].tests_need == ("b", "c")


def test_what_is_reused_waits_for_nobody(tmp_path: Path) -> None:
    reused = {"c": TaskState.REUSE}
    made = {one.id: one for one in joined(tasks(tmp_path, reused), [frozenset("abc")])}
    assert [made[name].tested_by for name in "abc"] == ["b", None, None]
    assert made["b"].tests_need == ("a",)


@pytest.mark.parametrize("reused", ["bc", "abc"])
def test_one_that_is_left_is_tested_as_always(tmp_path: Path, reused: str) -> None:
    given_ones = tasks(tmp_path, dict.fromkeys(reused, TaskState.REUSE))
    assert joined(given_ones, [frozenset("abc")]) == tuple(given_ones)


def test_one_that_may_be_reused_can_be_the_last(tmp_path: Path) -> None:
    made = {one.id: one for one in joined(tasks(tmp_path, {"b": TaskState.AFTER}), [frozenset("ab")])}
    assert made["a"].tested_by == "b"


@given(ANY, st.sets(st.sampled_from(TASKS)))
def test_there_is_always_an_order(run: dict[str, set[str]], reused: set[str]) -> None:
    tests = {task: tuple(Group((one,)) for one in sorted(run.get(task, set()) - {task})) for task in TASKS}
    round_ones = circles(graph(**dict.fromkeys(TASKS, "")), tests)
    inside = {task: circle for circle in round_ones for task in circle}
    given_ones = [
        Task(
            id=task,
            rendering=rendering(task),
            recipe_key=task,
            tests_need=tuple(sorted(run.get(task, set()) - {task} - inside.get(task, frozenset()))),
            state=TaskState.REUSE if task in reused else TaskState.BUILD,
        )
        for task in TASKS
    ]
    made = joined(given_ones, round_ones)
    assert {one.id for one in made} == set(TASKS)
    waits = {one.id: tuple(Group((need,)) for need in one.tests_need) for one in made}
    assert len(in_order(waits)) == len(TASKS)
    for one in made:
        if one.tested_by is not None:
            last = next(other for other in made if other.id == one.tested_by)
            assert one.id in last.tests_need
            assert last.tested_by is None
            assert set(one.tests_need) <= set(last.tests_need)
