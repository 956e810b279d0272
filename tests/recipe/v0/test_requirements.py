"""``requirements`` of a ``meta.yaml``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.match_spec import MatchSpec
from builder.model.recipe import Requirements, RunExports
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.requirements import _ORDINARY, requirements_of, run_exports_of
from builder.syntax.legacy.data import Plain


def keys(section: str, data: dict[str, Plain]) -> Keys:
    return Keys(data=data, path=section, remarks=Remarks(file="meta.yaml"))


def read(requirements: dict[str, Plain], build: dict[str, Plain] | None = None) -> tuple[Requirements, Remarks]:
    section = keys("requirements", requirements)
    return requirements_of(section, Keys(data=build or {}, path="build", remarks=section.remarks)), section.remarks


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a", RunExports(weak=("a",))),
        (["a", "b"], RunExports(weak=("a", "b"))),
        (None, RunExports()),
        ({"weak": None}, RunExports()),
        (
            {"weak": "a", "strong": ["b"], "weak_constrains": "c", "strong_constrains": ["d"], "noarch": "e"},
            RunExports(weak=("a",), strong=("b",), weak_constraints=("c",), strong_constraints=("d",), noarch=("e",)),
        ),
    ],
)
def test_run_exports_in_every_form(written: Plain, expected: RunExports) -> None:
    build = keys("build", {"run_exports": written})
    assert run_exports_of(build) == expected
    assert not build.remarks.problems


def test_an_unknown_kind_of_run_exports_is_a_warning() -> None:
    build = keys("build", {"run_exports": {"week": ["a"]}})
    assert not run_exports_of(build)
    assert [warning.message for warning in build.remarks.warnings] == ["build.run_exports.week is not a key of recipes"]


def test_a_bare_version_stands_for_all_that_start_with_it_where_solvers_read_it() -> None:
    found, remarks = read({
        "build": "cmake 3.20",
        "host": ["zlib 1.2", "python 3.12.* *_cpython", "numpy x.x", "a 1.0 h0_1"],
        "run": ["zlib 1.2", "b >=1"],
        "run_constrained": ["c 1.2"],
    })  # fmt: skip
    assert found.build == ("cmake 3.20.*",)
    assert found.host == ("zlib 1.2.*", "python 3.12.* *_cpython", "numpy x.x", "a 1.0 h0_1")
    assert found.run == ("zlib 1.2.*", "b >=1")
    assert found.run_constraints == ("c 1.2",)
    assert not remarks.problems


def test_requirements_are_shown_as_they_are_written() -> None:
    found, _ = read({"host": ["zlib 1.2"], "run": "a"})
    assert found.shown == (("build", ()), ("host", ("zlib 1.2",)), ("run", ("a",)), ("run_constraints", ()))


def test_what_no_solver_can_read_is_a_problem_for_each() -> None:
    found, remarks = read({"run": ["good", "a <", "b >=1,,<2", "c [x"], "host": [{"pip": "x"}]})
    assert found.run == ("good",)
    assert [problem.code for problem in remarks.problems] == [
        "recipe.wrong-shape",
        "recipe.spec",
        "recipe.spec",
        "recipe.spec",
    ]
    assert all(problem.remedy for problem in remarks.problems)


def test_ignored_run_exports_by_name_and_by_package() -> None:
    found, _ = read({}, {"ignore_run_exports": "a", "ignore_run_exports_from": ["b", "c"]})
    assert found.ignore_run_exports.by_name == ("a",)
    assert found.ignore_run_exports.from_package == ("b", "c")


def test_conflicts_have_no_effect_and_other_kinds_are_unknown() -> None:
    _, remarks = read({"conflicts": ["a"], "tests": ["b"]})
    assert [warning.code for warning in remarks.warnings] == ["recipe.unknown-key", "recipe.ignored"]


@given(st.from_regex(_ORDINARY, fullmatch=True))
def test_what_looks_ordinary_can_be_read(spec: str) -> None:
    MatchSpec.parse(spec)
