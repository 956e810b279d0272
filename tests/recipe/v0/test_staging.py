"""What outputs of a ``meta.yaml`` share: order, scripts, files, environments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.recipe import Build, GlobList, Inherit, Output, PathSource, Requirements, RunExports, Script
from builder.model.rendering import Platforms
from builder.recipe.v0 import Metadata, Scope
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.script import NOTHING
from builder.recipe.v0.staging import (
    Share,
    as_staging,
    files_of,
    in_order,
    is_divided,
    is_merged,
    share_of,
    work_of_recipe,
)
from builder.syntax.legacy.data import Plain
from tests.recipe.v0.test_script import outputs, recipe_of

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
CROSS = Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-64")
HERE = Scope({}, LINUX, {})


def metadata_of(name: str, requirements: Mapping[str, list[str]], **build: bool | str) -> Metadata:
    """What a recipe comes to that says nothing else."""
    needs: dict[str, Plain] = {kind: list(specs) for kind, specs in requirements.items()}
    return Metadata(sections={"package": {"name": name}, "requirements": needs, "build": dict(build)})


def named(name: str, **requirements: list[str]) -> OutputMetadata:
    """An output with these requirements."""
    return OutputMetadata(metadata=metadata_of(name, requirements), entry={})


def test_outputs_come_by_name_and_after_what_they_need() -> None:
    assert in_order([named("b"), named("a"), named("c")]) == ("a", "b", "c")
    assert in_order([named("a", run=["z"]), named("m", host=["a 1.*"]), named("z")]) == ("z", "a", "m")
    assert in_order([named("a", run=["elsewhere"]), named("b", run=["b"])]) == ("a", "b")


def test_levels_come_one_after_the_other() -> None:
    """What is free at once comes before whatever waits, though its name be the last."""
    assert in_order([named("a", run=["x"]), named("x"), named("z")]) == ("x", "z", "a")


def test_what_is_only_needed_to_build_counts_without_a_host_section() -> None:
    assert in_order([named("a", build=["b"]), named("b")]) == ("b", "a")
    assert in_order([named("a", build=["b"], host=["zlib"]), named("b")]) == ("a", "b")


def test_all_variants_of_an_output_count() -> None:
    assert in_order([named("a"), named("a", run=["b"]), named("b")]) == ("b", "a")


def test_outputs_that_need_each_other_come_last() -> None:
    assert in_order([named("a", run=["b"]), named("b", run=["a"]), named("z")]) == ("z", "a", "b")


@given(st.dictionaries(st.sampled_from("abcdefg"), st.sets(st.sampled_from("abcdefg")), min_size=1))
def test_each_output_comes_once(needs: dict[str, set[str]]) -> None:
    order = in_order([named(name, run=sorted(others)) for name, others in needs.items()])
    assert sorted(order) == sorted(needs)
    if any(name in reached(needs, name) for name in needs):
        return
    for name, others in needs.items():
        for other in others & set(needs):
            assert order.index(other) < order.index(name)


def reached(needs: dict[str, set[str]], start: str) -> set[str]:
    """Everything that ``start`` needs, at once or through others."""
    found: set[str] = set()
    pending = [start]
    while pending:
        for other in needs.get(pending.pop(), set()) - found:
            found.add(other)
            pending.append(other)
    return found


@pytest.mark.parametrize(
    ("text", "divided"),
    [
        ("", False),
        ("outputs:\n  - name: top\n", False),
        ("outputs:\n  - name: top\n    files:\n      - bin/a\n", False),
        ("outputs:\n  - name: top\n    script: own.sh\n", True),
        ("outputs:\n  - name: top\n    build: {script: own}\n", True),
        ("outputs:\n  - name: other\n", True),
        ("outputs:\n  - name: top\n  - name: other\n", True),
    ],
)
def test_a_recipe_is_divided_by_more_than_its_own_name(tmp_path: Path, text: str, divided: bool) -> None:
    recipe, _ = recipe_of(tmp_path, "package: {name: top, version: '1'}\n" + text)
    assert is_divided(recipe, list(outputs(recipe).values())) is divided


DIVIDED = """
package: {name: top, version: '1'}
outputs:
  - name: top
  - name: files
    files:
      - lib/*
  - name: script
    script: own.sh
  - name: both
    script: own.sh
    files: {include: lib, exclude: [lib/a, lib/b]}
  - name: nothing
"""
OWN = Script(file="own.sh", strict=False)
LIB = GlobList(include=("lib/*",), by_folder=True)
PART = GlobList(include=("lib",), exclude=("lib/a", "lib/b"), by_folder=True)


@pytest.mark.parametrize(
    ("name", "first", "script", "files", "packed"),
    [
        ("top", True, NOTHING, GlobList(), True),
        ("top", False, NOTHING, GlobList(), False),
        ("files", True, NOTHING, LIB, True),
        ("script", True, OWN, GlobList(), False),
        ("both", False, OWN, PART, True),
        ("nothing", True, NOTHING, GlobList(), False),
    ],
)
def test_what_each_output_runs_and_takes(
    tmp_path: Path, name: str, first: bool, script: Script, files: GlobList, packed: bool
) -> None:
    recipe, _ = recipe_of(tmp_path, DIVIDED)
    output = outputs(recipe)[name]
    share = share_of(output, recipe, HERE, staging="top", first=first)
    inherit = Inherit(staging="top", run_exports=False, packed=packed)
    assert share == Share(script=script, files=files, inherit=inherit, merged=True)
    assert share.works is (script == OWN)
    alone = share_of(output, recipe, HERE, staging=None, first=first)
    assert alone == Share(script=script, files=files, inherit=None, merged=True)


def test_sources_are_those_of_the_staging_output_if_there_is_one() -> None:
    source = (PathSource(path="src"),)
    output = Output(kind="package", name="a", version="1", source=source)
    inherit = Inherit(staging="top", run_exports=False)
    assert Share(script=OWN, inherit=inherit).of(output).source == ()
    alone = Share(script=OWN, files=LIB, merged=True).of(output)
    assert (alone.source, alone.inherit) == (source, None)
    build = alone.build
    assert (build.script, build.files, build.merge_build_and_host_envs) == (OWN, LIB, True)
    assert build.build_exports_as_host is True


@pytest.mark.parametrize(
    ("requirements", "said", "merged"),
    [
        ({"build": ["python"]}, None, True),
        ({}, None, True),
        ({"build": ["python"], "host": []}, None, False),
        ({"build": ["gcc_linux-64 12.*"]}, None, False),
        ({"build": ["gcc_linux-64 12.*"]}, True, True),
        ({"build": ["python"]}, False, False),
        ({"build": ["python"]}, "yes", True),
    ],
)
def test_build_and_host_are_one_without_host_and_compiler(
    requirements: dict[str, list[str]], said: bool | str | None, merged: bool
) -> None:
    build = {} if said is None else {"merge_build_host": said}
    assert is_merged(metadata_of("a", requirements, **build), HERE) is merged


def test_what_is_built_for_another_platform_has_two_environments() -> None:
    metadata = metadata_of("a", {"build": ["python"]})
    assert is_merged(metadata, HERE) is True
    assert is_merged(metadata, Scope({}, CROSS, {})) is False


def test_the_recipes_own_work_needs_what_its_output_of_that_name_does(tmp_path: Path) -> None:
    text = """
package: {name: top, version: '1'}
requirements: {build: [make], host: [zlib, other], run: [zlib]}
outputs:
  - name: other
    requirements: [snappy]
"""
    recipe, _ = recipe_of(tmp_path, text)
    scope = Scope({"zlib": "1.3"}, LINUX, {})
    alone = work_of_recipe(recipe, list(outputs(recipe).values()), scope).metadata
    assert alone.section("requirements") == {"build": ["make"], "host": ["zlib 1.3.*"]}
    assert "outputs" not in alone.sections
    own, _ = recipe_of(tmp_path, text + "  - name: top\n    requirements: {host: [xz, other]}\n")
    needed = work_of_recipe(own, list(outputs(own).values()), scope).metadata
    assert needed.section("requirements") == {"build": ["make"], "host": ["xz"]}, "no output is there yet"


def test_a_staging_output_has_nothing_of_a_package() -> None:
    needs = Requirements(build=("make",), run=("zlib",), run_exports=RunExports(weak=("a",)))
    build = Build(noarch="python", files=LIB, number=3)
    output = Output(kind="package", name="top", version="1", build=build, requirements=needs)
    found = as_staging(output, OWN, merged=False)
    assert (found.kind, found.build.script, found.build.noarch, found.build.files) == ("staging", OWN, None, GlobList())
    assert found.requirements == Requirements(build=("make",))
    assert (found.build.number, found.tests, found.inherit) == (3, (), None)


def test_files_are_patterns_or_say_what_does_not_count() -> None:
    assert files_of(None) == GlobList()
    assert files_of("lib/*") == LIB
    assert files_of(["lib/*"]) == LIB
    assert files_of({"include": "lib", "exclude": ["lib/a", "lib/b"]}) == PART
    assert files_of({"exclude": ["lib"]}) == GlobList(exclude=("lib",), by_folder=True)
