"""What is run for a test."""

from __future__ import annotations

import pytest

from builder.model.interpreter import LANGUAGES
from builder.model.recipe import DownstreamTest, ImportTest, PackageContentsTest, PythonTest, Script, ScriptTest
from builder.testing.parts import parts_of
from builder.testing.read import CarriedTest, ForeignTest

PERL, R, RUBY = LANGUAGES


@pytest.mark.parametrize(
    ("test", "what"),
    [
        (ScriptTest(script=Script(content=("a",))), ["script 3"]),
        (PythonTest(imports=("a",)), ["python 3"]),
        (PythonTest(imports=("a",), python_version=("3.11", "3.12")), ["python 3 (3.11)", "python 3 (3.12)"]),
        (PackageContentsTest(), ["package_contents 3"]),
        (DownstreamTest(downstream="numpy"), ["downstream numpy"]),
        (ImportTest(language=PERL, names=("A",)), ["perl 3"]),
        (ImportTest(language=R, names=("A",)), ["r 3"]),
        (ForeignTest(kind="quantum"), ["quantum 3"]),
    ],
    ids=str,
)
def test_every_run_has_a_name(test: CarriedTest, what: list[str]) -> None:
    parts = parts_of(test, 3)
    assert [part.what for part in parts] == what
    assert all(part.test is test for part in parts)
    names = [part.run.name for part in parts if part.run is not None]
    assert len(set(names)) == len(names)


def test_a_script_brings_its_own_requirements() -> None:
    (part,) = parts_of(ScriptTest(script=Script(file="x"), run=("a",), build=("b",)), 0)
    assert part.run is not None
    assert (part.run.script, part.run.run, part.run.build) == (Script(file="x"), ("a",), ("b",))


def test_versions_of_python_may_be_left_to_the_environment() -> None:
    test = PythonTest(imports=("a",), python_version=("3.11", "3.12"), pip_check=False)
    assert [part.run.run for part in parts_of(test, 0) if part.run] == [("python=3.11",), ("python=3.12",)]
    assert [part.run.run for part in parts_of(test, 0, versions=False) if part.run] == [()]


@pytest.mark.parametrize(
    ("test", "content", "interpreter", "needs"),
    [
        (ImportTest(language=PERL, names=("A::B", "C")), ("use A::B;", "use C;"), "perl", ("perl",)),
        (ImportTest(language=R, names=("x",)), ("library(x)",), "rscript", ("r-base",)),
        (ImportTest(language=RUBY, names=("x/y",)), ("require 'x/y'",), "ruby", ("ruby",)),
    ],
    ids=str,
)
def test_modules_are_statements_of_their_language(
    test: ImportTest, content: tuple[str, ...], interpreter: str, needs: tuple[str, ...]
) -> None:
    (part,) = parts_of(test, 0)
    assert part.run is not None
    assert (part.run.script, part.run.run) == (Script(content=content, interpreter=interpreter), needs)
