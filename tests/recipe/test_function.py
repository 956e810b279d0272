"""The functions of recipes: texts as the peer makes them, keys that they read, refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from builder.model.pin import Pin
from builder.model.recipe import PinCompatible, PinSubpackage
from builder.model.variant import VariantValue
from tests.recipe.given import LINUX, PACKAGE, Answers, evaluated, only_problem, platforms, problems, request


def text(
    expression: str,
    variant: Mapping[str, VariantValue] | None = None,
    *,
    target: str = "linux-64",
    ask: Answers | None = None,
) -> str:
    """Return what an expression becomes in a text."""
    summary = json.dumps("|${{ " + expression + " }}|")
    found = evaluated(
        PACKAGE + f"about: {{summary: {summary}}}\n", request(variant, where=platforms(target), ask=ask)
    ).output.about.summary
    assert found is not None
    return found[1:-1]


def refusal(expression: str, *, ask: Answers | None = None) -> tuple[str, str | None]:
    summary = json.dumps("${{ " + expression + " }}")
    problem = only_problem(PACKAGE + f"about: {{summary: {summary}}}\n", request(ask=ask))
    assert problem.place is not None
    return problem.message, problem.remedy


@pytest.mark.parametrize(
    ("expression", "variant", "target", "result"),
    [
        ("compiler('c')", {}, "linux-64", "gcc_linux-64"), ("compiler('cxx')", {}, "linux-64", "gxx_linux-64"),
        ("compiler('fortran')", {}, "linux-64", "gfortran_linux-64"), ("compiler('c')", {}, "osx-arm64", "clang_osx-arm64"),
        ("compiler('cxx')", {}, "osx-64", "clangxx_osx-64"), ("compiler('c')", {}, "win-64", "vs2022_win-64"),
        ("compiler('fortran')", {}, "win-64", "flang_win-64"), ("compiler('c')", {}, "emscripten-wasm32", "emscripten_emscripten-wasm32"),
        ("compiler('rust')", {}, "linux-64", "rust_linux-64"), ("compiler('c')", {"c_compiler": "clang"}, "linux-64", "clang_linux-64"),
        ("compiler('c')", {"c_compiler_version": "12"}, "linux-64", "gcc_linux-64 =12"),
        ("compiler('c')", {"c_compiler_version": 12}, "linux-64", "gcc_linux-64 =12"),
        ("compiler('c')", {"c_compiler_version": "12.*"}, "linux-64", "gcc_linux-64 12.*"),
        ("compiler('c')", {"c_compiler_version": ">=12"}, "linux-64", "gcc_linux-64 >=12"),
        ("stdlib('c')", {"c_stdlib": "sysroot"}, "linux-64", "sysroot_linux-64"),
        ("stdlib('c')", {"c_stdlib": "sysroot", "c_stdlib_version": "2.17"}, "linux-64", "sysroot_linux-64 =2.17"),
        ("cdt('mesa')", {}, "linux-64", "mesa-cos6-x86_64"), ("cdt('mesa 1.2')", {}, "linux-64", "mesa-cos6-x86_64 1.2"),
        ("cdt('mesa')", {"cdt_name": "conda", "cdt_arch": "x86"}, "linux-64", "mesa-conda-x86"), ("cdt('mesa')", {}, "linux-aarch64", "mesa-cos7-aarch64"),
    ],
)  # fmt: skip
def test_toolchains(expression: str, variant: Mapping[str, VariantValue], target: str, result: str) -> None:
    assert text(expression, variant, target=target) == result


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        ("compiler('c')", {"c_compiler", "c_compiler_version", "CONDA_BUILD_SYSROOT"}),
        ("compiler('rust')", {"rust_compiler", "rust_compiler_version", "CONDA_BUILD_SYSROOT"}),
        ("stdlib('c')", {"c_stdlib", "c_stdlib_version", "CONDA_BUILD_SYSROOT"}),
        ("cdt('mesa')", set()),
    ],
)
def test_toolchains_read_their_keys(expression: str, keys: set[str]) -> None:
    found = evaluated(PACKAGE + f'about: {{summary: "${{{{ {expression} }}}}"}}\n', request({"c_stdlib": "sysroot"}))
    assert set(found.read) == keys


def test_cdt_reads_its_keys_where_they_have_values() -> None:
    found = evaluated(PACKAGE + "about: {summary: \"${{ cdt('mesa') }}\"}\n", request({"cdt_name": "conda"}))
    assert set(found.read) == {"cdt_name"}


def test_a_toolchain_nobody_knows_is_refused_with_the_key_to_set() -> None:
    message, remedy = refusal("stdlib('c')")
    assert message.startswith("stdlib: no stdlib is known for c")
    assert remedy == "set c_stdlib in a variant file"


@pytest.mark.parametrize(
    ("expression", "pin"),
    [
        ("pin_subpackage('a')", PinSubpackage(name="a", pin=Pin())),
        ("pin_subpackage('a', upper_bound='x.x')", PinSubpackage(name="a", pin=Pin(upper_bound="x.x"))),
        (
            "pin_subpackage('a', lower_bound='1.2', upper_bound='2.0a0')",
            PinSubpackage(name="a", pin=Pin(lower_bound="1.2", upper_bound="2.0a0")),
        ),
        (
            "pin_subpackage('a', exact=true)",
            PinSubpackage(name="a", pin=Pin(lower_bound=None, upper_bound=None, exact=True)),
        ),
        ("pin_subpackage('a', exact=false)", PinSubpackage(name="a", pin=Pin())),
        ("pin_compatible('a', lower_bound=none)", PinCompatible(name="a", pin=Pin(lower_bound=None))),
        ("pin_compatible('a', upper_bound=none)", PinCompatible(name="a", pin=Pin(upper_bound=None))),
        ("pin_subpackage('A-b', build='*_cpu')", PinSubpackage(name="a-b", pin=Pin(build="*_cpu"))),
        ("pin_subpackage(name)", PinSubpackage(name="demo", pin=Pin())),
    ],
)
def test_pins(expression: str, pin: PinSubpackage | PinCompatible) -> None:
    found = evaluated(f'context: {{name: demo}}\n{PACKAGE}requirements:\n  run:\n    - "${{{{ {expression} }}}}"\n')
    assert found.output.requirements.run == (pin,)
    assert found.pinned == (((pin.name, pin.pin.exact),) if isinstance(pin, PinSubpackage) else ())


@pytest.mark.parametrize(
    ("expression", "message", "remedy"),
    [
        ("pin_subpackage('a', max_pin='x')", "max_pin is not an argument any more", "use upper_bound instead"),
        ("pin_subpackage('a', min_pin='x')", "min_pin is not an argument any more", "use lower_bound instead"),
        ("pin_subpackage('a', 'x')", "everything but the name is given by name", "write upper_bound=…"),
        ("pin_subpackage('a', exact=true, upper_bound='x')", "exact comes without bounds and build", None),
        ("pin_subpackage('a', exact=true, build='*')", "exact comes without bounds and build", None),
        ("pin_subpackage('a', foo='x')", "does not know the argument foo", None),
        ("pin_subpackage()", "the argument name is missing", None),
        ("pin_subpackage(1)", "the name must be text, this is a number", None),
        ("pin_subpackage('a', upper_bound='y y')", "y y", None),
        ("cmp(python, '>3')", "cmp is not a function any more", "use match instead"),
    ],
)
def test_refused_pins(expression: str, message: str, remedy: str | None) -> None:
    found, advice = refusal(expression)
    assert message in found
    assert remedy is None or advice == remedy


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("match('1.2', '>=1.0')", "true"), ("match('1.2', '<1')", "false"), ("match('3.10.* *_cpython', '>=3.9')", "true"), ("match('3.9.*', '3.9.*')", "true"),
        ("match('3.9', '=3')", "true"), ("match('3.9', '>=3.9,<4|>5')", "true"), ("match(3.10, '>=3.9')", "false"), ("match(nowhere, '>1')", "true"),
        ("match(none, '>1')", "true"), ("match(python, '>=3.10')", "true"), ("match(python, '<3.10')", "false"), ("match('abc', '>1')", "false"),
        ("match(8, '>=8')", "true"),
    ],
)  # fmt: skip
def test_match(expression: str, result: str) -> None:
    assert text(expression, {"python": "3.12.* *_cpython"}) == result


@pytest.mark.parametrize(
    ("expression", "message"),
    [("match('3.9', '3.9')", "match: "), ("match('3.9', '>=')", "match: "), ("match('3.9')", "spec is missing"), ("match('3.9', 3)", "the spec must be text"),
     ("match('', '>1')", "match: ")],
)  # fmt: skip
def test_refused_matches(expression: str, message: str) -> None:
    assert message in refusal(expression)[0]


def test_match_reads_the_key_that_it_is_asked_about() -> None:
    found = evaluated(PACKAGE + "build: {skip: \"match(python, '<3.10')\"}\n")
    assert not found.output.skip or "python" in found.read
    assert "python" in found.read


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("is_linux('linux-64')", "true"), ("is_linux(target_platform)", "false"), ("is_osx('osx-64')", "true"), ("is_win('win-64')", "true"),
        ("is_windows('win-arm64')", "true"), ("is_unix('osx-arm64')", "true"), ("is_unix(target_platform)", "false"), ("is_ios('ios-arm64')", "true"),
        ("is_android('android-64')", "true"), ("is_unix(build_platform)", "true"),
    ],
)  # fmt: skip
def test_questions_about_platforms(expression: str, result: str) -> None:
    assert text(expression, target="win-64") == result


def test_an_unknown_platform_is_refused() -> None:
    assert "'beos' is not a platform" in refusal("is_linux('beos')")[0]


def test_unknown_functions_suggest_known_ones() -> None:
    assert refusal("compilr('c')") == ("there is no function compilr in compilr('c')", "did you mean compiler?")
    assert refusal("env.gt('a')")[1] == "did you mean get?"
    assert refusal("git.head('a')")[1] is not None


def test_a_function_without_a_call_is_no_text() -> None:
    assert "must be called" in refusal("compiler")[0]


def test_functions_are_shadowed_by_names_of_the_context() -> None:
    found = evaluated("context: {match: mine}\n" + PACKAGE + "about: {summary: '${{ match }}'}\n")
    assert found.output.about.summary == "mine"


def test_every_problem_of_an_evaluation_is_told_at_once() -> None:
    found = problems(
        PACKAGE
        + "requirements:\n  build: ['${{ stdlib(\"c\") }}', '${{ nowhere }}']\nabout: {summary: '${{ 1 + none }}'}\n",
        request(where=LINUX),
    )
    assert [problem.code for problem in found] == ["recipe.no-toolchain", "recipe.undefined", "recipe.expression"]
