"""Names of the session, written for the shell that runs the script."""

from __future__ import annotations

import subprocess

import pytest

from builder.model.recipe import PythonTest, Script, ScriptTest
from builder.recipe.late import all_in_shell, in_shell
from tests.recipe.given import built, platforms


@pytest.mark.parametrize(
    ("interpreter", "platform", "line"),
    [
        (None, "linux-64", "${PREFIX}/bin ${A_1}"), (None, "osx-arm64", "${PREFIX}/bin ${A_1}"), (None, "win-64", "%PREFIX%/bin %A_1%"),
        ("bash", "win-64", "${PREFIX}/bin ${A_1}"), ("cmd", "linux-64", "%PREFIX%/bin %A_1%"), ("python", "linux-64", "${{ PREFIX }}/bin ${{ A_1 }}"),
        ("nu", "win-64", "${{ PREFIX }}/bin ${{ A_1 }}"),
    ],
)  # fmt: skip
def test_each_shell_has_its_words(interpreter: str | None, platform: str, line: str) -> None:
    script = Script(content=("${{ PREFIX }}/bin ${{ A_1 }}",), interpreter=interpreter)
    assert in_shell(script, platform) == Script(content=(line,), interpreter=interpreter)


@pytest.mark.parametrize(
    "text", ["${PREFIX}", "$PREFIX", "${{PREFIX}}", "${{ prefix }}", "{{ PREFIX }}", "\\1", "100%"]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert in_shell(Script(content=(text,)), "linux-64").content == (text,)


def test_a_script_without_content_is_the_same() -> None:
    for script in (Script(), Script(file="x.sh"), Script(content=())):
        assert in_shell(script, "linux-64") == script


def test_only_script_tests_have_a_shell() -> None:
    python = PythonTest(imports=("a",))
    script = ScriptTest(script=Script(content=("${{ PREFIX }}",)))
    assert all_in_shell((python, script), "linux-64") == (python, ScriptTest(script=Script(content=("${PREFIX}",))))


def test_a_recipe_says_it_once_for_all_platforms() -> None:
    text = "build: {script: ['${{ PYTHON }} -m pip install .']}\ntests: [{script: ['${{ PYTHON }} -c pass']}]\n"
    for platform, python in (("linux-64", "${PYTHON}"), ("win-64", "%PYTHON%")):
        found = built(text, where=platforms(platform))
        assert found.build.script.content == (f"{python} -m pip install .",)
        (test,) = found.tests
        assert isinstance(test, ScriptTest)
        assert test.script.content == (f"{python} -c pass",)


@pytest.mark.parametrize(("environment", "code", "output"), [({"WHERE": "/a b"}, 0, "/a b/bin\n"), ({}, 1, "")])
def test_bash_fills_them_in_or_fails(environment: dict[str, str], code: int, output: str) -> None:
    (line,) = built("build: {script: ['echo \"${{ WHERE }}/bin\"']}\n").build.script.content or ()
    done = subprocess.run(["/bin/bash", "-euc", line], env=environment, capture_output=True, text=True, check=False)
    assert (min(done.returncode, 1), done.stdout) == (code, output)
