"""What reused packages need to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.model.recipe import Script, ScriptTest
from builder.model.task import Plan, Task, TaskState
from builder.plan.behind import behind_reused
from builder.plan.needs import Group
from builder.plan.planner import make_plan
from tests.plan.fakes import CONTEXT, Package
from tests.report.values import rendering

APP = "linux-64/app-1-h0_0"
CHAIN = (
    Package(name="app", on_host=("lib",)),
    Package(name="lib", run=("data",)),
    Package(name="data", run=("words",)),
    Package(name="words"),
)


def plan(folder: Path, *there: str, packages: tuple[Package, ...] = CHAIN) -> Plan:
    """The plan for ``packages`` when the channel has those that are named."""
    renderings = [one.rendering(folder) for one in packages]
    tasks = make_plan(renderings, CONTEXT).tasks
    known = {one.recipe_key: f"{one.id}.conda" for one in tasks if one.rendering.output.name in there}
    return make_plan(renderings, replace(CONTEXT, known=known))


def awaited(made: Plan, task: str = APP) -> list[str]:
    """The names of what ``task`` waits for before its tests, beside what it is built with."""
    return [need.split("/")[1].split("-")[0] for need in made.by_id()[task].tests_need]


@pytest.mark.parametrize(
    ("there", "names"),
    [
        ((), []),
        (("lib",), ["data"]),
        (("lib", "data"), ["words"]),
        (("lib", "words"), ["data"]),
        (("lib", "data", "words"), []),
    ],
    ids=str,
)
def test_who_uses_a_reused_package_waits_for_what_that_one_needs_to_run(
    tmp_path: Path, there: tuple[str, ...], names: list[str]
) -> None:
    assert awaited(plan(tmp_path, *there)) == names


def test_what_is_only_tested_with_a_reused_package_waits_too(tmp_path: Path) -> None:
    app = Package(name="app", tests=(ScriptTest(script=Script(), run=("lib",)),))
    assert awaited(plan(tmp_path, "lib", packages=(app, *CHAIN[1:]))) == ["lib", "data"]


def test_what_only_the_tests_of_a_reused_package_need_is_not_waited_for(tmp_path: Path) -> None:
    lib = Package(name="lib", tests=(ScriptTest(script=Script(), run=("data",)),))
    assert awaited(plan(tmp_path, "lib", packages=(CHAIN[0], lib, *CHAIN[2:]))) == []


def test_nobody_waits_for_what_needs_him_first(tmp_path: Path) -> None:
    data = Package(name="data", on_host=("app",))
    made = plan(tmp_path, "lib", packages=(CHAIN[0], CHAIN[1], data))
    assert awaited(made) == []
    assert [one.rendering.output.name for one in made.tasks] == ["lib", "app", "data"]


def test_each_is_named_once_and_what_nobody_runs_with_stays_as_it_is() -> None:
    def task(name: str, *needs: str, state: TaskState = TaskState.BUILD) -> Task:
        return Task(id=name, rendering=rendering(name), recipe_key=name, needs=needs, state=state)

    reused = TaskState.REUSE
    tasks = (task("d"), task("a", state=reused), task("b", state=reused), task("c", "a", "b", "d"), task("e", "d"))
    found = behind_reused(tasks, {"a": (Group(("d",)),), "b": (Group(("d", "a")),), "c": (Group(("e",)),)})
    assert [one.tests_need for one in found] == [(), (), (), ("d",), ()]
    assert behind_reused(tasks, {}) == tasks
