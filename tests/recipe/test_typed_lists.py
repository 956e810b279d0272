"""Sources and tests as the model's types."""

from __future__ import annotations

import pytest

from builder.model.interpreter import LANGUAGES
from builder.model.recipe import (
    DownstreamTest,
    GitSource,
    GlobList,
    ImportTest,
    PackageContentsTest,
    PathSource,
    PythonTest,
    Script,
    ScriptTest,
    Source,
    Test,
    UrlSource,
)
from builder.recipe.typed_lists import typed_sources, typed_tests
from tests.recipe.given import built, platforms

URL = "https://example.org/a.tar.gz"
SHA = "ab" * 32
PERL, R, RUBY = LANGUAGES


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        (f"{{url: '{URL}', sha256: '{SHA}'}}", (UrlSource(urls=(URL,), sha256=SHA),)),
        (f"[{{url: ['{URL}', 'https://example.com/b'], md5: '{SHA[:32]}'}}]", (UrlSource(urls=(URL, "https://example.com/b"), md5=SHA[:32]),)),
        (
            f"{{url: '{URL}', file_name: f, target_directory: t, patches: [p], filter: ['*.c']}}",
            (UrlSource(urls=(URL,), file_name="f", target_directory="t", patches=("p",), filter=GlobList(include=("*.c",))),),
        ),
        ("{url: 'pypi:a/1/a.whl'}", (UrlSource(urls=("pypi:a/1/a.whl",)),)),
        ("{path: .}", (PathSource(path="."),)),
        (
            f"{{path: ../x, sha256: '{SHA}', use_gitignore: false, filter: {{include: [a], exclude: [b]}}}}",
            (PathSource(path="../x", sha256=SHA, use_gitignore=False, filter=GlobList(include=("a",), exclude=("b",))),),
        ),
        ("{git: 'https://example.org/r.git', tag: v1, depth: 1}", (GitSource(git="https://example.org/r.git", tag="v1", depth=1),)),
        (
            "{git: ../r, rev: abc, lfs: true, submodules: false, expected_commit: abc, target_directory: t, patches: [p]}",
            (GitSource(git="../r", rev="abc", lfs=True, submodules=False, expected_commit="abc", target_directory="t", patches=("p",)),),
        ),
        ("{git: ../r, branch: main}", (GitSource(git="../r", branch="main"),)),
        (f"\n  - if: win\n    then: {{url: '{URL}'}}\n    else:\n      - path: a\n      - path: b\n", (PathSource(path="a"), PathSource(path="b"))),
        ("\n  if: win\n  then:\n    path: a\n", ()),
        ("[]", ()),
    ],
)  # fmt: skip
def test_sources(text: str, sources: tuple[Source, ...]) -> None:
    assert built(f"source: {text}\n").source == sources


def test_addresses_may_be_chosen() -> None:
    text = "source:\n  url:\n    - if: win\n      then: https://example.org/win\n      else: https://example.org/unix\n"
    assert built(text).source == (UrlSource(urls=("https://example.org/unix",)),)
    assert built(text, where=platforms("win-64")).source == (UrlSource(urls=("https://example.org/win",)),)


@pytest.mark.parametrize(
    ("text", "tests"),
    [
        ("script: [a, b]", (ScriptTest(script=Script(content=("a", "b"))),)),
        ("script: run_test.sh", (ScriptTest(script=Script(file="run_test.sh")),)),
        (
            "script: {file: t.py, interpreter: python}\n    requirements: {build: [x], run: ['y >=1']}\n    files: {source: [s/], recipe: [r]}",
            (ScriptTest(script=Script(file="t.py", interpreter="python"), build=("x",), run=("y >=1",), source_files=GlobList(include=("s/",)),
                        recipe_files=GlobList(include=("r",))),),
        ),
        ("python: {imports: [a, b.c]}", (PythonTest(imports=("a", "b.c")),)),
        ("python: {imports: a, pip_check: false, python_version: 3.10}", (PythonTest(imports=("a",), pip_check=False, python_version=("3.10",)),)),
        ("python: {imports: [a], python_version: ['3.9', '3.10.*']}", (PythonTest(imports=("a",), python_version=("3.9", "3.10.*")),)),
        ("python: {python_version: 3.9.*}", (PythonTest(imports=(), python_version=("3.9.*",)),)),
        ("downstream: other", (DownstreamTest(downstream="other"),)),
        (
            "package_contents: {files: [a], bin: {exists: [b], not_exists: [c]}, lib: [d], include: [e], site_packages: [f], strict: true}",
            (PackageContentsTest(files=("a",), bin=("b",), not_bin=("c",), lib=("d",), include=("e",), site_packages=("f",), strict=True),),
        ),
        (
            "package_contents: {files: {not_exists: [a]}, lib: {not_exists: [b]}, include: {not_exists: [c]}, site_packages: {not_exists: [d]}}",
            (PackageContentsTest(not_files=("a",), not_lib=("b",), not_include=("c",), not_site_packages=("d",)),),
        ),
        ('perl: {uses: ["A::B", C]}', (ImportTest(language=PERL, names=("A::B", "C")),)),
        ("r: {libraries: [x]}", (ImportTest(language=R, names=("x",)),)),
        ("ruby: {requires: [x]}", (ImportTest(language=RUBY, names=("x",)),)),
    ],
)  # fmt: skip
def test_tests(text: str, tests: tuple[Test, ...]) -> None:
    assert built(f"tests:\n  - {text}\n").tests == tests


def test_tests_may_be_chosen() -> None:
    text = (
        "tests:\n  - if: linux\n    then:\n      - script: a\n      - script: b\n  - if: win\n    then: {script: c}\n"
    )
    assert [test.script.content for test in built(text).tests if isinstance(test, ScriptTest)] == [("a",), ("b",)]


def test_a_test_that_chooses_no_command_has_none() -> None:
    text = "tests:\n  - script:\n      - if: win\n        then: a\n"
    assert built(text).tests == (ScriptTest(script=Script(content=())),)


def test_absent_lists_are_empty() -> None:
    assert typed_sources(None) == ()
    assert typed_tests(None) == ()
