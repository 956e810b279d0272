"""Which file of the recipe's folder a script is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builder.model.recipe import Build, DownstreamTest, Inherit, Script, ScriptTest
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.script.files import shell_of, with_files
from tests.script.conftest import rendering


def here(folder: Path, script: Script, files: Sequence[str], *, platform: str = "linux-64") -> Rendering:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    made = rendering()
    return replace(
        made,
        recipe=RecipeFile(path=folder / "recipe.yaml", folder=folder),
        output=replace(made.output, build=Build(script=script)),
        platforms=Platforms(target=platform, host=platform, build="linux-64"),
    )


def found(folder: Path, script: Script, *files: str, platform: str = "linux-64") -> Script:
    return with_files(here(folder, script, files, platform=platform)).output.build.script


@pytest.mark.parametrize(
    ("content", "files", "file"),
    [
        ("build", ["build.sh"], "build.sh"),
        ("build.py", ["build.py"], "build.py"),
        (" build.py\n", ["build.py"], "build.py"),
        ("sub/go", ["sub/go.sh"], "sub/go.sh"),
        ("build", ["build.py"], None),
        ("build", ["build"], None),
        ("build", ["build.bat"], None),
        ("build.py", [], None),
        ("make install", ["make install.sh"], None),
        ("../build.sh", [], None),
        ("", ["build.sh"], None),
    ],
)
def test_a_line_alone_is_a_file_if_there_is_one(
    tmp_path: Path, content: str, files: list[str], file: str | None
) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "build.sh").write_text("x")
    script = Script(content=(content,))
    assert found(tmp_path / "r", script, *files) == (script if file is None else Script(file=file))


@pytest.mark.parametrize(
    "script",
    [
        Script(content=("build", "build")),
        Script(content=()),
        Script(content=("build",), interpreter="bash"),
        Script(content=("build",), env=(("A", "1"),)),
        Script(content=("build",), cwd="x"),
        Script(content=("build",), secrets=("A",)),
    ],
    ids=str,
)
def test_a_script_that_says_more_is_commands(tmp_path: Path, script: Script) -> None:
    assert found(tmp_path, script, "build.sh") == script


@pytest.mark.parametrize(
    ("script", "files", "file"),
    [
        (Script(file="go"), ["go.sh", "go"], "go.sh"),
        (Script(file="go"), ["go"], "go"),
        (Script(file="go"), [], "go"),
        (Script(file="go", interpreter="python"), ["go.sh", "go.py"], "go.py"),
        (Script(file="go", interpreter="rscript"), ["go.R"], "go.R"),
        (Script(file="go", interpreter="python"), ["go.sh"], "go.sh"),
        (Script(file="go", interpreter="nobody"), ["go.sh"], "go.sh"),
        (Script(file="go.in"), ["go.in.sh"], "go.in"),
    ],
    ids=str,
)
def test_a_file_may_lack_its_suffix(tmp_path: Path, script: Script, files: list[str], file: str) -> None:
    assert found(tmp_path, script, *files) == replace(script, file=file)


@pytest.mark.parametrize(
    ("platform", "files", "file"),
    [
        ("linux-64", ["build.sh", "build.bat"], "build.sh"),
        ("osx-arm64", ["build.sh"], "build.sh"),
        ("linux-64", ["build.bat", "build.py"], None),
        ("win-64", ["build.sh", "build.bat", "build.ps1"], "build.bat"),
        ("win-64", ["build.sh", "build.ps1"], "build.ps1"),
        ("win-64", ["build.sh"], None),
    ],
)
def test_without_a_script_there_is_the_usual_one(
    tmp_path: Path, platform: str, files: list[str], file: str | None
) -> None:
    assert found(tmp_path, Script(), *files, platform=platform) == Script(file=file)


def test_the_usual_one_keeps_what_the_recipe_says_of_it(tmp_path: Path) -> None:
    script = Script(env=(("A", "1"),), cwd="sub", secrets=("T",), interpreter="bash")
    assert found(tmp_path, script, "build.sh") == replace(script, file="build.sh")


def test_what_takes_files_from_another_output_runs_only_what_it_names(tmp_path: Path) -> None:
    made = here(tmp_path, Script(), ["build.sh"])
    heir = replace(made, output=replace(made.output, inherit=Inherit(staging="base")))
    assert with_files(heir).output.build.script == Script()


def test_tests_have_files_too_and_no_usual_one(tmp_path: Path) -> None:
    tests = (
        ScriptTest(script=Script(content=("try.py",))),
        ScriptTest(script=Script()),
        DownstreamTest(downstream="x"),
    )
    made = here(tmp_path, Script(), ["build.sh", "try.py"])
    scripts = with_files(replace(made, output=replace(made.output, tests=tests))).output.tests
    assert scripts == (ScriptTest(script=Script(file="try.py")), *tests[1:])


def test_twice_is_once(tmp_path: Path) -> None:
    once = with_files(here(tmp_path, Script(content=("build",)), ["build.sh"]))
    assert with_files(once) == once


@pytest.mark.parametrize(("platform", "shell"), [("linux-64", "bash"), ("osx-64", "bash"), ("win-arm64", "cmd")])
def test_the_shell_is_the_targets(tmp_path: Path, platform: str, shell: str) -> None:
    assert shell_of(here(tmp_path, Script(), [], platform=platform)) == shell
