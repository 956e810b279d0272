"""Whole plans."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import Problem, RecipeError
from builder.model.permission import Allowed, Permissions
from builder.model.pin import Pin
from builder.model.recipe import PinSubpackage
from builder.model.rendering import Platforms, Sibling
from builder.model.task import Plan, TaskState
from builder.plan.planner import make_plan
from tests.plan.fakes import CONTEXT, Package


def plan(folder: Path, *packages: Package, known: dict[str, str] | None = None) -> Plan:
    return make_plan([one.rendering(folder) for one in packages], replace(CONTEXT, known=known or {}))


def short(tasks: tuple[str, ...]) -> list[str]:
    return [task.split("/")[1].split("-")[0] for task in tasks]


def published(made: Plan, *names: str) -> dict[str, str]:
    """A channel that has the packages of a plan, or those named."""
    packages = [one for one in made.tasks if one.rendering.output.kind == "package"]
    return {one.recipe_key: f"{one.id}.conda" for one in packages if not names or one.rendering.output.name in names}


CHAIN = (
    Package(name="app", on_host=("lib",), run=("data",)),
    Package(name="lib", on_build=("cc",)),
    Package(name="cc"),
    Package(name="data", noarch="generic"),
)


def test_tasks_follow_what_they_need(tmp_path: Path) -> None:
    made = plan(tmp_path, *CHAIN)
    assert short(tuple(one.id for one in made.tasks)) == ["cc", "lib", "data", "app"]
    app = made.by_id()["linux-64/app-1-h0_0"]
    assert app.needs == ("linux-64/lib-1-h0_0",)
    assert app.tests_need == ("noarch/data-1-h0_0",)
    assert {one.state for one in made.tasks} == {TaskState.BUILD}


def test_what_nobody_can_build_is_refused_once(tmp_path: Path) -> None:
    obstacle = Problem(code="recipe.refused", message="features are gone")
    stuck = [replace(Package(name=name).rendering(tmp_path), obstacles=(obstacle,)) for name in ("a", "b")]
    with pytest.raises(RecipeError, match="features are gone") as caught:
        make_plan(stuck, CONTEXT)
    assert caught.value.problems == (obstacle,)
    skipped = replace(stuck[0], output=replace(stuck[0].output, skip=True))
    assert make_plan([skipped], CONTEXT).tasks == ()


def test_the_order_does_not_depend_on_how_recipes_are_given(tmp_path: Path) -> None:
    expected = plan(tmp_path, *CHAIN)
    for order in itertools.permutations(CHAIN):
        assert plan(tmp_path, *order) == expected


def test_again_nothing_is_done(tmp_path: Path) -> None:
    first = plan(tmp_path, *CHAIN)
    again = plan(tmp_path, *CHAIN, known=published(first))
    assert {(one.state, one.reasons) for one in again.tasks} == {(TaskState.REUSE, ("nothing has changed",))}


def test_a_change_reaches_what_depends_on_it(tmp_path: Path) -> None:
    known = published(plan(tmp_path, *CHAIN))
    (tmp_path / "cc" / "build.sh").write_text("make\n")
    states = {one.rendering.output.name: one for one in plan(tmp_path, *CHAIN, known=known).tasks}
    assert {name: one.state for name, one in states.items()} == {
        "cc": TaskState.BUILD, "lib": TaskState.AFTER, "app": TaskState.AFTER, "data": TaskState.REUSE,
    }  # fmt: skip
    assert states["app"].package == "linux-64/app-1-h0_0.conda"
    assert states["app"].reasons == ("decided when lib-1-h0_0 is done",)


def test_a_run_dependency_changes_no_key(tmp_path: Path) -> None:
    known = published(plan(tmp_path, *CHAIN))
    (tmp_path / "data" / "file").write_text("new\n")
    states = {one.rendering.output.name: one.state for one in plan(tmp_path, *CHAIN, known=known).tasks}
    assert states == {
        "cc": TaskState.REUSE, "lib": TaskState.REUSE, "app": TaskState.REUSE, "data": TaskState.BUILD,
    }  # fmt: skip


def test_skipped_outputs_are_no_tasks(tmp_path: Path) -> None:
    made = plan(tmp_path, Package(name="a", skip=True), Package(name="b", on_host=("a",)))
    assert short(tuple(one.id for one in made.tasks)) == ["b"]
    assert made.tasks[0].needs == ()


STAGING = "staging:linux-64/work-1-h0_0"


def test_staging_outputs_come_first_and_only_if_somebody_takes_from_them(tmp_path: Path) -> None:
    inner = Package(name="inner", kind="staging")
    work = Package(name="work", kind="staging", staging="staging:linux-64/inner-1-h0_0", on_host=("zlib",))
    lone = Package(name="lone", kind="staging")
    lib, dev = Package(name="lib", staging=STAGING), Package(name="dev", staging=STAGING, skip=True)
    made = plan(tmp_path, lib, dev, work, inner, lone, Package(name="zlib"))
    assert [one.id.rpartition("/")[2] for one in made.tasks] == [
        "zlib-1-h0_0",
        "inner-1-h0_0",
        "work-1-h0_0",
        "lib-1-h0_0",
    ]
    assert made.by_id()["linux-64/lib-1-h0_0"].needs == (STAGING,)
    assert plan(tmp_path, work, inner).tasks == ()


def test_reused_outputs_need_no_staging(tmp_path: Path) -> None:
    packages = (Package(name="work", kind="staging"), Package(name="lib", staging=STAGING))
    known = published(plan(tmp_path, *packages))
    assert {one.state for one in plan(tmp_path, *packages, known=known).tasks} == {TaskState.REUSE}


def test_exact_pins_wait_for_their_own_sibling_only(tmp_path: Path) -> None:
    libs = [Package(name="lib", build=f"h{number}_0") for number in range(3)]
    exact = PinSubpackage(name="lib", pin=Pin(exact=True))
    apps = [
        Package(name="app", build=f"h{number}_0", on_host=(exact,), siblings=(Sibling(name="lib", version="1", build_string=f"h{number}_0"),))
        for number in range(3)
    ]  # fmt: skip
    made = plan(tmp_path, *libs, *apps).by_id()
    assert made["linux-64/app-1-h1_0"].needs == ("linux-64/lib-1-h1_0",)


def test_cycles_are_refused_with_their_names(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        plan(
            tmp_path,
            Package(name="a", on_host=("b",)),
            Package(name="b", on_build=("c",)),
            Package(name="c", on_host=("a",)),
        )
    problem = caught.value.problems[0]
    assert problem.code == "plan.cycle"
    assert "a needs b needs c needs a" in problem.message
    assert problem.place is not None
    assert problem.remedy


def test_run_requirements_may_go_in_circles(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        Package(name="lib", run=("tools", "data")),
        Package(name="tools", run=("lib",)),
        Package(name="data"),
        Package(name="app", on_host=("lib",)),
    )
    lib, tools, app = (made.by_id()[f"linux-64/{name}-1-h0_0"] for name in ("lib", "tools", "app"))
    assert (lib.tested_by, lib.tests_need) == (tools.id, ("linux-64/data-1-h0_0",))
    assert (tools.tested_by, tools.tests_need) == (None, ("linux-64/data-1-h0_0", lib.id))
    assert (app.needs, app.tests_need) == ((lib.id,), (tools.id,))
    assert lib.reasons[-1] == f"it is tested with {tools.id}, which it needs to run"
    assert tools.reasons[-1] == "lib-1-h0_0 is tested with it"
    order = [task.id for task in made.tasks]
    assert order.index(lib.id) < order.index(tools.id) < order.index(app.id)


def test_a_circle_that_is_needed_to_be_built_is_broken_as_before(tmp_path: Path) -> None:
    made = plan(tmp_path, Package(name="lib", on_host=("tools",)), Package(name="tools", run=("lib",))).by_id()
    assert made["linux-64/lib-1-h0_0"].needs == ("linux-64/tools-1-h0_0",)
    assert {task.tested_by for task in made.values()} == {None}
    assert made["linux-64/tools-1-h0_0"].reasons[-1] == "its tests do not wait for lib-1-h0_0, which needs it first"


def test_a_platform_builds_with_the_packages_of_the_building_one(tmp_path: Path) -> None:
    arm = Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-64")
    made = plan(
        tmp_path,
        Package(name="cc"),
        Package(name="lib", platforms=arm),
        Package(name="app", on_build=("cc",), on_host=("lib",), platforms=arm),
    )
    assert made.by_id()["linux-aarch64/app-1-h0_0"].needs == ("linux-64/cc-1-h0_0", "linux-aarch64/lib-1-h0_0")


def test_two_recipes_that_make_one_file_are_refused(tmp_path: Path) -> None:
    other = Package(name="a", folder=tmp_path / "other", variant=(("k", 1),))
    with pytest.raises(RecipeError, match="linux-64/a-1-h0_0"):
        plan(tmp_path, Package(name="a"), other)


def test_the_explanation_of_a_task_makes_its_key(tmp_path: Path) -> None:
    made = plan(tmp_path, *CHAIN).by_id()
    lib, app = made["linux-64/lib-1-h0_0"], made["linux-64/app-1-h0_0"]
    assert dict(app.explanation)["the host dependency lib"] == lib.recipe_key
    assert len({one.recipe_key for one in made.values()}) == 4


def test_tasks_with_the_same_needs_share_them(tmp_path: Path) -> None:
    libs = [Package(name="lib", build=f"h{number}_0") for number in range(20)]
    apps = [Package(name="app", build=f"h{number}_0", on_host=("lib", "lib >=0")) for number in range(20)]
    made = plan(tmp_path, *libs, *apps)
    assert len({id(one.needs) for one in made.tasks if one.rendering.output.name == "app"}) == 1
    assert len(made.tasks[-1].needs) == 20


NAMES = "abcdef"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES))), min_size=6, max_size=6),
    st.permutations(range(6)),
)
def test_plans_of_any_shape(tmp_path: Path, wanted: list[tuple[set[str], set[str]]], order: list[int]) -> None:
    packages = [
        Package(name=name, on_host=tuple(sorted(other for other in host if other < name)), run=tuple(sorted(run)))
        for name, (host, run) in zip(NAMES, wanted, strict=True)
    ]
    made = plan(tmp_path, *packages)
    at = {one.id: place for place, one in enumerate(made.tasks)}
    for one in made.tasks:
        assert all(at[other] < at[one.id] for other in (*one.needs, *one.tests_need))
    assert plan(tmp_path, *(packages[place] for place in order)) == made
    again = plan(tmp_path, *packages, known=published(made))
    assert {one.state for one in again.tasks} == {TaskState.REUSE}


def test_what_is_allowed_is_told_of_each_and_exposes_those_that_take_its_files(tmp_path: Path) -> None:
    base = Package(name="base", kind="staging")
    identity = base.rendering(tmp_path).identity
    packages = (base, Package(name="app", staging=identity), Package(name="other"))
    renderings = [one.rendering(tmp_path) for one in packages]
    allowed = {identity: Allowed(build=Permissions(network=True), tests=Permissions(network=True))}
    made = {one.rendering.output.name: one for one in make_plan(renderings, replace(CONTEXT, allowed=allowed)).tasks}
    assert {name: bool(one.allowed) for name, one in made.items()} == {"base": True, "app": False, "other": False}
    assert {name: one.exposed.network for name, one in made.items()} == {"base": True, "app": True, "other": False}
    plain = {one.rendering.output.name: one for one in make_plan(renderings, CONTEXT).tasks}
    assert [plain[name].recipe_key == made[name].recipe_key for name in ("base", "app", "other")] == [
        False,
        False,
        True,
    ]
