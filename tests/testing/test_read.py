"""Tests as packages carry them."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.archive import read_package
from builder.errors import SourceError
from builder.model.interpreter import LANGUAGES
from builder.model.recipe import (
    DownstreamTest,
    GlobList,
    ImportTest,
    PackageContentsTest,
    PythonTest,
    Script,
    ScriptTest,
)
from builder.testing.read import CarriedTest, ForeignTest, read_tests, secret_names
from tests.testing.conftest import make_package

PERL, R, RUBY = LANGUAGES

PEERS = """\
- script:
    content:
    - test -f data.txt
    - echo "it's \\"quoted\\""
    cwd: etc/conda/test-files/t/0
  requirements:
    run:
    - t >=1
    build:
    - make
  files:
    recipe:
    - data.txt
- script:
    interpreter: bash
    env:
      A: '1'
      B: two words
    content: |
      echo run
      set -e
- script:
    secrets:
    - TOKEN
    content: echo $X
- python:
    imports:
    - a
    - b.c
    pip_check: false
    python_version:
    - '3.11'
    - '3.12'
- python:
    imports:
    - a
    python_version: '3.10'
- downstream: foo
- perl:
    uses:
    - A::B
    - C
- r:
    libraries:
    - x
- ruby:
    requires: y
"""
"""What a build by rattler-build 0.73 left in a package."""


def carried(folder: Path, text: str | None) -> tuple[CarriedTest, ...]:
    return read_tests(read_package(make_package(folder, text)))


def test_a_package_without_tests(tmp_path: Path) -> None:
    assert carried(tmp_path, None) == ()
    assert carried(tmp_path, "[]\n") == ()


def test_the_peers_form(tmp_path: Path) -> None:
    assert carried(tmp_path, PEERS) == (
        ScriptTest(
            script=Script(content=("test -f data.txt", 'echo "it\'s \\"quoted\\""'), cwd="etc/conda/test-files/t/0"),
            run=("t >=1",),
            build=("make",),
            recipe_files=GlobList(include=("data.txt",)),
        ),
        ScriptTest(
            script=Script(content=("echo run\nset -e\n",), interpreter="bash", env=(("A", "1"), ("B", "two words")))
        ),
        ScriptTest(script=Script(content=("echo $X",), secrets=("TOKEN",))),
        PythonTest(imports=("a", "b.c"), pip_check=False, python_version=("3.11", "3.12")),
        PythonTest(imports=("a",), python_version=("3.10",)),
        DownstreamTest(downstream="foo"),
        ImportTest(language=PERL, names=("A::B", "C")),
        ImportTest(language=R, names=("x",)),
        ImportTest(language=RUBY, names=("y",)),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("files: [a, b]", PackageContentsTest(files=("a", "b"))),
        ("files: a", PackageContentsTest(files=("a",))),
        (
            "files: {exists: [a], not_exists: [b]}\n    strict: true",
            PackageContentsTest(files=("a",), not_files=("b",), strict=True),
        ),
        (
            "bin: [a]\n    lib: [b]\n    include: [c]\n    site_packages: [d]",
            PackageContentsTest(bin=("a",), lib=("b",), include=("c",), site_packages=("d",)),
        ),
        (
            "bin: {not_exists: [a]}\n    lib: {exists: [b], not_exists: [c]}\n    include: {not_exists: d}",
            PackageContentsTest(not_bin=("a",), lib=("b",), not_lib=("c",), not_include=("d",)),
        ),
        ("site_packages: {not_exists: [e]}", PackageContentsTest(not_site_packages=("e",))),
        ("strict: false", PackageContentsTest()),
        ("bin: ~", PackageContentsTest()),
    ],
)
def test_package_contents(tmp_path: Path, text: str, expected: PackageContentsTest) -> None:
    assert carried(tmp_path, f"- package_contents:\n    {text}\n") == (expected,)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("script: echo", Script(content=("echo",))),
        ("script: [a, b]", Script(content=("a", "b"))),
        ("script: {file: x.sh, cwd: info/tests/0}", Script(file="x.sh", cwd="info/tests/0")),
        ("script: {content: []}", Script(content=())),
    ],
)
def test_forms_of_a_script(tmp_path: Path, text: str, script: Script) -> None:
    assert carried(tmp_path, f"- {text}\n") == (ScriptTest(script=script),)


@pytest.mark.parametrize(
    "text",
    ["{}", "text", "- text", "- [a]", "- script: {content: {a: b}}", "- script: [[a]]", "- package_contents: [a]",
     "- python: a", "- script: {env: [a]}", "- script: x\n  requirements: [a]", "- downstream: [a]"],
)  # fmt: skip
def test_another_form_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        carried(tmp_path, text)
    place = caught.value.problems[0].place
    assert place is not None
    assert place.file == "zlib-1.3-h1_0.conda: info/tests/tests.yaml"


@pytest.mark.parametrize("text", ["- a: [", "- a: b\n  a: c", "\t- a", "- &x [*x]"])
def test_what_is_no_yaml_is_a_bad_package_and_no_bad_recipe(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match=r"tests\.yaml"):
        carried(tmp_path, text)


def test_a_test_that_nobody_knows_yet_is_kept(tmp_path: Path) -> None:
    assert carried(tmp_path, "- quantum: {}\n- {}\n") == (ForeignTest(kind="quantum"), ForeignTest(kind="empty"))


def test_secrets_that_tests_ask_for(tmp_path: Path) -> None:
    tests = (
        "- script: {content: a, secrets: [B, A]}\n- python: {imports: [x]}\n- script: {content: a, secrets: [A, C]}\n"
    )
    assert secret_names(make_package(tmp_path, tests)) == ("B", "A", "C")
    (tmp_path / "bare").mkdir()
    assert secret_names(make_package(tmp_path / "bare")) == ()


@pytest.mark.parametrize("text", ["- perl: [a]", "- r: {libraries: [[a]]}", "- ruby: a"])
def test_other_languages_have_a_form_too(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError):
        carried(tmp_path, text)
