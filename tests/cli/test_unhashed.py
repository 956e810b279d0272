"""Before a plan, sources without a sha256 get that of what comes, where the user allows them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.cli import planning
from builder.cli.collection import Collection
from builder.cli.confinement import confined
from builder.cli.options import Places
from builder.cli.sandbox_options import SandboxChoice
from builder.cli.site import Site, site
from builder.cli.unhashed import with_digests
from builder.errors import SourceError, UsageError
from builder.farm import Ledger
from builder.model.policy import Policy
from builder.model.recipe import UrlSource
from builder.model.rendering import Rendering
from builder.model.task import Plan
from tests.cli.conftest import write_recipe
from tests.cli.test_commits import renderings

RECIPE = """\
package: {{name: {name}, version: '1'}}
source:
  - url: {url}
    {hash}
  - url: https://example.org/never-asked.tar.gz
    sha256: {zeros}
build: {{script: 'true'}}
"""
ZEROS, LAPTOP = "0" * 64, Policy()


def placed(tmp_path: Path, *, policy: Policy = LAPTOP, allow_unhashed: bool = True) -> Site:
    places = Places(
        output=tmp_path / "c", channels=(), offline=False, store=tmp_path / "s", allow_unhashed=allow_unhashed
    )
    return site(places, Collection(policy=policy))


def recipe(tmp_path: Path, name: str = "r", *, content: bytes = b"content", md5: bool = False) -> Path:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    digest = f"md5: {hashlib.md5(content).hexdigest()}" if md5 else "file_name: a.txt"
    return write_recipe(tmp_path / name, RECIPE.format(name=name, url=file.as_uri(), hash=digest, zeros=ZEROS))


def measured(found: tuple[Rendering, ...]) -> list[list[str | None]]:
    return [[one.measured for one in rendering.output.source if isinstance(one, UrlSource)] for rendering in found]


def planned(place: Site, *recipes: Path) -> Plan:
    with Ledger(place.store) as ledger:
        return planning.make(
            renderings(*recipes), place, ledger, confinement=confined(SandboxChoice(), place), emit=lambda _: None
        )


def test_those_without_get_one_and_those_with_one_stay(tmp_path: Path) -> None:
    found = with_digests(renderings(recipe(tmp_path), recipe(tmp_path, "t")), placed(tmp_path).fetcher(print))
    expected = hashlib.sha256(b"content").hexdigest()
    assert measured(found) == [[expected, None], [expected, None]]


def test_nothing_to_measure_is_nothing_to_do(tmp_path: Path) -> None:
    there = renderings(write_recipe(tmp_path / "r", "package: {name: r, version: '1'}\n"))
    assert with_digests(there, placed(tmp_path).fetcher(print)) == there


def test_a_plan_refuses_them_unless_they_are_allowed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no sha256"):
        planned(placed(tmp_path, allow_unhashed=False), recipe(tmp_path))
    [task] = planned(placed(tmp_path), recipe(tmp_path)).tasks
    assert task.recipe_key


def test_the_recipe_key_goes_by_what_came(tmp_path: Path) -> None:
    keys = []
    for content in (b"one", b"two", b"one"):
        [task] = planned(placed(tmp_path), recipe(tmp_path, content=content)).tasks
        keys.append(task.recipe_key)
    assert keys[0] == keys[2]
    assert keys[0] != keys[1]


def test_a_farm_has_no_such_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--allow-unhashed is not there on a farm") as caught:
        placed(tmp_path, policy=Policy(farm=True))
    assert caught.value.problems[0].remedy


def test_a_farm_judges_addresses_before_anything_is_fetched(tmp_path: Path) -> None:
    place = placed(tmp_path, policy=Policy(farm=True), allow_unhashed=False)
    text = RECIPE.format(name="r", url="http://10.0.0.1/a", hash=f"sha256: {ZEROS}", zeros=ZEROS)
    with pytest.raises(SourceError, match="which is private") as caught:
        planned(place, write_recipe(tmp_path / "r", text))
    [problem] = caught.value.problems
    assert problem.place is not None
    assert problem.place.line == 3
