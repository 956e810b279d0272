"""Globs that cannot be read are the recipe's mistake, told all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.recipe import (
    About,
    Build,
    DynamicLinking,
    GlobList,
    Output,
    PostProcess,
    PrefixDetection,
    PythonBuild,
)
from builder.payload import select
from builder.payload.globs import check_globs
from tests.payload.prefix import context, installed, package

BAD = GlobList(include=("lib/[",))
EVERYWHERE: dict[str, Output] = {
    "build.files": package(build=Build(files=BAD)),
    "build.always_include_files": package(build=Build(always_include_files=BAD)),
    "build.always_copy_files": package(build=Build(always_copy_files=GlobList(exclude=("{",)))),
    "build.prefix_detection.ignore": package(build=Build(prefix_detection=PrefixDetection(ignore=BAD))),
    "build.prefix_detection.force_file_type.text": package(
        build=Build(prefix_detection=PrefixDetection(force_text=BAD))
    ),
    "build.dynamic_linking.rpath_allowlist": package(build=Build(dynamic_linking=DynamicLinking(rpath_allowlist=BAD))),
    "build.dynamic_linking.binary_relocation": package(
        build=Build(dynamic_linking=DynamicLinking(binary_relocation=BAD))
    ),
    "build.python.skip_pyc_compilation": package(build=Build(python=PythonBuild(skip_pyc_compilation=("a[",)))),
    "build.post_process": package(build=Build(post_process=(PostProcess(files=BAD, regex="a", replacement="b"),))),
    "about.license_file": package(about=About(license_file=("COPYING[",))),
}


@pytest.mark.parametrize("where", EVERYWHERE)
def test_each_list_is_read(where: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_globs(EVERYWHERE[where])
    (problem,) = caught.value.problems
    assert problem.code == "recipe.glob"
    assert problem.message.startswith(f"{where} of demo: ")


def test_all_mistakes_are_told_at_once() -> None:
    output = package(build=Build(files=BAD, always_copy_files=BAD), about=About(license_file=("x{",)))
    with pytest.raises(RecipeError) as caught:
        check_globs(output)
    assert len(caught.value.problems) == 3


def test_selection_refuses_them_before_it_does_anything(tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        select(installed(tmp_path / "prefix", {"a": "a"}), EVERYWHERE["build.post_process"], context(tmp_path))
    assert not (tmp_path / "scratch").exists()


def test_good_lists_and_switches_pass() -> None:
    check_globs(package())
    detection = PrefixDetection(ignore=True, ignore_binary_files=GlobList(include=("**/*.{a,b}",)))
    check_globs(package(build=Build(prefix_detection=detection, files=GlobList(exclude=("x",)))))
