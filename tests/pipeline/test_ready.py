"""The environment phase: what is solved and linked, where a staging output comes in, which key results."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.environment import Solver, read_lock, write_lock
from builder.errors import MachineError, UnsolvableError, UsageError, WorkError
from builder.model.environment import Environment, Environments, LinkedPrefix, LockedPackage
from builder.model.inside import SEALED
from builder.model.outcome import Ending, Outcome
from builder.model.payload import Installed
from builder.model.recipe import Requirements
from builder.model.source import SourceTree
from builder.pipeline.ready import Ready, make_ready
from builder.pipeline.staged import Staged
from tests.environment.packages import Made, channel
from tests.pipeline.making import Stage, Table

FLOUR = Made(name="flour", files={"share/flour.txt": b"flour\n"})
OVEN = Made(
    name="oven", files={"bin/oven": b"#!/bin/sh\n"}, executable=["bin/oven"], run_exports={"strong": ["plate >=1"]}
)
PLATE = Made(name="plate", files={"share/plate.txt": b"plate\n"})
NEEDS = Requirements(build=("oven",), host=("flour",))


@pytest.fixture
def market(stage: Stage) -> Stage:
    """A stage whose solver knows three packages of a real channel."""
    folder = channel(stage.folder / "market", FLOUR, OVEN, PLATE)
    stage.solver = Solver([str(folder)], stage.store)
    return stage


def made(stage: Stage, **changes: object) -> Ready:
    return asyncio.run(make_ready(stage.work(stage.task(stage.rendering(requirements=NEEDS)), **changes)))


def test_build_and_host_are_linked_for_their_places(market: Stage) -> None:
    ready = made(market)
    assert (ready.build.inside, ready.host.inside) == (SEALED.build_prefix, SEALED.prefix)
    assert (ready.build.folder / "bin" / "oven").is_file()
    assert (ready.host.folder / "share" / "flour.txt").read_bytes() == b"flour\n"
    assert (ready.host.folder / "share" / "plate.txt").is_file(), "what the build environment exports strongly"
    assert [one.spec for one in ready.environments.depends] == ["plate >=1"]
    assert ready.host_layers == (ready.host.folder,)
    assert ready.around is ready.host
    assert ready.parent is None


def test_the_same_environments_are_linked_once_and_give_the_same_key(market: Stage) -> None:
    assert made(market) == made(market)


def test_other_bytes_of_a_package_are_another_key(market: Stage) -> None:
    before = made(market).build_key
    channel(market.folder / "market", replace(FLOUR, files={"share/flour.txt": b"finer\n"}))
    assert made(market).build_key != before


def test_what_no_channel_has_is_told(market: Stage) -> None:
    with pytest.raises(UnsolvableError, match="salt"):
        asyncio.run(make_ready(market.work(market.task(market.rendering(requirements=Requirements(host=("salt",)))))))


# -- lock files --------------------------------------------------------------------------------------------------------


def locked(stage: Stage) -> Path:
    path = stage.folder / "lock.json"
    write_lock(path, {stage.task().id: made(stage).environments})
    return path


def test_a_lock_file_answers_without_the_solver(market: Stage) -> None:
    before = made(market)
    lock = read_lock(locked(market))
    market.solver = solver = Table()
    assert made(market, lock=lock).environments.host == before.environments.host
    assert solver.asked == []


def test_a_stale_lock_file_counts_only_when_the_user_insists(market: Stage) -> None:
    lock = read_lock(locked(market))
    more = replace(NEEDS, host=("flour", "plate"))
    work = market.work(market.task(market.rendering(requirements=more)), lock=lock)
    assert len(asyncio.run(make_ready(work)).environments.host.packages) == 2
    strict = market.work(market.task(market.rendering(requirements=more)), lock=lock, locked=True)
    with pytest.raises(UsageError, match="out of date"):
        asyncio.run(make_ready(strict))


# -- staging outputs ---------------------------------------------------------------------------------------------------


def package(name: str) -> LockedPackage:
    return LockedPackage(
        name=name, version="1", build="0", build_number=0, subdir="linux-64", file_name=f"{name}-1-0.conda", url="u",
        channel="c", sha256=name * 8, size=1,
    )  # fmt: skip


def ready_with(stage: Stage, *, host: tuple[str, ...], staged: tuple[str, ...]) -> Ready:
    """A task whose host environment and whose staging output's host environment hold these packages."""

    def environments(names: tuple[str, ...]) -> Environments:
        return Environments(build=Environment(), host=Environment(packages=tuple(map(package, names))))

    parent = Staged(
        build_key="s" * 64, environments=environments(staged), installed=Installed(folder=stage.folder / "staged", entries=()),
        source=SourceTree(folder=stage.folder, digests=(), newest=None), owners=tuple((f"lib/{name}", name) for name in staged),
    )  # fmt: skip
    mine = environments(host)
    prefix = LinkedPrefix(
        environment=mine.host, folder=stage.folder / "host", inside=PurePosixPath("/h"),
        owners=tuple((f"lib/{name}", f"{name} of mine") for name in host),
    )  # fmt: skip
    return Ready(environments=mine, build=prefix, host=prefix, parent=parent, build_key="b" * 64)


def test_staged_files_lie_over_the_host_environment(stage: Stage) -> None:
    ready = ready_with(stage, host=("a",), staged=("b",))
    assert ready.host_layers == (stage.folder / "staged", stage.folder / "host")


def test_checks_see_what_the_staging_script_had_around_it_too(stage: Stage) -> None:
    around = ready_with(stage, host=("a", "b"), staged=("b", "c")).around
    assert sorted(one.name for one in around.environment.packages) == ["a", "b", "c"]
    assert around.owners == (("lib/a", "a of mine"), ("lib/b", "b of mine"), ("lib/c", "c"))
    assert around.folder == stage.folder / "host"


@pytest.mark.parametrize("key", [None, "f" * 64])
def test_a_staging_output_must_be_in_the_store(stage: Stage, key: str | None) -> None:
    rendering = replace(stage.rendering(), staging="staging:linux-64/dough-1-h0000000_0")
    ended = Outcome(task_id="staging:linux-64/dough-1-h0000000_0", ending=Ending.STAGED, build_key=key)
    with pytest.raises(WorkError, match=r"dough-1-h0000000_0 is no longer in the store"):
        asyncio.run(make_ready(stage.work(stage.task(rendering), [ended])))


def test_a_damaged_one_is_the_machines_matter(stage: Stage) -> None:
    rendering = replace(stage.rendering(), staging="staging:linux-64/dough-1-h0000000_0")
    ended = Outcome(task_id="staging:linux-64/dough-1-h0000000_0", ending=Ending.STAGED, build_key="f" * 64)
    with stage.store.making("staging", "f" * 64) as making:
        (making.path / "staged.json").write_text("{")
    with pytest.raises(MachineError, match="damaged"):
        asyncio.run(make_ready(stage.work(stage.task(rendering), [ended])))
