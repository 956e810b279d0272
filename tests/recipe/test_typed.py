"""Evaluated data gets the model's names: build, scripts, requirements, about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.model.pin import Pin
from builder.model.recipe import (
    About,
    Build,
    DynamicLinking,
    GlobList,
    IgnoreRunExports,
    Inherit,
    PinCompatible,
    PinSubpackage,
    PostProcess,
    PrefixDetection,
    PythonBuild,
    Requirements,
    RunExports,
    Script,
    VariantKeys,
)
from builder.recipe.kind import Plain
from builder.recipe.typed import about_of, build_of, frozen, globs, inherit_of, requirements_of, script_of, texts, typed
from tests.recipe.given import built


def test_a_recipe_that_says_nothing_has_every_default() -> None:
    found = built("")
    assert found.build == Build()
    assert found.requirements == Requirements()
    assert found.about == About()
    assert (found.source, found.tests, found.extra, found.inherit, found.skip) == ((), (), (), None, False)


def test_a_build_with_everything() -> None:
    found = built(
        """
build:
  number: 3
  string: abc_3
  noarch: generic
  files: {include: [lib/**], exclude: ["*.a"]}
  always_include_files: [i]
  always_copy_files: [c]
  merge_build_and_host_envs: true
  variant: {use_keys: [a], ignore_keys: [b], down_prioritize_variant: -2}
  python:
    entry_points: ["a = b:c"]
    skip_pyc_compilation: ["*.py"]
    use_python_app_entrypoint: true
    version_independent: true
    site_packages_path: lib/python3.13t/site-packages
  prefix_detection: {ignore: [x], ignore_binary_files: true, force_file_type: {text: [t], binary: [b]}}
  dynamic_linking:
    rpaths: [lib/, lib64/]
    binary_relocation: ["*.so"]
    missing_dso_allowlist: [m]
    rpath_allowlist: [r]
    overdepending_behavior: ignore
    overlinking_behavior: error
  post_process: [{files: ["*.txt"], regex: a, replacement: b}]
"""
    )
    assert found.build == Build(
        number=3,
        string="abc_3",
        noarch="generic",
        files=GlobList(include=("lib/**",), exclude=("*.a",)),
        always_include_files=GlobList(include=("i",)),
        always_copy_files=GlobList(include=("c",)),
        merge_build_and_host_envs=True,
        variant=VariantKeys(use_keys=("a",), ignore_keys=("b",), down_prioritize_variant=-2),
        python=PythonBuild(
            entry_points=("a = b:c",),
            skip_pyc_compilation=("*.py",),
            use_python_app_entrypoint=True,
            version_independent=True,
            site_packages_path="lib/python3.13t/site-packages",
        ),
        prefix_detection=PrefixDetection(
            ignore=GlobList(include=("x",)),
            ignore_binary_files=True,
            force_text=GlobList(include=("t",)),
            force_binary=GlobList(include=("b",)),
        ),
        dynamic_linking=DynamicLinking(
            rpaths=("lib/", "lib64/"),
            binary_relocation=GlobList(include=("*.so",)),
            missing_dso_allowlist=GlobList(include=("m",)),
            rpath_allowlist=GlobList(include=("r",)),
            overdepending_behavior="ignore",
            overlinking_behavior="error",
        ),
        post_process=(PostProcess(files=GlobList(include=("*.txt",)), regex="a", replacement="b"),),
    )


@pytest.mark.parametrize(
    ("text", "relocation"),
    [("true", True), ("false", False), ("[]", GlobList()), ("['*.so']", GlobList(include=("*.so",))), ("${{ linux }}", True), ("${{ win }}", False),
     ("\"${{ 'x' if win }}\"", True)],
)  # fmt: skip
def test_all_none_or_some_files_are_relocated(text: str, relocation: bool | GlobList) -> None:
    assert (
        built(f"build:\n  dynamic_linking:\n    binary_relocation: {text}\n").build.dynamic_linking.binary_relocation
        == relocation
    )


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("make", Script(content=("make",))),
        ("build.sh", Script(file="build.sh")),
        ("' scripts/build.bat '", Script(file="scripts/build.bat")),
        ("bash build.sh", Script(content=("bash build.sh",))),
        ("|\n    make\n    make install\n", Script(content=("make\nmake install\n",))),
        ("[make, make install]", Script(content=("make", "make install"))),
        ("[build.sh]", Script(content=("build.sh",))),
        ("[]", Script(content=())),
        ("{file: x}", Script(file="x")),
        ("{content: build.sh}", Script(content=("build.sh",))),
        (
            "{content: [a, b], interpreter: python, cwd: sub}",
            Script(content=("a", "b"), interpreter="python", cwd="sub"),
        ),
        (
            "{content: a, env: {B: '1', A: 2}, secrets: [TOKEN]}",
            Script(content=("a",), env=(("B", "1"), ("A", "2")), secrets=("TOKEN",)),
        ),
        ("{file: x.py, interpreter: python}", Script(file="x.py", interpreter="python")),
        ("{env: {A: b}}", Script(env=(("A", "b"),))),
        ("\n    - if: win\n      then: bld\n    - if: linux\n      then: [a, b]\n", Script(content=("a", "b"))),
        ("\n    - if: win\n      then: bld\n", Script(content=())),
        ("${{ 'x.sh' if linux }}", Script(file="x.sh")),
        ("${{ PYTHON }} -m pip install . -vv", Script(content=("${PYTHON} -m pip install . -vv",))),
        ("${{ 'a' if win }}", Script()),
        ("~", Script()),
    ],
)
def test_scripts(text: str, script: Script) -> None:
    assert built(f"build:\n  script: {text}\n").build.script == script


def test_in_a_recipe_of_several_outputs_no_script_is_nothing_to_do() -> None:
    assert build_of({}, several=True).script == Script(content=())
    assert build_of({"script": {"cwd": "x"}}, several=True).script == Script(content=(), cwd="x")
    assert build_of({"script": {"file": "x"}}, several=True).script == Script(file="x")
    assert build_of({}, several=False).script == Script()


def test_requirements_with_everything() -> None:
    found = built(
        """
requirements:
  build: [cmake, "ninja >=1"]
  host: [zlib, {if: win, then: x, else: [y, "z 1.*"]}]
  run:
    - python
    - ${{ pin_subpackage("demo", exact=true) }}
    - ${{ pin_compatible("zlib", upper_bound="x.x") }}
    - ${{ "never" if win }}
  run_constraints: ["a <2"]
  run_exports:
    weak: [w]
    strong: ["${{ pin_subpackage('demo') }}"]
    weak_constraints: [wc]
    strong_constraints: [sc]
    noarch: [n]
  ignore_run_exports: {by_name: [e], from_package: ["${{ compiler('c') }}"]}
""",
        {"c_compiler_version": "12"},
    )
    assert found.requirements == Requirements(
        build=("cmake", "ninja >=1"),
        host=("zlib", "y", "z 1.*"),
        run=(
            "python",
            PinSubpackage(name="demo", pin=Pin(lower_bound=None, upper_bound=None, exact=True)),
            PinCompatible(name="zlib", pin=Pin(upper_bound="x.x")),
        ),
        run_constraints=("a <2",),
        run_exports=RunExports(
            weak=("w",),
            strong=(PinSubpackage(name="demo", pin=Pin()),),
            weak_constraints=("wc",),
            strong_constraints=("sc",),
            noarch=("n",),
        ),
        ignore_run_exports=IgnoreRunExports(by_name=("e",), from_package=("gcc_linux-64",)),
    )


def test_run_exports_in_a_list_are_weak() -> None:
    assert requirements_of({"run_exports": ("a", "b")}).run_exports == RunExports(weak=("a", "b"))


def test_an_about_with_everything() -> None:
    text = """
about:
  homepage: https://example.org/
  repository: https://example.org/r
  documentation: https://example.org/d
  license: MIT
  license_file: [LICENSE, "${{ PREFIX }}/share/LICENSE"]
  license_family: MIT
  summary: |
    two
    lines
  description: ${{ 'x' if win }}
"""
    assert built(text).about == About(
        homepage="https://example.org/",
        repository="https://example.org/r",
        documentation="https://example.org/d",
        license="MIT",
        license_file=("LICENSE", "${{ PREFIX }}/share/LICENSE"),
        license_family="MIT",
        summary="two\nlines",
    )


def test_one_license_file_needs_no_list() -> None:
    assert about_of({"license_file": ("LICENSE",)}) == built("about: {license_file: LICENSE}\n").about


@pytest.mark.parametrize(
    ("value", "inherit"),
    [
        (None, None),
        ("a", Inherit(staging="a")),
        ({"from": "a"}, Inherit(staging="a")),
        ({"from": "a", "run_exports": False}, Inherit(staging="a", run_exports=False)),
    ],
)
def test_inheritance(value: Plain, inherit: Inherit | None) -> None:
    assert inherit_of(value) == inherit


def test_small_conversions() -> None:
    assert globs(None) == GlobList()
    assert globs(("a",)) == GlobList(include=("a",))
    assert globs({"exclude": ("a",)}) == GlobList(exclude=("a",))
    assert texts({"a": "x"}, "a") == ("x",)
    assert texts({}, "a") == ()
    assert typed({"a": 3}, "a", 0) == 3
    assert typed({"a": "x"}, "a", 0) == 0
    assert frozen({"a": ({"b": 1},), "c": None}) == (("a", ((("b", 1),),)), ("c", None))
    assert script_of(None) == Script()


def test_extra_is_kept_and_cannot_be_changed() -> None:
    found = built("extra: {recipe-maintainers: [a, b], deep: {n: 1.5, none: null}}\n")
    assert found.extra == (("recipe-maintainers", ("a", "b")), ("deep", (("n", 1.5), ("none", None))))
    assert isinstance(hash(found), int)


def test_a_build_section_has_every_field_of_a_build() -> None:
    """Also those that only a meta.yaml can say."""
    made = build_of({"number": 3, "track_features": ("a",)}, several=True)
    assert made == Build(number=3, script=Script(content=()))
    assert replace(made, number=4).track_features == ()
