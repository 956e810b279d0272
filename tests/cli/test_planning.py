"""From renderings to a plan: what the channel and the ledger know, what a collection adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.channel import Channel
from builder.cli import planning
from builder.cli.collection import find_collection
from builder.cli.options import Places, Selection
from builder.cli.rendering import Rendered, render_selection
from builder.cli.site import Site, site
from builder.farm import Ledger
from builder.model.task import TaskState
from tests.channel.making import make_package
from tests.e2e.command import SIX


def chosen(*paths: Path) -> Selection:
    return Selection(paths=paths, recipes=(), variant_files=(), variants=(), target_platform=None)


@pytest.fixture
def place(tmp_path: Path) -> Site:
    return site(Places(output=tmp_path / "out", channels=(), offline=True, store=tmp_path / "s"), find_collection(SIX))


@pytest.fixture
def six() -> Rendered:
    return render_selection(chosen(SIX))


def test_an_empty_channel_means_that_everything_is_built(place: Site, six: Rendered) -> None:
    with Ledger(place.store) as ledger:
        plan = planning.make(six.renderings, place, ledger, sealed=True)
    assert {task.state for task in plan.tasks} <= {TaskState.BUILD, TaskState.AFTER}


def test_what_lies_in_the_channel_under_its_recipe_key_is_reused(place: Site, six: Rendered, tmp_path: Path) -> None:
    with Ledger(place.store) as ledger:
        plan = planning.make(six.renderings, place, ledger, sealed=True)
        base = next(task for task in plan.tasks if task.rendering.output.name == "six-base")
        package = replace(make_package(tmp_path / "made", "alpha"), recipe_key=base.recipe_key)
        Channel(place.output).publish(package)
        again = planning.make(six.renderings, place, ledger, sealed=True).by_id()[base.id]
    assert again.state is TaskState.REUSE
    assert again.package == package.file_name


def test_what_the_ledger_remembers_counts_only_while_the_file_is_there(
    place: Site, six: Rendered, tmp_path: Path
) -> None:
    with Ledger(place.store) as ledger:
        plan = planning.make(six.renderings, place, ledger, sealed=True)
        base = next(task for task in plan.tasks if task.rendering.output.name == "six-base")
        claim = ledger.claim(str(place.output), base.recipe_key, base.id)
        assert claim is not None
        ledger.finish(claim, file_name="gone-1-0.conda", build_key="b")
        assert planning.make(six.renderings, place, ledger, sealed=True).by_id()[base.id].state is TaskState.BUILD


def test_an_unsealed_build_has_other_keys(place: Site, six: Rendered) -> None:
    with Ledger(place.store) as ledger:
        sealed = planning.make(six.renderings, place, ledger, sealed=True)
        unsealed = planning.make(six.renderings, place, ledger, sealed=False)
    pairs = zip(sealed.tasks, unsealed.tasks, strict=True)
    assert all(one.recipe_key != other.recipe_key for one, other in pairs)


def test_dependencies_of_dependencies_come_along_and_what_is_there_does_not() -> None:
    selection = chosen(SIX / "app")
    alone = render_selection(selection)
    names = {one.output.name for one in planning.with_dependencies(alone, selection, set()).renderings}
    assert names == {"six-app", "six-base", "six-show", "six-data", "six-kit-build", "six-words"}
    fewer = {one.output.name for one in planning.with_dependencies(alone, selection, {"six-show"}).renderings}
    assert fewer == {"six-app", "six-base"}
