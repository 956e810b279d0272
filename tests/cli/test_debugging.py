"""Which state a command line means: names, kept states, what must be built before, whether a recipe has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.cli import planning
from builder.cli.collection import Collection
from builder.cli.debugging import Search, _as_kept, is_outdated, is_package, kept_of, refuse_busy, renderings_of
from builder.cli.options import DebugChoice
from builder.cli.rendering import Rendered
from builder.cli.sandbox_options import SandboxChoice
from builder.cli.site import Site
from builder.errors import MachineError, UsageError
from builder.farm import Ledger
from builder.model.recipe import GitSource, PathSource
from builder.model.rendering import Rendering
from builder.pipeline import kept
from builder.pipeline.kept import Kept
from builder.sandbox import Limits
from builder.source import Addresses
from builder.store import Store
from tests.pipeline.making import Stage

CHOICE = DebugChoice(
    named=None, test=None, fresh=False, with_deps=False, patch=None, add=(), exclude=(), overwrite=False
)


@pytest.fixture
def stage(tmp_path: Path, store: Store) -> Stage:
    return Stage(tmp_path, store)


@pytest.fixture
def search(stage: Stage) -> Search:
    addresses = Addresses(debian=None, pypi=None, mirrors={})
    place = Site(store=stage.store, output=stage.folder / "channel", channels=(), addresses=addresses, offline=True)
    return Search(place=place, choice=CHOICE, emit=stage.told.append)


def keep(search: Search, rendering: Rendering, said: str = "it failed") -> Kept:
    """Put a kept state in its place that has nothing but its document."""
    store = search.place.store
    folder = store.failed_place(rendering.identity)
    folder.mkdir(parents=True)
    made = Kept(
        task_id=rendering.identity, kind="build", name=rendering.stem, said=said, given=rendering.recipe.path,
        recipe_folder=rendering.recipe.folder, own_key="0" * 64, isolation="bubblewrap", rootfs="d" * 64, scratch=folder,
        mounts=(), variables=(), secrets=(), limits=Limits(), script=PurePosixPath("/s"),
    )  # fmt: skip
    kept.write(made, folder, store)
    return made


def rendered(*renderings: Rendering) -> Rendered:
    return Rendered(collection=Collection(), renderings=renderings)


@pytest.mark.parametrize(
    ("name", "package"),
    [("a-1-0.conda", True), ("a-1-0.tar.bz2", True), ("a.conda.yaml", False), ("recipe.yaml", False)],
)
def test_packages_are_known_by_their_names(name: str, package: bool) -> None:
    assert is_package(Path("some") / name) is package


def test_an_output_goes_by_name_by_stem_and_by_id(stage: Stage) -> None:
    one, other = stage.rendering("one"), stage.rendering("other")
    both = rendered(one, other)
    assert renderings_of(both, CHOICE) == (one, other)
    for name in ("other", other.stem, other.identity):
        assert renderings_of(both, replace(CHOICE, named=name)) == (other,)
    with pytest.raises(UsageError, match="no output 'on'"):
        renderings_of(both, replace(CHOICE, named="on"))


def test_outputs_that_are_skipped_are_none(stage: Stage) -> None:
    with pytest.raises(UsageError, match="no output for this platform"):
        renderings_of(rendered(stage.rendering("one", skip=True)), CHOICE)


def test_the_only_kept_state_is_meant(stage: Stage, search: Search) -> None:
    one, other = stage.rendering("one"), stage.rendering("other")
    assert kept_of((one, other), search) is None
    made = keep(search, other)
    assert kept_of((one, other), search) == made
    assert kept_of((one,), search) is None


def test_several_kept_states_are_listed_with_what_they_died_of(stage: Stage, search: Search) -> None:
    one, other = stage.rendering("one"), stage.rendering("other")
    keep(search, one, "of this")
    keep(search, other, "of that")
    with pytest.raises(UsageError) as caught:
        kept_of((one, other), search)
    text = str(caught.value)
    assert f"{one.stem}: of this" in text
    assert f"{other.stem}: of that" in text
    assert "--output" in str(caught.value.problems[0].remedy)


def test_a_state_of_another_recipe_is_outdated(stage: Stage, search: Search) -> None:
    one = stage.rendering("one")
    state = keep(search, one)
    assert is_outdated(state, rendered(one), search)
    with_key = replace(state, own_key=_own_key(one, search))
    assert not is_outdated(with_key, rendered(one), search)
    (one.recipe.folder / "build.sh").write_text("echo another\n")
    assert is_outdated(with_key, rendered(one), search)


def _own_key(rendering: Rendering, search: Search) -> str:
    with Ledger(search.place.store) as ledger:
        plan = planning.make([rendering], search.place, ledger, confinement=search.confinement)
    return kept.own_key(plan.by_id()[rendering.identity])


def test_a_recipe_that_cannot_be_planned_says_so_elsewhere(stage: Stage, search: Search) -> None:
    gone = stage.rendering("one", source=(PathSource(path="gone"),))
    assert not is_outdated(keep(search, gone), rendered(gone), search)


def test_nobody_asks_a_repository_whether_it_has_changed(stage: Stage, search: Search) -> None:
    far = stage.rendering("one", source=(GitSource(git="https://example.org/far.git"),))
    assert not is_outdated(keep(search, far), rendered(far), search)


def test_what_somebody_is_in_is_not_prepared_anew(stage: Stage, search: Search) -> None:
    store, one = search.place.store, stage.rendering("one")
    refuse_busy(one.identity, search)
    with store.lock(store.failed_lock(one.identity)), pytest.raises(MachineError, match="somebody else"):
        refuse_busy(one.identity, search)


def test_a_state_is_entered_as_it_was_kept_unless_the_engine_has_moved(stage: Stage, search: Search) -> None:
    image = f"debian@sha256:{'a' * 64}"
    state = replace(keep(search, stage.rendering("one")), isolation="podman", engine="unix:///then.sock", image=image)
    found = _as_kept(state, search)
    assert (found.isolation, found.engines.podman, found.engines.image) == ("podman", "unix:///then.sock", image)
    moved = SandboxChoice(isolation="podman", engine="unix:///now.sock")
    found = _as_kept(state, replace(search, choice=replace(search.choice, sandbox=moved)))
    assert (found.engines.podman, found.engines.image) == ("unix:///now.sock", image)
    sealed_here = replace(state, isolation="bubblewrap", engine=None, image=None)
    assert _as_kept(sealed_here, search).engines == search.confinement.engines


def test_what_a_script_was_allowed_does_not_make_its_state_another_recipes(stage: Stage, search: Search) -> None:
    one = stage.rendering("one")
    state = replace(keep(search, one), own_key=_own_key(one, search))
    allowing = replace(search, choice=replace(search.choice, sandbox=SandboxChoice(network=("one",))))
    assert _own_key(one, allowing) == state.own_key
    assert not is_outdated(state, rendered(one), allowing)
