"""``test`` of a ``meta.yaml`` and the test files beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from builder.model.globs import Globs
from builder.model.interpreter import LANGUAGES
from builder.model.recipe import DownstreamTest, GlobList, ImportTest, PythonTest, Script, ScriptTest, Test
from builder.recipe.v0.functions import with_star
from tests.recipe.v0.test_output import mapped, output_of

PERL, R = (next(one for one in LANGUAGES if one.kind == kind) for kind in ("perl", "r"))


def what_runs(folder: Path, *lines: str, name: str = "it", run: str = "") -> tuple[Test, ...]:
    needs = f"requirements:\n  run:\n    - {run}\n" if run else ""
    listed = "".join(f"  {line}\n" for line in lines)
    return output_of(folder, f"package: {{name: {name}, version: '1'}}\n{needs}test:\n{listed or '  {}'}\n").tests


def in_bash(*lines: str, **others: object) -> ScriptTest:
    return ScriptTest(script=Script(content=lines, strict=False), **others)  # type: ignore[arg-type]


def in_python(*lines: str, **others: object) -> ScriptTest:
    script = Script(content=lines, interpreter="python", strict=False)
    return ScriptTest(script=script, **others)  # type: ignore[arg-type]


def by_folder(*patterns: str) -> GlobList:
    return GlobList(include=patterns, by_folder=True)


def test_commands_run_in_one_shell_that_stops_at_the_first_failure(tmp_path: Path) -> None:
    assert what_runs(tmp_path, "commands:", "  - it --version", "  - test -f $PREFIX/bin/it") == (
        in_bash("set -ex", "it --version", "test -f $PREFIX/bin/it"),
    )
    assert what_runs(tmp_path, "commands: it") == (in_bash("set -ex", "it"),)


def test_imports_of_a_package_that_brings_python(tmp_path: Path) -> None:
    lines = ("imports:", "  - it", "  - it.deep")
    assert what_runs(tmp_path, *lines, run="python >=3.9") == (PythonTest(imports=("it", "it.deep"), pip_check=False),)


def test_imports_of_a_package_that_does_not(tmp_path: Path) -> None:
    assert what_runs(tmp_path, "imports:", "  - it", run="pythonic") == (in_python("import it", run=("python",)),)


def test_what_is_required_for_tests_is_there_in_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "run_test.py").write_text("import it\n")
    found = what_runs(
        tmp_path,
        "requires:",
        "  - pytest 7",
        "  - pip",
        "imports:",
        "  - it",
        "commands:",
        "  - pip check",
        run="python",
    )
    assert found == (
        ScriptTest(
            script=Script(file="run_test.py", interpreter="python", strict=False), run=("pytest 7.*", "pip", "python")
        ),
        in_python("import it", run=("pytest 7.*", "pip", "python")),
        in_bash("set -ex", "pip check", run=("pytest 7.*", "pip")),
    )


def test_requirements_and_files_by_themselves_are_no_test(tmp_path: Path) -> None:
    assert what_runs(tmp_path, "requires:", "  - pytest", "files: data", "source_files: tests") == ()


def test_files_are_there_in_all_tests(tmp_path: Path) -> None:
    found = what_runs(
        tmp_path, "files:", "  - data", "source_files:", "  - tests/*.py", "imports: it", "commands: it", run="python"
    )
    files = {"recipe_files": by_folder("data", "**/data"), "source_files": by_folder("tests/*.py")}
    assert found == (in_python("import it", run=("python",), **files), in_bash("set -ex", "it", **files))


def test_a_script_beside_the_recipe_comes_before_the_commands_in_the_same_shell(tmp_path: Path) -> None:
    (tmp_path / "run_test.sh").write_text("cd sub\nexport X=1\n")
    assert what_runs(tmp_path) == (ScriptTest(script=Script(file="run_test.sh", strict=False)),)
    assert what_runs(tmp_path, "commands: it") == (in_bash("cd sub\nexport X=1\n", "set -ex", "it"),)


def test_test_files_of_other_languages(tmp_path: Path) -> None:
    for suffix in (".pl", ".lua", ".r", ".bat"):
        (tmp_path / f"run_test{suffix}").write_text("x\n")
    assert what_runs(tmp_path) == (
        ScriptTest(script=Script(file="run_test.pl", interpreter="perl", strict=False), run=("perl",)),
        in_bash("lua run_test.lua", run=("lua",), recipe_files=by_folder("run_test.lua")),
        ScriptTest(script=Script(file="run_test.r", interpreter="rscript", strict=False), run=("r-base",)),
    )


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("r-it", ImportTest(language=R, names=("It", "B"))),
        ("perl-it", ImportTest(language=PERL, names=("It", "B"))),
        ("lua-it", in_bash("lua -e 'require \"It\"'", "lua -e 'require \"B\"'", run=("lua",))),
        ("it", in_python("import It", "import B", run=("python",))),
    ],
)
def test_names_of_packages_tell_the_language_of_imports(tmp_path: Path, name: str, test: Test) -> None:
    assert what_runs(tmp_path, "imports:", "  - It", "  - B", name=name) == (test,)


def test_imports_may_name_their_language(tmp_path: Path) -> None:
    found = what_runs(
        tmp_path,
        "imports:",
        "  - Plain",
        "  - lang: python",
        "    imports: [a, b]  #",
        "  - lang: perl",
        "    imports:",
        "      - It",
        "  - imports: c",
        name="r-it",
        run="python",
    )
    assert found == (
        PythonTest(imports=("a", "b", "c"), pip_check=False),
        ImportTest(language=PERL, names=("It",)),
        ImportTest(language=R, names=("Plain",)),
    )


def test_imports_of_another_language_beside_requirements(tmp_path: Path) -> None:
    found = what_runs(tmp_path, "requires: r-testthat", "imports: It", name="r-it")
    script = Script(content=("library(It)",), interpreter="rscript", strict=False)
    assert found == (ScriptTest(script=script, run=("r-testthat", "r-base")),)


def test_packages_downstream(tmp_path: Path) -> None:
    assert what_runs(tmp_path, "downstreams:", "  - other", "  - another >=2") == (
        DownstreamTest(downstream="other"),
        DownstreamTest(downstream="another >=2"),
    )


OUTPUTS = """
package: {name: it, version: '1'}
test:
  commands:
    - top
