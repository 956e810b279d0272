"""From what a script left to a package file: selection, checks, test files, what the package says of itself."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import OpenPackage, read_package
from builder.model.outcome import Outcome
from builder.model.recipe import Build, GlobList, PathSource, Script, ScriptTest
from builder.model.task import Task
from builder.pipeline.packing import _test_files
from tests.pipeline.making import Stage, installs


def opened(stage: Stage, outcome: Outcome) -> OpenPackage:
    assert outcome.package is not None, outcome.problems
    return read_package(outcome.package.path)


def paths(package: OpenPackage) -> list[str]:
    return [str(entry["_path"]) for entry in package.paths()]


def test_a_package_holds_what_its_script_left_and_nothing_of_the_machine(stage: Stage) -> None:
    stage.sandbox = installs({"share/b.txt": b"b", "share/a.txt": b"a"}, work={"left.o": b"x"})
    package = opened(stage, stage.run())
    assert paths(package) == ["share/a.txt", "share/b.txt"]
    texts = b"".join(package.read_info(name) for name in package.info_files())
    assert str(stage.folder).encode() not in texts


@pytest.mark.parametrize(("sealed", "digest"), [(True, "d" * 64), (False, None)])
def test_a_package_says_whether_it_was_sealed_and_in_which_root(stage: Stage, sealed: bool, digest: str | None) -> None:
    stage.sandbox = replace(installs({"share/a.txt": b"a"}), sealed=sealed)
    said = json.loads(opened(stage, stage.run()).read_info("bakehouse/keys.json"))
    assert said["sealed"] is sealed
    assert said["recipe_key"] == "r" * 64
    assert [value for value in said.values() if value == "d" * 64] == ([digest] if digest else [])


def test_the_time_of_a_package_is_the_users(stage: Stage) -> None:
    stage.sandbox = installs({"share/a.txt": b"a"})
    assert opened(stage, stage.run(epoch=1_700_000_000)).index()["timestamp"] == 1_700_000_000_000


def test_sources_are_named_with_their_digests(stage: Stage) -> None:
    stage.sandbox = installs({"share/a.txt": b"a"})
    rendering = stage.rendering(source=(PathSource(path="flour.txt"),))
    (rendering.recipe.folder / "flour.txt").write_bytes(b"flour")
    package = opened(stage, stage.run(stage.task(rendering)))
    texts = [package.read_info(name).decode() for name in package.info_files() if name.startswith("bakehouse/")]
    assert any("flour.txt" in text for text in texts)


# -- files of tests ----------------------------------------------------------------------------------------------------


def recipe_with(
    stage: Stage, *tests: ScriptTest, layers: tuple[Mapping[str, str], ...], recipe: Mapping[str, str]
) -> Task:
    rendering = stage.rendering(tests=tests)
    folders = [*((stage.folder / f"layer-{number}", files) for number, files in enumerate(layers))]
    for folder, files in (*folders, (rendering.recipe.folder, recipe)):
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return stage.task(rendering)


def collected(stage: Stage, task: Task, layers: int) -> dict[tuple[int, str], str]:
    folders = [stage.folder / f"layer-{number}" for number in range(layers)]
    found = list(_test_files(stage.work(task), folders))
    assert all(isinstance(file.content, Path) for file in found)
    return {(file.test, file.path): Path(file.content).read_text() for file in found}


def script_test(
    source: tuple[str, ...] = (), recipe: tuple[str, ...] = (), exclude: tuple[str, ...] = ()
) -> ScriptTest:
    return ScriptTest(
        script=Script(content=("try",)),
        source_files=GlobList(include=source, exclude=exclude),
        recipe_files=GlobList(include=recipe),
    )


def test_files_come_from_work_and_recipe(stage: Stage) -> None:
    test = script_test(("tests/",), ("*.sh",))
    task = recipe_with(
        stage, test, layers=({"tests/a.py": "a", "src/b.py": "b"},), recipe={"run.sh": "run", "build.txt": "no"}
    )
    assert collected(stage, task, 1) == {(0, "tests/a.py"): "a", (0, "run.sh"): "run"}


def test_the_uppermost_layer_counts(stage: Stage) -> None:
    test = script_test(("**/*.txt",))
    task = recipe_with(stage, test, layers=({"a.txt": "changed"}, {"a.txt": "as it came", "d/b.txt": "b"}), recipe={})
    assert collected(stage, task, 2) == {(0, "a.txt"): "changed", (0, "d/b.txt"): "b"}


def test_each_test_has_its_own_and_tests_without_globs_have_none(stage: Stage) -> None:
    tests = (script_test(), script_test(("a*",)), script_test(("*",), exclude=("a*",)))
    task = recipe_with(stage, *tests, layers=({"a1": "1", "b1": "2"},), recipe={"a2": "3"})
    assert collected(stage, task, 1) == {(1, "a1"): "1", (2, "b1"): "2"}


def test_links_are_no_test_files_and_executables_stay_so(stage: Stage) -> None:
    task = recipe_with(stage, script_test(("*",)), layers=({"run": "x", "data": "y"},), recipe={})
    layer = stage.folder / "layer-0"
    (layer / "run").chmod(0o755)
    (layer / "link").symlink_to("/etc/passwd")
    os.mkfifo(layer / "fifo")
    found = {file.path: file.executable for file in _test_files(stage.work(task), [layer])}
    assert found == {"run": True, "data": False}


def test_a_script_may_write_the_tests_files(stage: Stage) -> None:
    stage.sandbox = installs({"share/a.txt": b"a"}, work={"tests/made.txt": b"made by the script"})
    rendering = stage.rendering(tests=(script_test(("tests/",)),), build=Build(script=Script(content=("make",))))
    package = opened(stage, stage.run(stage.task(rendering)))
    (name,) = [name for name in package.info_files() if name.endswith("made.txt")]
    assert package.read_info(name) == b"made by the script"
