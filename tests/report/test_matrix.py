"""The matrix that ends a build: which columns it has, what stands in its cells, when there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.outcome import Ending, Outcome
from builder.model.recipe import Build, VariantKeys
from builder.model.rendering import Sibling
from builder.model.task import Plan, Task
from builder.model.variant import Variant, VariantValue
from builder.report.matrix import matrix
from tests.report.values import rendering

GCC = {"c_compiler": "gcc", "c_compiler_version": "12"}
CLANG = {"c_compiler": "clang", "c_compiler_version": "19"}
GXX = {"cxx_compiler": "gxx", "cxx_compiler_version": "12"}
CLANGXX = {"cxx_compiler": "clangxx", "cxx_compiler_version": "19"}


def task(
    name: str,
    variant: Mapping[str, VariantValue],
    *,
    version: str = "1.0",
    down: int = 0,
    sibling: str = "",
    build: str = "",
) -> Task:
    """A package of ``name`` for one variant; the build string of its ``sibling`` is a key too."""
    made = rendering(name, version=version)
    build = build or f"h{hashlib.sha256(repr(variant).encode()).hexdigest()[:7]}_0"
    key = {sibling.replace("-", "_"): f"1.0 {build}"} if sibling else {}
    made = replace(
        made,
        build_string=build,
        variant=Variant.of({"target_platform": "linux-64", **variant, **key}),
        output=replace(made.output, build=Build(variant=VariantKeys(down_prioritize_variant=down))),
        siblings=(Sibling(name=sibling, version="1.0", build_string=build),) if sibling else (),
    )
    return Task(id=made.identity, rendering=made, recipe_key="k")


def shown(*tasks: Task, endings: Mapping[str, Ending] | None = None) -> list[str]:
    """The matrix of these tasks, all built unless ``endings`` says otherwise by id; the rule is left out."""
    known = endings or {}
    outcomes = [Outcome(task_id=one.id, ending=known.get(one.id, Ending.BUILT)) for one in tasks]
    return [line for line in matrix(Plan(tasks=tasks), outcomes) if not line.startswith("─")]


def test_zipped_keys_are_one_line_of_the_heading() -> None:
    assert shown(
        task("zlib", GCC),
        task("zlib", CLANG, down=1),
        task("snappy", GCC | GXX),
        task("snappy", CLANG | CLANGXX, down=1),
    ) == [
        "c_compiler  gcc 12  clang 19",
        "snappy 1.0  built   built",
        "zlib 1.0    built   built",
    ]


def test_how_each_package_ended_stands_in_its_cell() -> None:
    tasks = [task(name, variant) for name in ("a", "b") for variant in (CLANG, GCC)]
    endings = dict(zip((one.id for one in tasks), (Ending.REUSED, Ending.FAILED, Ending.BLOCKED), strict=False))
    assert shown(*tasks, endings=endings)[1:] == ["a 1.0       reused    failed", "b 1.0       blocked   built"]


def test_what_solvers_prefer_comes_first() -> None:
    assert shown(task("a", CLANG, down=1), task("a", GCC))[0].split() == ["c_compiler", "gcc", "12", "clang", "19"]
    assert shown(task("a", CLANG), task("a", GCC, down=1))[0].split() == ["c_compiler", "clang", "19", "gcc", "12"]
    assert shown(*(task("a", {"python": v}) for v in ("3.10", "3.9")))[0].split() == ["python", "3.9", "3.10"]


def test_keys_that_vary_independently_have_a_line_each() -> None:
    tasks = [task("a", {**compiler, "python": python}) for python in ("3.12", "3.13") for compiler in (GCC, CLANG)]
    assert [line.split("  ")[0] for line in shown(*tasks)] == ["c_compiler", "python", "a 1.0"]
    assert shown(*tasks)[1].split() == ["python", "3.12", "3.13", "3.12", "3.13"]


def test_a_package_that_does_not_use_a_key_is_shown_once() -> None:
    both = [task("a", {**compiler, "level": level}) for compiler in (GCC, CLANG) for level in (1, 3)]
    lines = shown(*both, task("b", {"level": 1}), task("b", {"level": 3}))
    assert [line.split() for line in lines] == [
        ["c_compiler", "clang", "19", "clang", "19", "gcc", "12", "gcc", "12"],
        ["level", "1", "3", "1", "3"],
        ["a", "1.0", "built", "built", "built", "built"],
        ["b", "1.0", "built", "built", "←", "←"],
    ]


def test_a_combination_that_is_not_built_is_a_dash() -> None:
    lines = shown(*(task("a", one) for one in (GCC, CLANG)), *(task("b", {"c_compiler": c}) for c in ("gcc", "icc")))
    assert [line.split() for line in lines] == [
        ["c_compiler", "clang", "19", "gcc", "12", "icc"],
        ["a", "1.0", "built", "built", "–"],
        ["b", "1.0", "–", "built", "built"],
    ]


def test_two_versions_of_one_compiler_are_told_by_the_version() -> None:
    tasks = [
        task("a", {"c_compiler": c, "c_compiler_version": v})
        for c, v in (("gcc", "12"), ("gcc", "13"), ("clang", "19"))
    ]
    assert shown(*tasks)[0].split() == ["c_compiler", "clang", "19", "gcc", "12", "gcc", "13"]


def test_the_build_strings_of_siblings_are_no_axis() -> None:
    lines = shown(*(task("base64", variant, sibling="lib-base64") for variant in (GCC, CLANG)))
    assert lines[0].split() == ["c_compiler", "clang", "19", "gcc", "12"]
    assert len(lines) == 2


def test_they_are_one_where_nothing_else_differs() -> None:
    tasks = [task("meta", {}, sibling="lib", build=build) for build in ("h1_0", "h2_0")]
    assert shown(*tasks)[0].split() == ["lib", "1.0", "h1_0", "1.0", "h2_0"]
    assert sum(line.count("built") for line in shown(*tasks)) == 2


def test_a_key_that_only_one_variant_uses_is_a_dash_for_the_other() -> None:
    assert shown(task("a", {}), task("a", {"cuda": "12"}))[0].split() in (["cuda", "–", "12"], ["cuda", "12", "–"])


def test_versions_that_differ_are_no_part_of_the_name() -> None:
    lines = shown(*(task("sysroot", {"glibc": v}, version=v) for v in ("2.31", "2.36")))
    assert [line.split() for line in lines] == [["glibc", "2.31", "2.36"], ["sysroot", "built", "built"]]


def test_what_would_steer_a_terminal_does_not() -> None:
    assert "\x1b" not in "".join(shown(*(task("a", {"colour": f"\x1b[31m{name}"}) for name in ("red", "blue"))))


@pytest.mark.parametrize("tasks", [(), (task("a", GCC), task("b", CLANG))], ids=["nothing", "one variant each"])
def test_without_a_second_variant_there_is_no_matrix(tasks: tuple[Task, ...]) -> None:
    assert shown(*tasks) == []


def test_staging_outputs_and_tasks_without_an_end_are_left_out() -> None:
    staged = [replace(one, rendering=replace(one.rendering, output=replace(one.rendering.output, kind="staging")))
              for one in (task("a", GCC), task("a", CLANG))]  # fmt: skip
    assert shown(*staged) == []
    assert matrix(Plan(tasks=(task("a", GCC), task("a", CLANG))), []) == ()


def test_columns_that_do_not_fit_go_below() -> None:
    lines = shown(*(task("a", {"python": f"3.{minor}.* *_cpython"}) for minor in range(20)))
    assert max(map(len, lines)) <= 110
    assert [line.split()[0] for line in lines if line] == ["python", "a"] * 4
    assert lines.count("") == 3
    assert sum(line.count("built") for line in lines) == 20


def test_what_nobody_can_look_at_is_one_line() -> None:
    tasks = [task("a", {"level": number}) for number in range(2000)]
    assert shown(*tasks) == ["2000 variants of one package are too many for a matrix"]
    assert shown(*tasks[:65]) == ["65 variants of one package are too many for a matrix"]
    assert sum(line.count("built") for line in shown(*tasks[:64])) == 64


VARIANTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"))


@given(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), VARIANTS), max_size=12))
def test_every_package_has_exactly_one_cell(wanted: list[tuple[str, dict[str, str]]]) -> None:
    """Of the outputs with more than one variant; whatever keys each of them uses."""
    packages = {(name, tuple(sorted(variant.items()))): task(name, variant) for name, variant in wanted}
    names = [name for name, _ in packages]
    several = [name for name in names if names.count(name) > 1]
    lines = shown(*packages.values())
    for name in set(names):
        cells = [line.split()[2:] for line in lines if line.startswith(f"{name} 1.0")]
        assert sum(row.count("built") for row in cells) == several.count(name)
