"""Shapes checked against the schema: what is refused, with key, place and remedy, and all at once."""

from __future__ import annotations

import pytest

from builder.errors import MAX_PROBLEMS, RecipeError
from builder.recipe import kind
from builder.recipe.reading import Reading
from builder.recipe.shape import Many, Text, Typed
from builder.recipe.shape import Table as TableShape
from builder.recipe.term import Constant, Table
from builder.syntax.expression import MAX_EXPRESSIONS, MAX_SOURCES, Compiler
from tests.recipe.given import PACKAGE, only_problem, problems, recipe
from tests.syntax.given import node


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("build: {scrpt: make}\n", "build.scrpt is not a key of recipes", "did you mean script?"),
        ("biuld: {}\n", "biuld is not a key of recipes", "did you mean build?"),
        ("requirements: {hosts: []}\n", "requirements.hosts is not a key of recipes", "did you mean host?"),
        (
            "requirements: {run_constrained: []}\n",
            "requirements.run_constrained is not a key of recipes",
            "did you mean run_constraints?",
        ),
        ("about: {licence: MIT}\n", "about.licence is not a key of recipes", "did you mean license?"),
        (
            "source: {url: 'https://example.org/a', sha265: x}\n",
            "source.sha265 is not a key of recipes",
            "did you mean sha256?",
        ),
        ("source: [{git: 'https://example.org/a', sha256: x}]\n", "source[0].sha256 is not a key of recipes", None),
        (
            "tests: [{script: a, require: {}}]\n",
            "tests[0].require is not a key of recipes",
            "did you mean requirements?",
        ),
        (
            "build: {dynamic_linking: {rpath: []}}\n",
            "build.dynamic_linking.rpath is not a key of recipes",
            "did you mean rpaths?",
        ),
        (
            "build: {script: {content: a, interp: b}}\n",
            "build.script.interp is not a key of recipes",
            "did you mean interpreter?",
        ),
        (
            "build:\n  variant:\n    use_key: [a]\n",
            "build.variant.use_key is not a key of recipes",
            "did you mean use_keys?",
        ),
        ("zzzz: 1\n", "zzzz is not a key of recipes", None),
    ],
)
def test_unknown_keys_name_their_path_and_what_was_meant(text: str, message: str, remedy: str | None) -> None:
    problem = only_problem(PACKAGE + text)
    assert problem.code == "recipe.unknown-key"
    assert problem.message == message
    assert problem.remedy == remedy if remedy else (problem.remedy or "").startswith(("did you mean", "known are"))


