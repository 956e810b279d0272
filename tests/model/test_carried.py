"""Which tests are carried, and where the files of one lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from builder.model.carried import carried, files_of, start_of
from builder.model.recipe import DownstreamTest, GlobList, PythonTest, Script, ScriptTest, Test


@pytest.mark.parametrize("number", [0, 12])
def test_the_start_is_the_folder_in_a_copy_of_the_package_beside_the_prefix(number: int) -> None:
    beside = PurePosixPath("/tests/some/test_run_env") / start_of(number)
    parts = [part for part in beside.parts if part not in {"test_run_env", ".."}]
    assert PurePosixPath(*parts) == PurePosixPath("/tests/some/test") / files_of(number)
    assert files_of(number) == f"info/tests/{number}"


EMPTY = ScriptTest(script=Script(content=()))


@pytest.mark.parametrize("test", [EMPTY, ScriptTest(script=Script()), ScriptTest(script=Script(env=(("A", "1"),)))])
def test_a_script_of_which_conditions_left_nothing_is_not_carried(test: ScriptTest) -> None:
    kept = PythonTest(imports=("json",))
    assert carried([test, kept]) == (kept,)
    assert carried([test]) == ()


@pytest.mark.parametrize(
    "test",
    [
        ScriptTest(script=Script(content=("true",))),
        ScriptTest(script=Script(file="run.sh")),
        replace(EMPTY, run=("zlib",)),
        replace(EMPTY, build=("make",)),
        replace(EMPTY, recipe_files=GlobList(include=("data/",))),
        replace(EMPTY, source_files=GlobList(include=("data/",))),
        PythonTest(imports=()),
        DownstreamTest(downstream="other"),
    ],
)
def test_whatever_says_something_is(test: Test) -> None:
    assert carried([test]) == (test,)