outputs:
  - name: it
  - name: sub
    test:
      script: tests/own.sh
      commands:
        - sub
  - name: py
    test:
      script: own.py
  - name: bare
"""


def test_outputs_have_their_own_tests_and_name_their_files(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "own.sh").write_text("own\n")
    for name in ("own.py", "run_test.sh", "run_test.py"):
        (tmp_path / name).write_text(f"{name}\n")
    found = {name: output_of(tmp_path, OUTPUTS, name=name).tests for name in ("it", "sub", "py", "bare")}
    assert found == {
        "it": (
            ScriptTest(script=Script(file="run_test.py", interpreter="python", strict=False), run=("python",)),
            in_bash("run_test.sh\n", "set -ex", "top"),
        ),
        "sub": (in_bash("own\n", "set -ex", "sub"),),
        "py": (ScriptTest(script=Script(file="own.py", interpreter="python", strict=False), run=("python",)),),
        "bare": (),
    }


def test_tests_beside_the_recipes_own_output_have_no_effect_as_for_conda_build(tmp_path: Path) -> None:
    text = OUTPUTS.replace("  - name: it\n", "  - name: it\n    test:\n      commands:\n        - own\n")
    found, remarks = mapped(tmp_path, text, name="it")
    assert found.tests == (in_bash("set -ex", "top"),)
    (warning,) = remarks.warnings
    assert warning.code == "recipe.ignored"
    assert "outputs[it].test" in warning.message


TESTING = Path(__file__).parent / "testing"
FACTS: dict[str, dict[str, Any]] = json.loads((TESTING / "facts.json").read_text())
"""What conda-build 26.7 writes for the tests of each output: files, their environment, what is loaded and run.

Scripts beside the recipe are called ``….txt`` here, so that nobody takes them for tests of ours.
"""

LOADS = {
    "python": r"import ([\w.]+)",
    "perl": r"use ([\w:]+);",
    "r": r"library\((\w+)\)",
    "lua": r"lua -e 'require \"(\w+)\"'",
}


def lines_of(test: Test) -> list[str]:
    """Return what a test runs, line by line."""
    match test:
        case PythonTest(imports=names):
            return [f"import {name}" for name in names]
        case ImportTest(language=language, names=names):
            return [language.statement.format(name) for name in names]
        case ScriptTest(script=script):
            text = (TESTING / f"{script.file}.txt").read_text() if script.file else "\n".join(script.content or ())
            return [line for line in text.splitlines() if line.strip()]
    return []


def language_of(test: Test) -> str:
    match test:
        case PythonTest():
            return "python"
        case ImportTest(language=language):
            return language.kind
        case ScriptTest(script=script, run=run):
            by_program = {"python": "python", "perl": "perl", "rscript": "r"}
            return by_program.get(script.interpreter or "", "lua" if "lua" in run else "sh")
    return ""


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_runs_is_what_conda_build_runs(tmp_path: Path, name: str) -> None:
    for file in TESTING.glob("*.txt"):
        (tmp_path / file.stem).write_bytes(file.read_bytes())
    found, _ = mapped(tmp_path, (TESTING / "meta.yaml").read_text(), name=name)
    fact = FACTS[name]
    if not fact["languages"] and not fact["shell"]:
        assert found.tests == ()
        return
    assert sorted({language_of(test) for test in found.tests} - {"sh"}) == fact["languages"]
    shell = [line for test in found.tests if language_of(test) == "sh" for line in lines_of(test)]
    assert ([*shell, "exit 0"] if shell else []) == fact["shell"]
    for language, names in fact["loads"].items():
        text = [line for test in found.tests if language_of(test) == language for line in lines_of(test)]
        assert [match[1] for line in text if (match := re.fullmatch(LOADS[language], line))] == names
    needs = {spec for test in found.tests if isinstance(test, ScriptTest) for spec in test.run}
    needs |= {test.language.interpreter.package or "" for test in found.tests if isinstance(test, ImportTest)}
    assert needs - set(found.requirements.run) == {with_star(spec) for spec in fact["requires"]}
    for test in found.tests:
        if isinstance(test, ScriptTest) and fact["files"]:
            matches = Globs(test.recipe_files).matches
            assert all(matches(path) for path in fact["files"])
            assert not matches("meta.yaml")
