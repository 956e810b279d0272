"""Which interpreter runs a script."""

from __future__ import annotations

import pytest

from builder.errors import MachineError, RecipeError
from builder.model.interpreter import INTERPRETERS
from builder.model.recipe import Script
from builder.script.chosen import chosen, missing, runnable


@pytest.mark.parametrize(
    ("script", "shell", "name"),
    [
        (Script(), "bash", "bash"),
        (Script(content=("x",)), "bash", "bash"),
        (Script(content=("x",)), "cmd", "cmd"),
        (Script(content=("x",), interpreter="nu"), "cmd", "nushell"),
        (Script(file="build.py"), "cmd", "python"),
        (Script(file="build"), "bash", "bash"),
        (Script(file="build"), "cmd", "cmd"),
        (Script(file="build.in"), "bash", "bash"),
        (Script(file="build.py", interpreter="bash"), "bash", "bash"),
        (Script(file="build.bat"), "bash", "cmd"),
    ],
)
def test_name_then_suffix_then_shell(script: Script, shell: str, name: str) -> None:
    assert chosen(script, shell).name == name


@pytest.mark.parametrize(
    ("name", "remedy"), [("pyton", "did you mean python?"), ("cobol-85", "known are bash, brush, cmd, nodejs")]
)
def test_a_name_that_nobody_knows(name: str, remedy: str) -> None:
    with pytest.raises(RecipeError, match=f"no interpreter '{name}'") as caught:
        chosen(Script(content=("x",), interpreter=name))
    assert caught.value.problems[0].code == "script.interpreter"
    assert str(caught.value.problems[0].remedy).startswith(remedy)


@pytest.mark.parametrize("one", INTERPRETERS, ids=lambda one: one.name)
def test_all_but_those_of_windows_are_runnable(one: object) -> None:
    script = Script(content=("x",), interpreter=one.name)  # type: ignore[attr-defined]
    if one.windows:  # type: ignore[attr-defined]
        with pytest.raises(MachineError) as caught:
            runnable(script)
        assert caught.value.exit_code == 3
    else:
        assert runnable(script) == one


def test_a_missing_one_is_named_with_its_package_and_section() -> None:
    r = chosen(Script(file="x.R"))
    assert (
        missing(r, "requirements.build") == "there is no Rscript in the environment: add r-base to requirements.build"
    )