def test_an_unknown_key_has_the_place_of_the_key() -> None:
    problem = only_problem(PACKAGE + "build:\n  number: 0\n  scrpt: make\n")
    assert str(problem.place) == "recipe.yaml:4:3"
    assert problem.place is not None
    assert problem.place.frame == "  scrpt: make"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("build: [a]\n", "build is a list, expected a mapping"),
        ("build: make\n", "build is text, expected a mapping"),
        ("build: {number: [1]}\n", "build.number is a list, expected a whole number"),
        ("build: {number: {a: 1}}\n", "build.number is a mapping, expected a whole number"),
        ("requirements: {run: python}\n", "requirements.run is text, expected a list (each item a package spec)"),
        ("requirements: {run: {a: b}}\n", "requirements.run is a mapping, expected a list (each item a package spec)"),
        ("requirements: {run: [[a]]}\n", "requirements.run[0] is a list, expected a package spec"),
        (
            "requirements: {run_exports: a}\n",
            "requirements.run_exports is text, expected a list (each item a package spec) or a mapping",
        ),
        ("source: a\n", "source is text, expected a mapping with git or url or path"),
        ("source: [[a]]\n", "source[0] is a list, expected a mapping with git or url or path"),
        (
            "tests: {script: a}\n",
            "tests is a mapping, expected a list (each item a mapping with python or perl or r or ruby or script or downstream or package_contents)",
        ),
        ("context: [a]\n", "context is a list, expected a mapping"),
        (
            "about: {license_file: {a: b}}\n",
            "about.license_file is a mapping, expected a path or glob of a license",
        ),
        ("build: {script: {env: [a]}}\n", "build.script.env is a list, expected a mapping"),
        ("build: {skip: {a: b}}\n", "build.skip is a mapping, expected an expression"),
        ("build: {files: a}\n", "build.files is text, expected a list (each item a glob) or a mapping"),
        (
            "build: {dynamic_linking: {binary_relocation: {a: b}}}\n",
            "build.dynamic_linking.binary_relocation is a mapping, expected true or false or a list (each item a glob)",
        ),
    ],
)
def test_wrong_shapes_say_what_is_expected(text: str, message: str) -> None:
    problem = only_problem(PACKAGE + text)
    assert problem.code == "recipe.wrong-shape"
    assert problem.message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("build: {number: -1}\n", "build.number: '-1' is not a whole number of 0 or more"),
        ("build: {number: 1.5}\n", "build.number: '1.5' is not a whole number of 0 or more"),
        ("build: {noarch: perl}\n", "build.noarch: 'perl' is not one of python, generic"),
        (
            "build: {merge_build_and_host_envs: maybe}\n",
            "build.merge_build_and_host_envs: 'maybe' is neither true nor false",
        ),
        ("source: {url: example.org, sha256: x}\n", "source.url: 'example.org' is not a URL"),
        (
            "source: {url: 'https://example.org/{{ version }}.tgz', sha256: x}\n",
            "source.url: 'https://example.org/{{ version }}.tgz' is not a URL: write ${{, not {{",
        ),
        ("source: {path: ., sha256: abc}\n", "source.sha256: 'abc' is not 64 hexadecimal digits"),
        ("requirements: {run: [a, 'foo 1.2']}\n", "requirements.run[1]: 'foo 1.2' is not a package spec"),
        ("about: {license: Nothing}\n", "about.license: 'Nothing' is not an SPDX license expression"),
        ("build: {python: {entry_points: [x]}}\n", "build.python.entry_points[0]: 'x' is not an entry point"),
        (
            "build: {script: {env: {a-b: c}}}\n",
            "build.script.env.a-b: 'a-b' is not the name of an environment variable",
        ),
        (
            "build: {dynamic_linking: {overlinking_behavior: warn}}\n",
            "build.dynamic_linking.overlinking_behavior: 'warn' is not one of ignore, error",
        ),
        (
            "build: {post_process: [{files: [a], regex: '(', replacement: b}]}\n",
            "build.post_process[0].regex: '(' is not a regular expression",
        ),
    ],
)
def test_wrong_values_say_why(text: str, message: str) -> None:
    first = problems(PACKAGE + text)[0]
    assert first.code == "recipe.bad-value"
    assert first.message.startswith(message)
    assert first.place is not None
    assert first.place.line == 2


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("source: {sha256: x}\n", "recipe.missing-key", "source has none of git, url, path"),
        (
            "tests: [{requirements: {run: [a]}}]\n",
            "recipe.missing-key",
            "tests[0] has none of python, perl, r, ruby, script, downstream, package_contents",
        ),
        (
            "source: {git: x, branch: a, tag: b}\n",
            "recipe.contradiction",
            "source has branch and tag, at most 1 of branch, tag, rev is allowed",
        ),
        (
            "build: {script: {content: a, file: b}}\n",
            "recipe.contradiction",
            "build.script has content and file, at most 1 of content, file is allowed",
        ),
        (
            "build: {post_process: [{files: [a], regex: b}]}\n",
            "recipe.missing-key",
            "build.post_process[0].replacement is missing",
        ),
        (
            "recipe: {name: a}\n",
            "recipe.contradiction",
            "the recipe has package and recipe, at most 1 of package, recipe is allowed",
        ),
        ("tests: [{perl: {}}]\n", "recipe.missing-key", "tests[0].perl.uses is missing"),
        ("schema_version: 2\n", "recipe.schema-version", "schema_version 2 is not known"),
        ("requirements: {run: [{if: linux}]}\n", "recipe.missing-key", "requirements.run[0] has an if without then"),
        (
            "requirements: {run: [{if: [a], then: b}]}\n",
            "recipe.wrong-shape",
            "requirements.run[0].if is a list, expected an expression",
        ),
        (
            "requirements: {run: [{if: linux, then: a, els: b}]}\n",
            "recipe.unknown-key",
            "requirements.run[0].els is not a key of recipes",
        ),
        ("build: {steps: []}\n", "recipe.switch", "build.steps needs --experimental"),
        ("build: {flags: [cuda]}\n", "recipe.switch", "build.flags needs --v3"),
        ("requirements: {extras: {gpu: [a]}}\n", "recipe.switch", "requirements.extras needs --v3"),
    ],
)
def test_what_keys_mean_together(text: str, code: str, message: str) -> None:
    problem = only_problem(PACKAGE + text)
    assert problem.code == code
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("about: {summary: '${{ 1 + }}'}\n", "in 1 +", None),
        ("requirements: {run: [{if: 'linux and', then: a}]}\n", "in linux and", None),
        ("build: {skip: 'asd;asd'}\n", "';' is not expected here in asd;asd", None),
        ("about: {summary: '${{ x | uper }}'}\n", "there is no filter uper", "did you mean upper?"),
        ("about: {summary: 'a }} ${{ b'}\n", "${{ is never closed by }}", None),
    ],
)
def test_broken_expressions_are_found_without_evaluating(text: str, message: str, remedy: str | None) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(PACKAGE + text)
    assert message in str(caught.value)
    assert remedy is None or caught.value.problems[0].remedy == remedy


