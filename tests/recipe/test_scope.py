"""Names and their meaning: who wins, what is recorded as read, and with which reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from builder.model.variant import VariantValue
from builder.recipe.request import Request
from builder.recipe.scope import RecipeScope, mentioned, platform_values
from builder.syntax.expression import Compiler
from builder.syntax.template import compile_template
from builder.syntax.value import Function, Undefined, Value
from tests.recipe.given import LINUX, PACKAGE, evaluated, platforms, request
from tests.syntax.given import scalar

NOTHING = Function("match", lambda arguments: None)


def scope(variant: Mapping[str, VariantValue] | None = None, **context: VariantValue) -> RecipeScope:
    found = request(variant)
    return RecipeScope(found, functions={"match": NOTHING}, context=dict(context), platform=platform_values(found))


def test_the_context_wins_over_the_variant_over_the_platform_over_functions() -> None:
    assert scope({"linux": "v", "match": "v"}, linux="c").lookup("linux") == "c"
    assert scope({"linux": "v"}).lookup("linux") == "v"
    assert scope().lookup("linux") is True
    assert scope({"match": "v"}).lookup("match") == "v"
    assert scope().lookup("match") is NOTHING


def test_what_is_read_outside_the_context_is_recorded() -> None:
    found = scope({"python": "3.12"}, version="1")
    for name in ("version", "python", "linux", "match", "nowhere"):
        found.lookup(name)
    assert set(found.read) == {"python", "linux", "nowhere"}


def hint(value: Value) -> str | None:
    assert isinstance(value, Undefined)
    return value.refuse().remedy


def test_an_undefined_name_suggests_what_was_meant() -> None:
    found = scope({"python": "3.12"}, version="1").lookup("pyton")
    assert hint(found) == "did you mean python?"
    assert hint(scope({}, version="1").lookup("verson")) == "did you mean version?"
    assert hint(scope().lookup("linxu")) == "did you mean linux?"


def test_names_of_the_session_stand_for_themselves_where_they_may() -> None:
    found = scope()
    template = compile_template(scalar("x"), Compiler())
    found.enter(template, "build.script", lambda name: name == "PREFIX")
    assert found.lookup("PREFIX") == "${{ PREFIX }}"
    assert isinstance(found.lookup("SRC_DIR"), Undefined)
    found.enter(template, "about.summary")
    assert isinstance(found.lookup("PREFIX"), Undefined)


def test_a_variant_value_wins_over_a_name_of_the_session() -> None:
    found = scope({"PREFIX": "/mine"})
    found.enter(None, "x", lambda name: True)
    assert found.lookup("PREFIX") == "/mine"


class Recording(Mapping[str, VariantValue]):
    """A variant that is asked by name and never listed."""

    def __init__(self, **values: VariantValue) -> None:
        self.values_ = values
        self.asked: list[str] = []

    def __getitem__(self, key: str) -> VariantValue:
        self.asked.append(key)
        return self.values_[key]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("a variant may be filled on demand: it is never listed")

    def __len__(self) -> int:
        raise AssertionError("a variant may be filled on demand: it is never counted")


def test_a_variant_is_asked_for_the_names_that_are_read_and_never_listed() -> None:
    variant = Recording(python="3.12", c_compiler="gcc", unused="x")
    text = PACKAGE + "requirements:\n  build: ['${{ compiler(\"c\") }}']\n  host: ['python ${{ python }}.*']\n"
    found = evaluated(text, Request(variant=variant, platforms=LINUX))
    assert found.output.requirements.build == ("gcc_linux-64",)
    assert "unused" not in variant.asked
    assert {"python", "c_compiler", "c_compiler_version"} <= set(variant.asked)


def test_the_reason_says_key_place_and_text() -> None:
    text = PACKAGE + "about:\n  summary: for ${{ python }}\n"
    assert (
        evaluated(text, request({"python": "3.12"})).read["python"]
        == "about.summary at recipe.yaml:3:12: for ${{ python }}"
    )


def test_the_reason_names_the_context_variable_through_which_a_key_is_read() -> None:
    text = "context:\n  old: ${{ match(python, '<3.9') }}\n" + PACKAGE + "build:\n  skip: old\n"
    assert evaluated(text, request({"python": "3.12"})).read["python"].startswith("context.old at recipe.yaml:2:8")


def test_a_long_text_is_cut_in_the_reason() -> None:
    text = PACKAGE + "about:\n  summary: ${{ python }} " + "word " * 100 + "\n"
    assert len(evaluated(text, request({"python": "3.12"})).read["python"]) < 120


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("compiler('c')", {"c_compiler", "c_compiler_version", "CONDA_BUILD_SYSROOT"}),
        ("stdlib('c')", {"c_stdlib", "c_stdlib_version", "CONDA_BUILD_SYSROOT"}),
        ("cdt('mesa')", {"cdt_name"}),
        ("compiler(language)", {"language"}),
        ("pin_subpackage('a', upper_bound=bound)", {"bound"}),
        ("match(python, '>3') and linux", {"python", "linux"}),
        ("a if b else c", {"a", "b", "c"}),
    ],
)
def test_names_behind_calls_are_mentioned(expression: str, names: set[str]) -> None:
    assert mentioned(Compiler().expression(expression)) == names


@pytest.mark.parametrize(
    ("target", "true", "false", "library"),
    [
        ("linux-64", {"linux", "unix", "x86_64", "linux64"}, {"osx", "win", "aarch64", "win64"}, ".so"),
        ("linux-aarch64", {"linux", "unix", "aarch64", "linuxaarch64"}, {"x86_64", "arm64", "linux64"}, ".so"),
        ("osx-arm64", {"osx", "unix", "arm64", "osxarm64"}, {"linux", "win", "x86_64"}, ".dylib"),
        ("win-64", {"win", "x86_64", "win64"}, {"unix", "linux", "osx"}, ".dll"),
        ("emscripten-wasm32", {"emscripten", "unix", "wasm32"}, {"linux", "x86_64"}, ".so"),
    ],
)
def test_platforms_have_their_names(target: str, true: set[str], false: set[str], library: str) -> None:
    values = platform_values(request(where=platforms(target)))
    assert all(values[name] is True for name in true)
    assert all(values[name] is False for name in false)
    assert (values["target_platform"], values["host_platform"], values["build_platform"]) == (
        target,
        target,
        "linux-64",
    )
    assert values["SHLIB_EXT"] == library


CONTEXT = "context: {flavor: mine, library: '${{ python }}-x', python: ours, mpi: '${{ mpi }}-like'}\n"


def test_a_name_of_the_context_hides_the_variant_key_unless_the_context_reads_it() -> None:
    variant = {"flavor": "plain", "python": "3.12", "mpi": "openmpi", "unread": "x"}
    found = evaluated(CONTEXT + PACKAGE + "about: {summary: '${{ flavor }} ${{ python }}'}\n", request(variant))
    assert found.hidden == {"flavor"}
    assert {"python", "mpi"} <= set(found.read)
    assert "flavor" not in found.read


def test_what_is_no_variant_key_is_not_hidden() -> None:
    found = evaluated(CONTEXT.replace("${{ mpi }}", "x") + PACKAGE, request({}))
    assert found.hidden == frozenset()
    assert "python" not in found.read
