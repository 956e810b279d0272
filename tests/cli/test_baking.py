"""Between a plan and its outcomes: the sandbox's root, the solver's channels, lock files, nothing done for nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.channel import Channel
from builder.cli import planning
from builder.cli.baking import Baking, bake, cores_of_one, solver_for
from builder.cli.collection import Collection
from builder.cli.confinement import confined
from builder.cli.options import BuildChoice, Places
from builder.cli.rendering import render_selection
from builder.cli.roots import sandbox_root
from builder.cli.sandbox_options import Isolation, SandboxChoice
from builder.cli.selection import Selection
from builder.cli.site import Site, site
from builder.environment import Solver
from builder.errors import MachineError, UsageError
from builder.farm import Ledger
from builder.model.outcome import Ending, Outcome
from builder.report.events import Event, PhaseStarted
from builder.sandbox.rootfs import rootfs_lock
from tests.channel.making import make_package

CHOICE = BuildChoice(jobs=1, keep_going=False, with_deps=False, test="native", lock_file=None, locked=False)


def place_at(tmp_path: Path, store: Path, *, offline: bool = True) -> Site:
    return site(Places(output=tmp_path / "out", channels=("other",), offline=offline, store=store), Collection())


def baked(place: Site, recipe: Path, choice: BuildChoice = CHOICE) -> tuple[tuple[Outcome, ...], list[Event]]:
    told: list[Event] = []
    selection = Selection(paths=(recipe,), recipes=(), variant_files=(), variants=(), target_platform=None)
    with Ledger(place.store) as ledger:
        confinement = confined(choice.sandbox, place)
        plan = planning.make(render_selection(selection).renderings, place, ledger, confinement=confinement)
        baking = Baking(place=place, choice=choice, confinement=confinement, emit=told.append, cores=4)
        return asyncio.run(bake(plan, baking, ledger)), told


@pytest.mark.sandbox
def test_a_plan_is_baked_and_then_nothing_is_done_again(tmp_path: Path, kitchen: Path, hello: Path) -> None:
    place = place_at(tmp_path, kitchen)
    place = replace(place, channels=())
    (first,), told = baked(place, hello)
    assert first.ending is Ending.BUILT
    assert len([event for event in told if isinstance(event, PhaseStarted)]) == 9
    (second,), told = baked(place, hello)
    assert second.ending is Ending.REUSED
    assert not [event for event in told if isinstance(event, PhaseStarted)]


@pytest.mark.sandbox
def test_what_is_reused_needs_no_sandbox(tmp_path: Path, kitchen: Path, hello: Path) -> None:
    place = replace(place_at(tmp_path, kitchen), channels=())
    baked(place, hello)
    elsewhere = replace(place_at(tmp_path, tmp_path / "empty store"), channels=())
    (again,), _ = baked(elsewhere, hello)
    assert again.ending is Ending.REUSED
    assert not (tmp_path / "empty store" / "folders").exists()


def test_the_root_must_have_been_fetched_when_there_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        asyncio.run(sandbox_root(place_at(tmp_path, tmp_path / "s"), lambda event: None))
    assert len(caught.value.problems) == len(rootfs_lock().debs)


def test_the_root_comes_from_the_store(tmp_path: Path, kitchen: Path) -> None:
    root = asyncio.run(sandbox_root(place_at(tmp_path, kitchen), lambda event: None))
    assert (root.digest, root.glibc) == (rootfs_lock().digest, rootfs_lock().glibc)
    assert (root.folder / "usr" / "bin" / "bash").exists()


def test_our_own_output_comes_first_and_need_not_exist(tmp_path: Path, kitchen: Path) -> None:
    place = place_at(tmp_path, kitchen)
    solver = solver_for(place, ["linux-64"], "2.36")
    assert isinstance(solver, Solver)
    assert [channel.name for channel in solver.channels] == [str(tmp_path / "out"), "other"]
    alone = solver_for(replace(place, channels=(str(place.output),)), ["linux-64"], "2.36")
    assert isinstance(alone, Solver)
    assert len(alone.channels) == 1
    assert asyncio.run(alone.solve([], subdir="linux-64")).packages == ()


def test_the_rootfs_decides_which_glibc_there_is(tmp_path: Path, kitchen: Path) -> None:
    place = replace(place_at(tmp_path, kitchen), channels=())
    Channel(place.output).publish(make_package(tmp_path / "made", "alpha"))
    solver = solver_for(place, ["linux-64"], "2.36")
    assert asyncio.run(solver.solve(["alpha", "__glibc >=2.30"], subdir="linux-64")).packages
    with pytest.raises(UsageError):
        asyncio.run(solver.solve(["alpha", "__glibc >=2.40"], subdir="linux-64"))


@pytest.mark.parametrize(
    ("isolation", "sealed"), [(None, True), ("bubblewrap", True), ("docker", True), ("podman", True), ("none", False)]
)
def test_only_isolation_none_is_unsealed(tmp_path: Path, isolation: Isolation | None, sealed: bool) -> None:
    place = place_at(tmp_path, tmp_path / "s")
    confinement = confined(SandboxChoice(isolation=isolation), place)
    baking = Baking(place=place, choice=CHOICE, confinement=confinement, emit=lambda event: None, cores=1)
    assert baking.sealed is sealed


@pytest.mark.sandbox
def test_locked_needs_a_file_and_a_file_that_is_there(tmp_path: Path, kitchen: Path, hello: Path) -> None:
    place = replace(place_at(tmp_path, kitchen), channels=())
    with pytest.raises(UsageError, match="--locked needs --lock-file"):
        baked(place, hello, replace(CHOICE, locked=True))
    with pytest.raises(UsageError, match="there is no such file"):
        baked(place, hello, replace(CHOICE, locked=True, lock_file=tmp_path / "lock"))
    baked(place, hello, replace(CHOICE, lock_file=tmp_path / "lock"))
    assert list(json.loads((tmp_path / "lock").read_text())["tasks"]) == ["linux-64/hello-1.0-hb0f4dca_0"]


@pytest.mark.parametrize(
    ("cores", "jobs", "each"),
    [(1, 1, 1), (1, 8, 1), (2, 1, 2), (2, 2, 2), (2, 4, 1), (2, 5, 1), (16, 4, 8), (64, 64, 2)],
)
def test_scripts_have_twice_their_share_of_cores_and_never_more_than_there_are(
    cores: int, jobs: int, each: int
) -> None:
    assert cores_of_one(cores, jobs) == each
