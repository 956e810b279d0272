"""What ``meta.yaml`` is told of sources: rendered without a network, fetched by those commands that fetch."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from builder.cli.asking_sources import SourceAnswers, completed
from builder.cli.collection import Collection
from builder.cli.inputs import Inputs
from builder.cli.options import Places
from builder.cli.rendering import render_selection
from builder.cli.selection import Selection
from builder.cli.shown import show
from builder.errors import MachineError, UsageError
from builder.model.recipe import GitSource, PathSource
from tests.source.git.making import Upstream, upstream

META = """\
{{% set data = load_setup_py_data() %}}
package:
  name: thing
  version: {{{{ data.version }}}}
source:
  url: {url}
  sha256: {sha256}
build:
  noarch: generic
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store that commands use which are not told of one."""
    monkeypatch.setenv("BAKEHOUSE_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe whose version stands in its archive only."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as made:
        content = b"from setuptools import setup\nsetup(version='4.5.6')\n"
        info = tarfile.TarInfo("thing-4.5.6/setup.py")
        info.size = len(content)
        made.addfile(info, io.BytesIO(content))
    archive = tmp_path / "thing.tar.gz"
    archive.write_bytes(held.getvalue())
    sha256 = hashlib.sha256(held.getvalue()).hexdigest()
    return written(tmp_path / "recipe", META.format(url=archive.as_uri(), sha256=sha256))


def written(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "meta.yaml").write_text(text)
    return folder


def selected(path: Path) -> Selection:
    return Selection(paths=(path,), recipes=(), variants=(), variant_files=(), target_platform=None)


def places(store: Path, *, offline: bool = False) -> Places:
    return Places(output=None, channels=(), offline=offline, store=store)


def versions(path: Path, at: Places | None = None) -> list[str]:
    rendered = render_selection(selected(path), at)
    rendered.raise_errors()
    return [str(one.output.version) for one in rendered.renderings]


def test_render_fetches_nothing_and_says_what_does(recipe: Path, store: Path) -> None:
    with pytest.raises(UsageError) as caught:
        versions(recipe)
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line) == ("recipe.needs-source", 1)
    assert problem.remedy == f"run `bakehouse fetch {recipe}` once with a network"
    with pytest.raises(UsageError, match="its source is not there"):
        versions(recipe, places(store, offline=True))


def test_what_was_fetched_once_renders_from_the_store(recipe: Path, store: Path) -> None:
    assert versions(recipe, places(store)) == ["4.5.6"]
    (recipe.parent / "thing.tar.gz").unlink()
    assert versions(recipe, places(store, offline=True)) == versions(recipe) == ["4.5.6"]


@pytest.mark.usefixtures("store")
def test_what_was_asked_of_sources_is_not_kept(recipe: Path) -> None:
    shown, basis = show(recipe / "meta.yaml", Inputs(selected(recipe), Collection()))
    assert shown.problems
    assert not basis.lasting


@pytest.fixture
def origin(tmp_path: Path) -> Upstream:
    made = upstream(tmp_path / "origin")
    made.git("tag", "v1.9")
    made.commit({"a": "1"})
    return made


@pytest.mark.usefixtures("store")
def test_git_describes_the_source(origin: Upstream, tmp_path: Path) -> None:
    text = (
        "package: {name: a, version: '{{ GIT_DESCRIBE_TAG[1:] }}.post{{ GIT_DESCRIBE_NUMBER }}'}\n"
        "source: {git_url: ../origin, git_rev: main}\nbuild: {string: '{{ GIT_BUILD_STR }}'}\n"
    )
    rendered = render_selection(selected(written(tmp_path / "recipe", text)))
    rendered.raise_errors()
    (found,) = rendered.renderings
    assert (found.output.version, found.build_string) == (
        "1.9.post1",
        f"1_g{origin.git('rev-parse', '--short', 'main')}",
    )


def test_a_question_is_answered_once(origin: Upstream, tmp_path: Path, store: Path) -> None:
    answers = SourceAnswers(tmp_path, Collection(), places(store))
    source = GitSource(git="origin")
    first = answers.description(source)
    origin.git("tag", "v2.0")
    assert answers.description(source) is first
    assert SourceAnswers(tmp_path, Collection(), None).description(source)["GIT_DESCRIBE_TAG"] == "v2.0"
    assert answers.source_file([source], "none") is None
    assert answers.source_file([source], "a") == b"1"
    origin.folder.rename(tmp_path / "moved")
    assert answers.source_file([source], "none") is None


def test_a_folder_outside_the_recipe_is_not_described(origin: Upstream, tmp_path: Path, store: Path) -> None:
    answers = SourceAnswers(origin.folder, Collection(), places(store))
    assert answers.description(PathSource(path="."))["GIT_DESCRIBE_TAG"] == "v1.9"
    with pytest.raises(UsageError, match="outside the recipe's folder"):
        SourceAnswers(tmp_path / "recipe", Collection(), places(store)).description(PathSource(path="../origin"))


def test_other_errors_come_as_they_are(tmp_path: Path, store: Path) -> None:
    with pytest.raises((UsageError, MachineError), match="none"):
        SourceAnswers(tmp_path, Collection(), places(store)).description(GitSource(git="none"))


def test_a_busy_loop_does_not_matter() -> None:
    async def one() -> int:
        await asyncio.sleep(0)
        return 1

    async def busy() -> int:
        return completed(one())

    assert completed(one()) == asyncio.run(busy()) == 1
