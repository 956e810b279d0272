"""What is to be done with each task, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.model.packaging import Packaging
from builder.model.task import Explanation, Task, TaskState
from builder.plan.context import Existing
from builder.plan.keys import recipe_key
from builder.plan.states import decided
from tests.plan.fakes import CONTEXT, Package

Said = tuple[TaskState, tuple[str, ...], str | None]


def task(folder: Path, package: Package, explanation: Explanation, *needs: str) -> Task:
    rendering = package.rendering(folder)
    return Task(
        id=rendering.identity,
        rendering=rendering,
        recipe_key=recipe_key(explanation),
        needs=needs,
        explanation=explanation,
    )


def said(
    tasks: Sequence[Task], known: Mapping[str, str], records: Mapping[str, Explanation] | None = None
) -> list[Said]:
    found = decided(tasks, replace(CONTEXT, known=known, records=records or {}))
    return [(one.state, one.reasons, one.package) for one in found]


A, B = Package(name="a"), Package(name="b")
A_ID, B_ID = "linux-64/a-1-h0_0", "linux-64/b-1-h0_0"
A_FILE, B_FILE = f"{A_ID}.conda", f"{B_ID}.conda"
ON_A = "the host dependency a"


def test_what_the_channel_has_is_reused(tmp_path: Path) -> None:
    one = task(tmp_path, A, (("x", "1"),))
    assert said([one], {one.recipe_key: A_FILE}) == [(TaskState.REUSE, ("nothing has changed",), A_FILE)]


def test_what_it_does_not_have_is_built(tmp_path: Path) -> None:
    one = task(tmp_path, A, (("x", "1"),))
    assert said([one], {}) == [(TaskState.BUILD, ("it is not in the channel yet",), None)]
    assert said([one], {"other": B_FILE}) == [(TaskState.BUILD, ("it is not in the channel yet",), None)]


def test_changes_are_named(tmp_path: Path) -> None:
    before = (("the file build.sh", "1"), ("the rootfs", "1"), ("the file gone", "1"))
    one = task(tmp_path, A, (("the file build.sh", "2"), ("the rootfs", "1"), ("the file new", "1")))
    assert said([one], {"old": A_FILE}, {A_FILE: before}) == [
        (TaskState.BUILD, ("the file build.sh changed", "the file new is new", "the file gone is gone"), None)
    ]


def test_many_changes_are_counted(tmp_path: Path) -> None:
    before = tuple((f"the file {number}", "1") for number in range(9))
    one = task(tmp_path, A, tuple((f"the file {number}", "2") for number in range(9)))
    ((_, reasons, _),) = said([one], {"old": A_FILE}, {A_FILE: before})
    assert reasons == ("the file 0 changed", "the file 1 changed", "the file 2 changed", "and 6 more changes")


def test_without_a_record_the_change_has_no_name(tmp_path: Path) -> None:
    one = task(tmp_path, A, (("x", "1"),))
    for file in (A_FILE, "a-1-h0_0.conda", "linux-64/a-1-h0_0.tar.bz2"):
        assert said([one], {"old": file}) == [
            (TaskState.BUILD, ("the channel's package was made from something else",), None)
        ]


def test_a_package_whose_dependency_is_built_is_decided_after_it(tmp_path: Path) -> None:
    a = task(tmp_path, A, (("the file build.sh", "2"),))
    b = task(tmp_path, B, ((ON_A, a.recipe_key),), A_ID)
    found = said([a, b], {"1": A_FILE, "2": B_FILE}, {A_FILE: (("the file build.sh", "1"),), B_FILE: ((ON_A, "1"),)})
    assert found == [
        (TaskState.BUILD, ("the file build.sh changed",), None),
        (TaskState.AFTER, ("decided when a-1-h0_0 is done",), B_FILE),
    ]
    assert said([a, b], {"1": A_FILE, "2": B_FILE})[1][0] is TaskState.AFTER


def test_a_change_of_its_own_decides_at_once(tmp_path: Path) -> None:
    a = task(tmp_path, A, (("x", "2"),))
    b = task(tmp_path, B, (("the file build.sh", "2"), (ON_A, a.recipe_key)), A_ID)
    records: dict[str, Explanation] = {A_FILE: (("x", "1"),), B_FILE: (("the file build.sh", "1"), (ON_A, "1"))}
    assert said([a, b], {"1": A_FILE, "2": B_FILE}, records)[1] == (
        TaskState.BUILD, ("the file build.sh changed", f"{ON_A} changed"), None,
    )  # fmt: skip


def test_a_package_that_the_channel_lacks_is_built_whatever_its_dependencies_become(tmp_path: Path) -> None:
    a, b = task(tmp_path, A, (("x", "2"),)), task(tmp_path, B, ((ON_A, "2"),), A_ID)
    assert said([a, b], {"1": A_FILE})[1] == (TaskState.BUILD, ("it is not in the channel yet",), None)


def test_a_dependency_that_was_rebuilt_in_another_run_is_a_reason(tmp_path: Path) -> None:
    a = task(tmp_path, A, (("x", "2"),))
    b = task(tmp_path, B, ((ON_A, a.recipe_key),), A_ID)
    found = said([a, b], {a.recipe_key: A_FILE, "2": B_FILE}, {B_FILE: ((ON_A, "1"),)})
    assert found[1] == (TaskState.BUILD, (f"{ON_A} changed",), None)


def test_waiting_goes_through_packages_that_are_decided_later_and_through_staging(tmp_path: Path) -> None:
    staging_id = "staging:linux-64/work-1-h0_0"
    a = task(tmp_path, A, (("x", "2"),))
    work = task(tmp_path, Package(name="work", kind="staging"), ((ON_A, a.recipe_key),), A_ID)
    b = task(tmp_path, replace(B, staging=staging_id), (("the staging output work", work.recipe_key),), staging_id)
    c = task(tmp_path, Package(name="c"), (("the host dependency b", b.recipe_key),), B_ID)
    c_file = "linux-64/c-1-h0_0.conda"
    records: dict[str, Explanation] = {
        A_FILE: (("x", "1"),), B_FILE: (("the staging output work", "1"),), c_file: (("the host dependency b", "1"),),
    }  # fmt: skip
    found = said([a, work, b, c], {"1": A_FILE, "2": B_FILE, "3": c_file}, records)
    assert [state for state, _, _ in found] == [TaskState.BUILD, TaskState.AFTER, TaskState.AFTER, TaskState.AFTER]
    assert found[1][1] == ("it is needed by b-1-h0_0",)
    assert found[2][1] == ("decided when a-1-h0_0 is done",)
    assert found[3][1] == ("decided when b-1-h0_0 is done",)


def test_a_staging_output_is_needed_as_far_as_its_takers_are_built(tmp_path: Path) -> None:
    staging_id = "staging:linux-64/work-1-h0_0"
    inner_id = "staging:linux-64/inner-1-h0_0"
    inner = task(tmp_path, Package(name="inner", kind="staging"), (("x", "1"),))
    work = task(tmp_path, Package(name="work", kind="staging", staging=inner_id), (("x", "1"),), inner_id)
    takers = [
        task(tmp_path, Package(name=name, staging=staging_id), (("name", name),), staging_id) for name in ("b", "c")
    ]
    keys = {one.recipe_key: f"{one.id}.conda" for one in takers}
    found = said([inner, work, *takers], keys)
    assert [state for state, _, _ in found] == [TaskState.REUSE] * 4
    assert found[0][1] == ("nobody needs it, for nothing that takes from it is built",)
    del keys[takers[1].recipe_key]
    found = said([inner, work, *takers], keys)
    assert [state for state, _, _ in found] == [TaskState.BUILD, TaskState.BUILD, TaskState.REUSE, TaskState.BUILD]
    assert found[1][1] == ("it is needed by c-1-h0_0",)


def test_reasons_that_the_graph_gave_stay(tmp_path: Path) -> None:
    one = replace(task(tmp_path, A, (("x", "1"),)), reasons=("its tests do not wait for b",))
    assert said([one], {})[0][1] == ("it is not in the channel yet", "its tests do not wait for b")


def test_long_lists_are_shortened(tmp_path: Path) -> None:
    needed = [task(tmp_path, Package(name=f"n{number}"), (("n", str(number)),)) for number in range(5)]
    b = task(tmp_path, B, ((ON_A, "2"),), *(one.id for one in needed))
    ((_, reasons, _),) = said([*needed, b], {"2": B_FILE}, {B_FILE: ((ON_A, "1"),)})[-1:]
    assert reasons == ("decided when n0-1-h0_0, n1-1-h0_0, n2-1-h0_0 and 2 more is done",)


def test_a_package_that_is_there_is_not_built_whatever_it_was_made_from(tmp_path: Path) -> None:
    tasks = [task(tmp_path, one, (("x", "1"),)) for one in (A, B)]
    there = {A_ID: Existing(channel="./channel", file=A_FILE), B_ID: Existing(channel="https://example.org/c")}
    found = decided(tasks, replace(CONTEXT, known={"old": A_FILE}, existing=there))
    assert [(one.state, one.reasons, one.package) for one in found] == [
        (TaskState.REUSE, ("it is in ./channel already",), A_FILE),
        (TaskState.REUSE, ("it is in https://example.org/c already",), None),
    ]


def test_in_the_other_format_it_is_another_package(tmp_path: Path) -> None:
    option = ("--package-format", "tar.bz2:9")
    one = task(tmp_path, A, (("x", "1"), option))
    old = f"{A_ID}.tar.bz2"
    assert said([one], {"new": A_FILE}, {A_FILE: (("x", "1"),)})[0][:2] == (
        TaskState.BUILD, ("--package-format is new",),
    )  # fmt: skip
    records: dict[str, Explanation] = {A_FILE: (("x", "1"),), old: (("x", "0"), option)}
    context = replace(CONTEXT, known={"1": A_FILE, "2": old}, records=records, packaging=Packaging(file_type="tar.bz2"))
    (found,) = decided([one], context)
    assert found.reasons == ("x changed",)
    (found,) = decided([task(tmp_path, A, (("x", "2"),))], replace(context, packaging=Packaging()))
    assert found.reasons == ("x changed",)


def test_a_git_source_says_where_from_and_where_to(tmp_path: Path) -> None:
    source = "source 1, git https://example.org/x.git"
    one = task(tmp_path, A, ((source, f"commit {'b' * 40}"),))
    before = ((source, f"commit {'a' * 40}"),)
    assert said([one], {"old": A_FILE}, {A_FILE: before}) == [
        (TaskState.BUILD, (f"{source} moved from aaaaaaaaaaaa to bbbbbbbbbbbb",), None)
    ]


def test_a_package_in_whose_work_folder_another_goes_on_is_not_reused(tmp_path: Path) -> None:
    """As far as that one is built; and what comes before it in its turn."""
    c_id = "linux-64/c-1-h0_0"

    def after(package: Package, before: str) -> Task:
        made = task(tmp_path, package, (("name", package.name),), before)
        return replace(made, rendering=replace(made.rendering, follows=before))

    tasks = [task(tmp_path, A, (("x", "1"),)), after(B, A_ID), after(Package(name="c"), B_ID)]
    known = {one.recipe_key: f"{one.id}.conda" for one in tasks}
    found = decided(tasks, replace(CONTEXT, known=known))
    assert [(one.state, one.followed) for one in found] == [(TaskState.REUSE, False)] * 3
    del known[tasks[2].recipe_key]
    found = decided(tasks, replace(CONTEXT, known=known))
    assert [(one.state, one.followed) for one in found] == [
        (TaskState.BUILD, True), (TaskState.BUILD, True), (TaskState.BUILD, False),
    ]  # fmt: skip
    assert found[0].reasons == (f"{B_ID} goes on in its work folder",)
    assert found[1].reasons == (f"{c_id} goes on in its work folder",)
    assert found[2].reasons == ("it is not in the channel yet",)
