"""Collecting and refusing run exports."""

from __future__ import annotations

import pytest

from builder.environment.run_exports import Unwanted, collected, unique
from builder.errors import UsageError
from builder.model.environment import DependencyOrigin, RunDependency
from builder.model.recipe import Build, IgnoreRunExports, Output, PythonBuild, Requirements

ALL = Unwanted(names=frozenset(), packages=frozenset())
ORIGIN = DependencyOrigin.HOST_RUN_EXPORT


def dependency(spec: str, source: str = "", origin: DependencyOrigin = ORIGIN) -> RunDependency:
    return RunDependency(spec=spec, origin=origin, source=source)


def test_by_kind_and_sorted_by_the_exporting_package() -> None:
    found = collected(
        {
            "zlib": {"weak": ["libzlib>=1.2", "b =1"], "noarch": ["n"]},
            "a": {"weak": ["a >=1"], "strong_constrains": ["c <2"]},
        },
        ORIGIN,
        ALL,
    )
    assert found.weak == (dependency("a >=1", "a"), dependency("libzlib >=1.2", "zlib"), dependency("b 1.*", "zlib"))
    assert found.noarch == (dependency("n", "zlib"),)
    assert found.strong_constrains == (dependency("c <2", "a"),)
    assert (found.strong, found.weak_constrains) == ((), ())


def test_unknown_kinds_are_nothing() -> None:
    assert collected({"a": {"weird": ["x"]}}, ORIGIN, ALL) == collected({}, ORIGIN, ALL)


def test_ignoring() -> None:
    output = Output(
        kind="package", name="x", version="1",
        requirements=Requirements(ignore_run_exports=IgnoreRunExports(by_name=("LibZ",), from_package=("gcc",))),
    )  # fmt: skip
    unwanted = Unwanted.of(output)
    found = collected({"gcc": {"strong": ["libgcc"]}, "z": {"strong": ["libz >=1", "other"]}}, ORIGIN, unwanted)
    assert [one.spec for one in found.strong] == ["other"]
    assert not unwanted.wants(dependency("anything", "gcc"))
    assert unwanted.wants(dependency("gcc", "other"))


def test_what_works_with_every_python_takes_nothing_of_python() -> None:
    output = Output(kind="package", name="x", version="1", build=Build(python=PythonBuild(version_independent=True)))
    unwanted = Unwanted.of(output)
    exports = {"python": {"weak": ["python_abi 3.12.*"]}, "python-abi3": {"weak": ["cpython >=3.9", "python >=3.9"]}}
    assert [one.spec for one in collected(exports, ORIGIN, unwanted).weak] == ["cpython >=3.9"]


@pytest.mark.parametrize("text", ["zlib >1 <2", "", "a b c d"])
def test_a_run_export_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError, match="zlib has a run export that cannot be read") as caught:
        collected({"zlib": {"weak": [text]}}, ORIGIN, ALL)
    assert "ignore the run exports of zlib" in (caught.value.problems[0].remedy or "")


def test_unique_keeps_the_first() -> None:
    first, second = dependency("a", origin=DependencyOrigin.RECIPE), dependency("b")
    assert unique([first, second, dependency("a", "late"), dependency("b", "late")]) == (first, second)
    assert unique([first, second, dependency("a", "late")]) == (first, second)
    assert unique([]) == ()
