"""From renderings to a plan, and the recipes that `--with-deps` adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli import planning
from builder.cli.collection import Collection
from builder.cli.confinement import confined
from builder.cli.options import Places
from builder.cli.rendering import Rendered, render_selection
from builder.cli.sandbox_options import Isolation, SandboxChoice
from builder.cli.selection import Selection
from builder.cli.site import Site, site
from builder.farm import Ledger
from builder.model.task import TaskState
from tests.cli.conftest import write_recipe

RECIPE = "package: {{name: {name}, version: '1'}}\nbuild: {{script: 'true'}}\nrequirements: {{host: {host}}}\n"


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """`cake` needs `dough`, which needs `flour`; `tea` stands alone."""
    root = tmp_path / "collection"
    for name, host in (("cake", "[dough]"), ("dough", "[flour, elsewhere]"), ("flour", "[]"), ("tea", "[]")):
        write_recipe(root / "recipes" / name, RECIPE.format(name=name, host=host))
    (root / "bakehouse.yaml").write_text("recipes: [recipes]\n")
    return root


@pytest.fixture
def place(tmp_path: Path) -> Site:
    return site(Places(output=tmp_path / "channel", channels=(), offline=True, store=tmp_path / "s"), Collection())


def selected(*paths: Path) -> Selection:
    return Selection(paths=paths, recipes=(), variant_files=(), variants=(), target_platform=None)


def names(rendered: Rendered) -> list[str]:
    return sorted(rendering.output.name for rendering in rendered.renderings)


def test_what_is_missing_comes_with_what_it_misses(collection: Path) -> None:
    selection = selected(collection / "recipes" / "cake")
    rendered = planning.with_dependencies(render_selection(selection), selection, set())
    assert names(rendered) == ["cake", "dough", "flour"]
    assert rendered.errors == ()


def test_what_is_there_already_needs_no_recipe(collection: Path) -> None:
    selection = selected(collection / "recipes" / "cake")
    assert names(planning.with_dependencies(render_selection(selection), selection, {"dough"})) == ["cake"]


def test_what_was_chosen_anyway_comes_once(collection: Path) -> None:
    selection = selected(collection / "recipes")
    assert names(planning.with_dependencies(render_selection(selection), selection, set())) == [
        "cake",
        "dough",
        "flour",
        "tea",
    ]


def test_without_a_collection_nothing_is_added(tmp_path: Path) -> None:
    alone = write_recipe(tmp_path / "cake", RECIPE.format(name="cake", host="[dough]"))
    assert names(planning.with_dependencies(render_selection(selected(alone)), selected(alone), set())) == ["cake"]


def test_a_broken_recipe_of_the_collection_is_told_and_hinders_nobody(collection: Path) -> None:
    write_recipe(collection / "recipes" / "flour", "package: {nam: flour}\n")
    selection = selected(collection / "recipes" / "cake")
    rendered = planning.with_dependencies(render_selection(selection), selection, set())
    assert names(rendered) == ["cake", "dough"]
    (error,) = rendered.errors
    assert str(collection / "recipes" / "flour") in str(error)


def test_a_plan_against_an_empty_channel_builds_all(collection: Path, place: Site) -> None:
    rendered = render_selection(selected(collection))
    with Ledger(place.store) as ledger:
        plan = planning.make(rendered.renderings, place, ledger, confinement=confined(SandboxChoice(), place))
    assert len(plan.tasks) == 4
    assert {task.state for task in plan.tasks} <= {TaskState.BUILD, TaskState.AFTER}


def keys(collection: Path, place: Site, isolation: Isolation | None = None) -> set[str]:
    confinement = confined(SandboxChoice(isolation=isolation), place)
    renderings = render_selection(selected(collection / "recipes" / "tea")).renderings
    with Ledger(place.store) as ledger:
        plan = planning.make(renderings, place, ledger, confinement=confinement)
    return {task.recipe_key for task in plan.tasks}


def test_the_users_epoch_and_isolation_enter_the_recipe_key(
    collection: Path, place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    plain = keys(collection, place)
    assert keys(collection, place) == plain
    assert keys(collection, place, "docker") == plain, "packages do not depend on what seals"
    assert keys(collection, place, "none") != plain
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert keys(collection, place) != plain


def test_what_the_ledger_remembers_counts_only_while_the_channel_has_it(collection: Path, place: Site) -> None:
    (key,) = keys(collection, place)
    with Ledger(place.store) as ledger:
        claim = ledger.claim(str(place.output), key, "linux-64/tea-1-hb0f4dca_0")
        assert claim is not None
        assert ledger.finish(claim, file_name="tea-1-hb0f4dca_0.conda", build_key="b" * 64)
        rendered = render_selection(selected(collection / "recipes" / "tea"))
        (task,) = planning.make(rendered.renderings, place, ledger, confinement=confined(SandboxChoice(), place)).tasks
    assert task.state is TaskState.BUILD, "somebody has removed the package"
