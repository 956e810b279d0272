"""Evaluating outputs: sections, several outputs, staging, skipping, build strings, and what was read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from builder.model.recipe import Inherit, PathSource, Script, ScriptTest, UrlSource
from builder.model.variant import VariantValue
from builder.recipe import evaluate
from tests.recipe.given import PACKAGE, built, evaluated, only_problem, platforms, problems, recipe, request

MULTI = """
context:
  version: "2.0"
  gpu: ${{ cuda != "none" }}
recipe:
  name: multi
  version: ${{ version }}
source:
  url: https://example.org/top.tar.gz
build:
  number: 7
  script: [top]
about:
  license: MIT
  summary: ${{ summary_key }}
tests:
  - script: top
outputs:
  - staging:
      name: compiled
    source:
      path: own
    requirements:
      build: ["${{ compiler('c') }}"]
      host: [zlib, "openssl >=3"]
    build:
      script: make ${{ staging_key }}
  - package:
      name: libmulti
    inherit: compiled
    build:
      files: [lib/**]
    requirements:
      host: [numpy]
      run: ["${{ pin_subpackage('multi-tools', exact=true) }}", "python ${{ python }}.*"]
  - package:
      name: multi-tools
      version: "9"
    source:
      path: tools
    tests:
      - script: own
  - package:
      name: skipped
    build:
      skip: ${{ nothing_skips or linux }}
    requirements:
      run: ["${{ stdlib('c') }}"]
"""
VARIANT: dict[str, VariantValue] = {
    "cuda": "none",
    "summary_key": "s",
    "staging_key": "k",
    "python": "3.12",
    "nothing_skips": False,
    "c_compiler": "gcc",
}


def test_a_simple_recipe() -> None:
    found = evaluated(PACKAGE)
    assert (found.output.kind, found.output.name, found.output.version) == ("package", "demo", "1.0")
    assert (dict(found.read), found.free_specs, found.pinned) == ({}, (), ())


def test_a_staging_output_has_the_sources_of_the_top_and_nothing_else_of_it() -> None:
    found = evaluate(recipe(MULTI).outputs[0], request(VARIANT))
    assert (found.output.kind, found.output.name, found.output.version) == ("staging", "compiled", "2.0")
    assert found.output.source == (UrlSource(urls=("https://example.org/top.tar.gz",)), PathSource(path="own"))
    assert found.output.build.script == Script(content=("make k",))
    assert found.output.build.number == 0
    assert found.output.requirements.host == ("zlib", "openssl >=3")
    assert found.output.tests == ()
    assert set(found.read) == {
        "cuda",
        "staging_key",
        "c_compiler",
        "c_compiler_version",
        "CONDA_BUILD_SYSROOT",
        "zlib",
        "gcc_linux_64",
    }
    assert found.free_specs == ("gcc_linux_64", "zlib")


def test_an_output_that_inherits_has_no_sources_scripts_and_tests_of_the_top() -> None:
    found = evaluate(recipe(MULTI).outputs[1], request(VARIANT))
    assert (found.output.name, found.output.version) == ("libmulti", "2.0")
    assert found.output.inherit == Inherit(staging="compiled")
    assert (found.output.source, found.output.tests) == ((), ())
    assert found.output.build.script == Script(content=())
    assert found.output.build.number == 7
    assert found.output.build.files.include == ("lib/**",)
    assert found.output.about.license == "MIT"
    assert found.pinned == (("multi-tools", True),)
    assert set(found.read) == {"cuda", "summary_key", "python", "numpy"}


def test_an_output_of_its_own_takes_over_the_top() -> None:
    found = evaluate(recipe(MULTI).outputs[2], request(VARIANT))
    assert found.output.version == "9"
    assert found.output.source == (UrlSource(urls=("https://example.org/top.tar.gz",)), PathSource(path="tools"))
    assert found.output.build.script == Script(content=("top",))
    assert [test.script.content for test in found.output.tests if isinstance(test, ScriptTest)] == [("top",), ("own",)]


def test_a_skipped_output_is_not_evaluated_further() -> None:
    found = evaluate(recipe(MULTI).outputs[3], request(VARIANT))
    assert found.output.skip
    assert found.output.name == "skipped"
    assert found.output.requirements.run == ()
    assert set(found.read) == {"cuda", "linux", "nothing_skips"}


def test_the_version_of_the_top_is_read_only_where_it_is_needed() -> None:
    text = "recipe: {version: '${{ top_version }}'}\noutputs:\n  - package: {name: a}\n  - package: {name: b, version: '1'}\n"
    first, second = recipe(text).outputs
    given = request({"top_version": "3"})
    assert set(evaluate(first, given).read) == {"top_version"}
    assert set(evaluate(second, given).read) == set()
    assert evaluate(second, request()).output.version == "1"


@pytest.mark.parametrize(
    ("skip", "target", "skipped"),
    [
        ("win", "win-64", True), ("win", "linux-64", False), ("[win, linux]", "linux-64", True), ("[win, osx]", "linux-64", False), ("true", "linux-64", True),
        ("false", "linux-64", False), ("[]", "linux-64", False), ("not unix", "win-64", True), ("match(python, '<3.10')", "linux-64", False),
        ("match(python, '>=3.10')", "linux-64", True), ("match(undefined_key, '<1')", "linux-64", True), ("[{if: linux, then: win}]", "linux-64", False),
        ("[{if: linux, then: [linux]}]", "linux-64", True), ("${{ linux }}", "linux-64", True), ("python == '3.12'", "linux-64", True),
        ("target_platform != build_platform", "osx-64", True),
    ],
)  # fmt: skip
def test_skipping(skip: str, target: str, skipped: bool) -> None:
    assert built(f"build:\n  skip: {skip}\n", {"python": "3.12"}, where=platforms(target)).skip is skipped


def test_every_condition_of_skip_is_read() -> None:
    text = PACKAGE + "build: {skip: [linux, \"match(python, '<3')\", \"mpi == 'x'\"]}\n"
    assert {"python", "mpi", "linux"} <= set(evaluated(text, request({"python": "3.12", "mpi": "x"})).read)


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("{host: [python, numpy]}", ("python", "numpy")), ("{host: ['python >=3', zlib]}", ("zlib",)), ("{build: [cmake], host: [cmake]}", ("cmake",)),
        ("{run: [python]}", ()), ("{host: ['python 3.12.*', 'conda-forge::zlib', 'a[build=x]', 'b * *_cpu']}", ()), ("{host: [r-base, Foo.bar]}", ("r_base", "foo_bar")),
        ("{build: ['${{ compiler(\"c\") }}']}", ("gcc_linux_64",)), ("{host: [\"${{ pin_subpackage('demo') }}\"]}", ()), ("{host: [' zlib ']}", ("zlib",)),
    ],
)  # fmt: skip
def test_free_specs_are_the_versionless_ones_of_build_and_host(text: str, free: tuple[str, ...]) -> None:
    found = evaluated(PACKAGE + f"requirements: {text}\n")
    assert found.free_specs == free
    assert set(free) <= set(found.read)


def test_a_free_spec_says_where_it_stands() -> None:
    found = evaluated(PACKAGE + "requirements: {host: [r-base]}\n")
    assert found.read["r_base"] == "requirements.host has r-base without a version"


def test_pins_of_all_sections_are_listed_once() -> None:
    pins = {"build": "a", "host": "b", "run": "c", "run_constraints": "d"}
    lists = ", ".join(f"{key}: [\"${{{{ pin_subpackage('{name}') }}}}\"]" for key, name in pins.items())
    exports = ", ".join(f"{key}: [\"${{{{ pin_subpackage('{key[0]}{index}', exact=true) }}}}\"]" for index, key in
                        enumerate(("weak", "strong", "weak_constraints", "strong_constraints", "noarch")))  # fmt: skip
    found = evaluated(PACKAGE + f"requirements: {{{lists}, run_exports: {{{exports}}}}}\n")
    assert found.pinned == (
        ("a", False), ("b", False), ("c", False), ("d", False), ("w0", True), ("w2", True), ("s1", True), ("s3", True), ("n4", True),
    )  # fmt: skip


def test_a_build_string_waits_for_the_hash() -> None:
    text = (
        "context: {cpu: v3}\n"
        + PACKAGE
        + "build: {number: 4, string: '${{ cpu }}_${{ mpi }}_h${{ hash }}_${{ build_number }}'}\n"
    )
    waiting = evaluated(text, request({"mpi": "openmpi"}))
    assert waiting.output.build.string == "${{ cpu }}_${{ mpi }}_h${{ hash }}_${{ build_number }}"
    known = evaluated(text, request({"mpi": "openmpi"}, hash="1a2b3c4"))
    assert known.output.build.string == "v3_openmpi_h1a2b3c4_4"
    assert "mpi" in waiting.read
    assert {"cpu", "hash", "build_number"}.isdisjoint(known.read) or "cpu" not in known.read


def test_a_build_string_without_expressions_is_as_written() -> None:
    assert built("build: {string: py_0}\n").build.string == "py_0"


def test_a_build_string_of_the_top_is_evaluated_for_outputs() -> None:
    text = "recipe: {version: '1'}\nbuild: {string: 'x_${{ hash }}'}\noutputs:\n  - package: {name: a}\n  - package: {name: b}\n    build: {string: 'y_${{ hash }}'}\n"
    given = request(hash="abcdefg")
    assert [evaluate(output, given).output.build.string for output in recipe(text).outputs] == [
        "x_abcdefg",
        "y_abcdefg",
    ]


@pytest.mark.parametrize("string", ["a/b_${{ hash }}", "../${{ hash }}", "é${{ hash }}", "a-${{ hash }}"])
def test_a22_a_build_string_that_is_none_is_refused(string: str) -> None:
    problem = only_problem(PACKAGE + f"build: {{string: '{string}'}}\n", request(hash="abc"))
    assert problem.code == "recipe.bad-value"
    assert "build string" in problem.message


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("'${{ \"Bad\" }}'", "recipe.yaml:1:17"),
        ("'a${{ \"..\" }}b'", "recipe.yaml:1:17"),
        ("'${{ \"a/b\" }}'", "recipe.yaml:1:17"),
    ],
)
def test_a22_names_are_checked_when_they_are_known(name: str, place: str) -> None:
    problem = only_problem(f"package: {{name: {name}, version: '1'}}\n")
    assert problem.code == "recipe.bad-value"
    assert problem.message.startswith("package.name: ")
    assert str(problem.place) == place


def test_an_undefined_name_in_a_script_is_an_error_where_the_peer_makes_nothing_of_it() -> None:
    problem = only_problem("context: {version: '1'}\n" + PACKAGE + "build: {script: ['make V=${{ verson }}']}\n")
    assert (problem.message, problem.remedy) == ("verson is undefined", "did you mean version?")
    assert str(problem.place) == "recipe.yaml:3:30"


@pytest.mark.parametrize("name", ["PREFIX", "PYTHON", "PIP_ARGS", "MY_OWN_1", "R"])
def test_names_in_capitals_wait_for_the_session_in_scripts(name: str) -> None:
    found = evaluated(
        PACKAGE + f"build: {{script: ['use ${{{{ {name} }}}}/x']}}\ntests: [{{script: ['${{{{ {name} }}}} -c']}}]\n"
    )
    assert found.output.build.script.content == (f"use ${{{name}}}/x",)
    assert f"use ${{{{ {name} }}}}/x" in found.output.rendered


def test_but_not_elsewhere() -> None:
    assert only_problem(PACKAGE + "about: {summary: '${{ PREFIX }}'}\n").message == "PREFIX is undefined"
    assert (
        only_problem(PACKAGE + "build: {script: {content: a, env: {X: '${{ PREFIX }}'}}}\n").message
        == "PREFIX is undefined"
    )


def test_patches_and_licenses_may_name_folders_of_the_build() -> None:
    text = "source: {path: ., patches: ['${{ SRC_DIR }}/a.patch']}\nabout: {license_file: ['${{ BUILD_PREFIX }}/x']}\n"
    found = built(text)
    assert found.source[0].patches == ("${{ SRC_DIR }}/a.patch",)
    assert found.about.license_file == ("${{ BUILD_PREFIX }}/x",)
    assert (
        only_problem(PACKAGE + "source: {path: ., patches: ['${{ PREFIX }}/a.patch']}\n").message
        == "PREFIX is undefined"
    )


def test_environment_variables_that_come_out_empty_are_left_out() -> None:
    found = built("build: {script: {content: a, env: {A: \"${{ 'x' if win }}\", B: b}}}\n")
    assert found.build.script.env == (("B", "b"),)


def test_variant_values_of_all_types_print_as_the_peer_prints_them() -> None:
    variant: dict[str, VariantValue] = {"flag": True, "count": 3, "text": "3.10"}
    assert (
        built("about: {summary: '${{ flag }} ${{ count + 1 }} ${{ text }}'}\n", variant).about.summary == "true 4 3.10"
    )


def test_problems_of_all_sections_come_together() -> None:
    text = (
        PACKAGE
        + "build: {number: '${{ nowhere1 }}'}\nrequirements: {run: ['${{ nowhere2 }}', 'a ${{ 1 }}']}\nabout: {license: \"${{ 'No' }}-Such\"}\n"
    )
    assert [problem.code for problem in problems(text)] == [
        "recipe.undefined",
        "recipe.undefined",
        "recipe.bad-value",
        "recipe.bad-value",
    ]


def test_cross_platform_conditions() -> None:
    text = "requirements:\n  run:\n    - if: linux\n      then: l\n    - if: osx and arm64\n      then: m\n    - if: win\n      then: w\n      else: u\n"
    assert built(text).requirements.run == ("l", "u")
    assert built(text, where=platforms("osx-arm64")).requirements.run == ("m", "u")
    assert built(text, where=platforms("win-64")).requirements.run == ("w",)


def test_evaluating_again_gives_the_same() -> None:
    found = recipe(MULTI).outputs[1]
    first, second = evaluate(found, request(VARIANT)), evaluate(found, request(VARIANT))
    assert first == second
    assert list(first.read) == sorted(first.read)


@pytest.mark.parametrize(
    ("top", "own", "skipped"),
    [("linux", "win", True), ("win", "linux", True), ("win", "osx", False), ("linux", "linux", True)],
)
def test_an_output_is_skipped_by_the_top_or_by_itself(top: str, own: str, skipped: bool) -> None:
    text = f"recipe: {{version: '1'}}\nbuild: {{skip: {top}}}\noutputs:\n  - package: {{name: a}}\n    build: {{skip: [{own}]}}\n"
    assert evaluated(text).output.skip is skipped


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package: {name: \"${{ 'x' if win }}\", version: '1'}\n", "the name of the package comes out empty"),
        ("package: {name: a, version: \"${{ '' }}\"}\n", "the version of the package comes out empty"),
        (
            "recipe: {version: '1'}\noutputs: [{staging: {name: \"${{ '' }}\"}}]\n",
            "the name of the package comes out empty",
        ),
    ],
)
def test_names_and_versions_do_not_come_out_empty(text: str, message: str) -> None:
    problem = only_problem(text)
    assert problem.message == message
    assert problem.place is not None


def test_a_build_number_of_the_caller_stands_in_the_place_of_the_recipes() -> None:
    text = PACKAGE + "build: {number: 3, string: 's_${{ build_number }}_${{ hash }}'}\n"
    asked = replace(request(hash="0123456"), build_number=0)
    output = evaluated(text, asked).output
    assert (output.build.number, output.build.string) == (0, "s_0_0123456")
    assert json.loads(output.rendered)["build"] == {"number": 0, "string": "s_0_0123456"}
    assert evaluated(PACKAGE, asked).output.build.number == 0
    skipped = evaluated(PACKAGE + "build: {number: 3, skip: true}\n", asked).output
    assert (skipped.skip, skipped.build.number) == (True, 0)
