"""Channels without generations: what was replaced or withdrawn since it was taken is told, nothing else is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builder.environment.access import Access
from builder.environment.solver import Solver
from builder.model import generation
from builder.model.generation import Generation, Generations
from builder.store import Store
from tests.environment.packages import EPOCH, Made, channel
from tests.environment.served import served


def lib(version: str, days: int, **more: object) -> Made:
    return Made(name="lib", version=version, time=EPOCH + 86_400 * days, **more)  # type: ignore[arg-type]


OLD, NEW = lib("1.0", 1), lib("2.0", 2)


@dataclass
class Kitchen:
    """A store, a channel's folder, and what was told of it."""

    store: Store
    folder: Path
    told: list[str] = field(default_factory=list)

    def offer(self, *packages: Made) -> None:
        """Make the channel anew, as somebody else's tool would."""
        shutil.rmtree(self.folder, ignore_errors=True)
        channel(self.folder, *packages)

    def solve(self, *specs: str, allow_rollback: bool = False, name: str = "", output: bool = False) -> list[str]:
        """Solve in a command of its own; return what it told."""
        self.told.clear()
        place = name or str(self.folder)
        access = Access(report=self.told.append, allow_rollback=allow_rollback)
        solver = Solver([place], self.store, access=access, may_be_empty=[place] if output else [])
        asyncio.run(solver.solve(specs or ("lib",), subdir="linux-64"))
        return self.told


@pytest.fixture
def kitchen(store: Store, tmp_path: Path) -> Kitchen:
    return Kitchen(store, tmp_path / "channel")


def test_a_channel_that_grows_is_nothing_to_tell(kitchen: Kitchen) -> None:
    for offers in ((OLD,), (OLD, NEW), (OLD, NEW, lib("3.0", 3)), (lib("3.0", 3), lib("4.0", 4))):
        kitchen.offer(*offers)
        assert kitchen.solve() == []


def test_the_newest_that_is_gone_is_told_until_it_is_accepted(kitchen: Kitchen) -> None:
    kitchen.offer(OLD, NEW)
    assert kitchen.solve() == []
    kitchen.offer(OLD)
    for _ in range(2):
        (told,) = kitchen.solve()
        assert told.startswith(
            f"{NEW.file_name} of {kitchen.folder} was taken before and is gone, and {OLD.file_name} is older"
        )
        assert "--allow-rollback" in told
    assert kitchen.solve(allow_rollback=True) == []
    assert kitchen.solve() == []
    kitchen.offer(OLD, NEW)
    assert kitchen.solve() == []


def test_it_is_told_once_in_a_command(kitchen: Kitchen) -> None:
    kitchen.offer(OLD, NEW, Made(name="user", depends=["lib"]))
    kitchen.solve()
    kitchen.offer(OLD, Made(name="user", depends=["lib"]))
    solver = Solver([str(kitchen.folder)], kitchen.store, access=Access(report=kitchen.told.append))
    for specs in (["lib"], ["user"], ["lib", "user"]):
        asyncio.run(solver.solve(specs, subdir="linux-64"))
    assert len(kitchen.told) == 1


def test_who_asks_for_an_older_one_gets_it_without_a_word(kitchen: Kitchen) -> None:
    kitchen.offer(OLD, NEW)
    kitchen.solve()
    assert kitchen.solve("lib 1.*") == []
    kitchen.offer(OLD, NEW, lib("3.0", 3))
    assert kitchen.solve("lib 1.*") == []


def test_a_file_with_other_bytes_under_the_same_name_is_told(kitchen: Kitchen) -> None:
    kitchen.offer(OLD)
    kitchen.solve()
    kitchen.offer(lib("1.0", 3, files={"share/x": b"other"}))
    for _ in range(2):
        (told,) = kitchen.solve()
        assert told.startswith(f"{OLD.file_name} of {kitchen.folder} has the sha256 ")
        assert "somebody has replaced it" in told
    assert kitchen.solve(allow_rollback=True) == []
    assert kitchen.solve() == []


def test_ones_own_output_may_change_as_it_likes(kitchen: Kitchen) -> None:
    for offers in ((OLD, NEW), (OLD,), (lib("1.0", 3, files={"share/x": b"other"}),)):
        kitchen.offer(*offers)
        assert kitchen.solve(output=True) == []


def test_a_channel_with_generations_tells_by_itself(kitchen: Kitchen) -> None:

    def seal(number: int) -> None:
        for index in kitchen.folder.glob("*/repodata.json"):
            digest = hashlib.sha256(index.read_bytes()).hexdigest()
            now = Generations(now=Generation(number=number, files={"repodata.json": digest}))
            index.with_name(generation.FILE_NAME).write_bytes(generation.to_json(now))

    kitchen.offer(OLD, NEW)
    seal(1)
    assert kitchen.solve() == []
    kitchen.offer(OLD)
    seal(2)
    assert kitchen.solve() == [], "who publishes may withdraw"


def test_a_server_is_remembered_as_a_folder_is(kitchen: Kitchen) -> None:
    kitchen.offer(OLD, NEW)
    with served(kitchen.folder) as server:
        assert kitchen.solve(name=server.url) == []
        kitchen.offer(OLD)
        (told,) = kitchen.solve(name=server.url)
        assert "was taken before and is gone" in told


def test_what_is_remembered_outlives_the_garbage_and_a_torn_file(kitchen: Kitchen) -> None:
    kitchen.offer(OLD, NEW)
    kitchen.solve()
    kitchen.store.gc(0)
    kitchen.offer(OLD)
    assert len(kitchen.solve()) == 1
    (path,) = (kitchen.store.root / "taken").iterdir()
    assert json.loads(path.read_text())["packages"]["lib"][0] == NEW.file_name
    path.write_bytes(b'{"packages": {"lib": [1]}}')
    assert kitchen.solve() == []
    assert json.loads(path.read_text())["packages"]["lib"][0] == OLD.file_name


def test_packages_that_do_not_say_when_they_were_made_are_never_older(kitchen: Kitchen) -> None:
    kitchen.offer(Made(name="lib", version="1.0", time=None), Made(name="lib", version="2.0", time=None))
    kitchen.solve()
    kitchen.offer(Made(name="lib", version="1.0", time=None))
    assert kitchen.solve() == []