def test_all_problems_of_a_file_are_told_at_once_in_their_order() -> None:
    text = "package:\n  name: Bad Name\nbiuld: {}\nbuild:\n  number: x\n  scrpt: y\nrequirements:\n  run: python\nabout:\n  license: Nothing\n"
    found = problems(text)
    assert [problem.place.line for problem in found if problem.place] == [2, 2, 3, 5, 6, 8, 10]
    assert [problem.code for problem in found] == [
        "recipe.missing-key", "recipe.bad-value", "recipe.unknown-key", "recipe.bad-value", "recipe.unknown-key", "recipe.wrong-shape", "recipe.bad-value",
    ]  # fmt: skip


def test_a_file_full_of_mistakes_is_told_up_to_a_cap() -> None:
    found = problems(PACKAGE + "".join(f"key{index}: 1\n" for index in range(500)))
    assert len(found) == MAX_PROBLEMS


def test_keys_that_stand_for_nothing_are_absent() -> None:
    text = "source:\nbuild:\n  number:\n  script: ~\n  skip: null\nrequirements:\n  run:\n  host: null\ntests:\nabout:\n  license:\nextra:\ncontext:\n"
    assert problems(PACKAGE + text) == ()


@pytest.mark.parametrize("key", ["pip_check: true", "requirements: {run: [pytest]}", "script: pytest", "strict: true"])
def test_keys_beside_a_python_test_are_warned_about(key: str) -> None:
    found = recipe(PACKAGE + f"tests:\n  - python:\n      imports: [a]\n    {key}\n")
    name = key.partition(":")[0]
    (warning,) = found.warnings
    assert warning.code == "recipe.ignored"
    assert warning.message == f"tests[0].{name} has no effect beside python"
    assert warning.remedy == "indent it below python if it belongs there, or make it a list item of its own"
    assert warning.place is not None
    assert warning.place.line == 5


def test_keys_beside_a_script_are_refused() -> None:
    assert only_problem(PACKAGE + "tests: [{script: a, strict: true}]\n").code == "recipe.unknown-key"


def test_a_table_keeps_the_place_of_its_keys() -> None:
    reading = Reading(Compiler())
    found = reading.table(node("a: 1\nb: '${{ x }}'\n"), TableShape(kind.VARIABLE, Typed()), "context")
    assert isinstance(found, Table)
    assert [name for name, _ in found.entries] == ["a", "b"]
    assert str(dict(found.names)["b"].place) == "test.yaml:2:1"


def test_expressions_are_counted_over_the_file() -> None:
    items = ", ".join(["'${{ a }}'"] * (MAX_EXPRESSIONS // 10))
    reading = Reading(Compiler())
    for _ in range(10):
        reading.read(node(f"[{items}]"), Many(Text(kind.TEXT)), "key")
    assert not reading.problems
    reading.read(node("['${{ a }}']"), Many(Text(kind.TEXT)), "key")
    assert [problem.code for problem in reading.problems] == ["recipe.too-much"]


def test_conditions_count_too() -> None:
    reading = Reading(Compiler(expressions=MAX_EXPRESSIONS))
    reading.read(node("[{if: a, then: b}]"), Many(Text(kind.TEXT)), "key")
    assert [problem.code for problem in reading.problems] == ["recipe.too-much"]


def test_the_length_of_expressions_counts_over_the_file_and_is_told_once() -> None:
    reading = Reading(Compiler())
    long = [f"'${{{{ a ~ \"{number}{'x' * 8000}\" }}}}'" for number in range(MAX_SOURCES // 8000 + 3)]
    reading.read(node(f"[{', '.join(long[:1] * 100)}]"), Many(Text(kind.TEXT)), "key")
    assert not reading.problems
    reading.read(node(f"[{', '.join(long)}]"), Many(Text(kind.TEXT)), "key")
    assert [problem.code for problem in reading.problems] == ["recipe.too-much"]


def test_every_file_counts_anew_with_one_compiler() -> None:
    compiler = Compiler(expressions=MAX_EXPRESSIONS)
    Reading(compiler.for_file()).read(node("['${{ a }}']"), Many(Text(kind.TEXT)), "key")
    assert set(compiler.compiled) == {"a"}


def test_each_expression_is_compiled_once_for_all_files() -> None:
    compiler = Compiler()
    for _ in range(3):
        Reading(compiler).read(node("['${{ a + 1 }}', '${{ a + 1 }}-${{ b }}']"), Many(Text(kind.TEXT)), "key")
    assert set(compiler.compiled) == {"a + 1", "b"}


def test_only_a_condition_of_skip_may_be_a_template() -> None:
    (problem,) = problems(
        PACKAGE + "build:\n  skip: ${{ win }}\nrequirements:\n  run:\n    - if: ${{ linux }}\n      then: a\n"
    )
    assert (problem.code, problem.remedy) == ("recipe.expression-syntax", "write it without ${{ }}")
    assert problem.place
    assert problem.place.line == 6


def test_reading_something_that_is_fine_notes_nothing() -> None:
    reading = Reading(Compiler())
    assert reading.read(node("[a, b]"), Many(Text(kind.TEXT)), "key") == Constant(("a", "b"))
    assert not reading.problems
    assert not reading.warnings
