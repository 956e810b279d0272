"""What recipes ask of their sources, over the passes of a whole ``meta.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builder.errors import RecipeError, UsageError
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.model.rendering import Platforms
from builder.recipe.v0 import Metadata, Scope, load_meta
from builder.recipe.v0.asked import AskedSources

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
GIT = {"GIT_DESCRIBE_TAG": "v2.1", "GIT_DESCRIBE_NUMBER": "3", "GIT_FULL_HASH": "f" * 40, "GIT_BUILD_STR": "3_gfff"}


@dataclass
class Answers:
    """Answers everything, and remembers of which sources it was asked."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    asked: list[object] = field(default_factory=list)

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        self.asked.append(tuple(sources))
        return self.files.get(path)

    def description(self, source: GitSource | PathSource) -> Mapping[str, str]:
        self.asked.append(source)
        return GIT


class Refusing(Answers):
    """Has nothing yet."""

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        raise UsageError("not there", code="recipe.needs-source", remedy="fetch it")


def resolved(folder: Path, text: str, answers: Answers | None) -> Metadata:
    (folder / "meta.yaml").write_text(text)
    return load_meta(folder / "meta.yaml", ask=answers).resolved(Scope({}, LINUX, {}))


OF_A_FILE = """\
{% set version = load_file_regex('VERSION', '[0-9.]+').group(0) %}
package: {name: a, version: '{{ version }}'}
source: {url: https://example.org/a.tar.gz, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
"""


def test_a_version_comes_from_the_sources(tmp_path: Path) -> None:
    answers = Answers({"VERSION": b"v1.7\n"})
    assert resolved(tmp_path, OF_A_FILE, answers).version == "1.7"
    assert set(answers.asked) == {(UrlSource(urls=("https://example.org/a.tar.gz",), sha256="0" * 64),)}


def test_sources_that_are_not_there_are_told_with_the_line_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="the template cannot be rendered: not there") as caught:
        resolved(tmp_path, OF_A_FILE, Refusing())
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.remedy) == ("recipe.needs-source", 1, "fetch it")


def test_a_recipe_that_is_skipped_needs_no_sources(tmp_path: Path) -> None:
    assert resolved(tmp_path, f"{OF_A_FILE}build: {{skip: true}}\n", Refusing()).skip


def test_git_is_asked_about_the_first_source_only_by_recipes_that_read_it(tmp_path: Path) -> None:
    text = (
        "package: {name: a, version: '%s'}\n"
        "source:\n  - {git_url: https://example.org/a.git, git_rev: v2}\n  - {path: src, folder: x}\n"
    )
    answers = Answers()
    assert resolved(tmp_path, text % "1", answers).version == "1"
    assert answers.asked == []
    version = "{{ GIT_DESCRIBE_TAG }}.{{ environ['GIT_DESCRIBE_NUMBER'] }}.{{ environ.get('GIT_BUILD_STR') }}"
    assert resolved(tmp_path, text % version, answers).version == "v2.1.3.3_gfff"
    assert set(answers.asked) == {GitSource(git="https://example.org/a.git", rev="v2")}


def test_git_knows_a_folder_too_and_nothing_of_an_archive(tmp_path: Path) -> None:
    text = "package: {name: a, version: '{{ GIT_DESCRIBE_TAG }}'}\nsource: {%s}\n"
    assert resolved(tmp_path, text % "path: src", Answers()).version == "v2.1"
    with pytest.raises(RecipeError, match="'GIT_DESCRIBE_TAG' is undefined"):
        resolved(tmp_path, text % "url: https://example.org/a.tar.gz, sha256: abc", Answers())
    with pytest.raises(RecipeError, match="the commit is in the sources, which are not there") as caught:
        resolved(tmp_path, text % "path: src", None)
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == ("recipe.needs-source", 1, 33)


def test_before_the_first_pass_there_are_no_sources() -> None:
    nothing = AskedSources(None, Metadata(sections={}), "{{ GIT_FULL_HASH }}")
    assert not nothing.are_known
    assert nothing.variables() == {}
