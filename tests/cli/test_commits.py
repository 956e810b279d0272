"""Before a plan, git sources become commits: each asked for once, all that fails told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.collection import Collection
from builder.cli.commits import with_commits
from builder.cli.options import Places
from builder.cli.rendering import render_selection
from builder.cli.selection import Selection
from builder.cli.site import Site, site
from builder.errors import SourceError
from builder.model.recipe import GitSource
from builder.model.rendering import Rendering
from tests.cli.conftest import write_recipe
from tests.source.git.making import Upstream, upstream

RECIPE = """\
package: {{name: {name}, version: '1'}}
source:
  - git: {git}
    branch: {branch}
    target_directory: one
  - git: {git}
    rev: {rev}
    target_directory: two
build: {{script: 'true'}}
"""


@pytest.fixture
def up(tmp_path: Path) -> Upstream:
    made = upstream(tmp_path / "up", {"a": "1"})
    made.commit({"a": "2"})
    return made


def placed(tmp_path: Path) -> Site:
    return site(Places(output=tmp_path / "c", channels=(), offline=False, store=tmp_path / "s"), Collection())


def renderings(*recipes: Path) -> tuple[Rendering, ...]:
    chosen = Selection(paths=recipes, recipes=(), variant_files=(), variants=(), target_platform=None)
    rendered = render_selection(chosen)
    rendered.raise_errors()
    return rendered.renderings


def commits(found: tuple[Rendering, ...]) -> list[list[str | None]]:
    return [[one.commit for one in rendering.output.source if isinstance(one, GitSource)] for rendering in found]


def test_branches_become_commits_and_commits_stay(tmp_path: Path, up: Upstream) -> None:
    first, second = up.git("rev-list", "--reverse", "main").split()
    recipe = write_recipe(tmp_path / "r", RECIPE.format(name="r", git=up.address, branch="main", rev=first))
    found = with_commits(renderings(recipe), placed(tmp_path).fetcher(print))
    assert commits(found) == [[second, first]]
    assert [one.output.rendered for one in found] == [one.output.rendered for one in renderings(recipe)]


def test_paths_start_from_each_recipe(tmp_path: Path, up: Upstream) -> None:
    other = upstream(tmp_path / "deeper" / "up", {"b": "B"})
    one = write_recipe(tmp_path / "r", RECIPE.format(name="one", git="../up", branch="main", rev="HEAD"))
    two = write_recipe(tmp_path / "deeper" / "r", RECIPE.format(name="two", git="../up", branch="main", rev="HEAD"))
    found = with_commits(renderings(one, two), placed(tmp_path).fetcher(print))
    assert commits(found) == [[up.git("rev-parse", "main")] * 2, [other.git("rev-parse", "main")] * 2]


def test_all_that_fails_is_told_at_once(tmp_path: Path, up: Upstream) -> None:
    recipes = [
        write_recipe(tmp_path / name, RECIPE.format(name=name, git=up.address, branch=name, rev="HEAD"))
        for name in ("absent", "missing")
    ]
    with pytest.raises(SourceError) as caught:
        with_commits(renderings(*recipes), placed(tmp_path).fetcher(print))
    assert ["absent" in line or "missing" in line for line in str(caught.value).splitlines()] == [True, True]


def test_without_git_sources_nothing_happens(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r")
    found = renderings(recipe)
    assert with_commits(found, placed(tmp_path).fetcher(print)) == found
    assert not (tmp_path / "s").exists()
