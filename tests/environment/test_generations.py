"""The memory of generations: what is older than what was seen is refused, unless the user takes it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.environment.generations import Generations
from builder.environment.place import ChannelPlace, channel_place
from builder.errors import UsageError
from builder.store import Store


@pytest.fixture
def place() -> ChannelPlace:
    return channel_place("https://example.org/acme")


def check(store: Store, place: ChannelPlace, number: int, subdir: str = "noarch", **more: bool) -> None:
    Generations(store, **more).check(place, subdir, number, where="there.json")


def test_generations_only_grow(store: Store, place: ChannelPlace) -> None:
    for number in (0, 3, 3, 7):
        check(store, place, number)
    with pytest.raises(UsageError, match="of generation 6, but 7 was seen before") as caught:
        check(store, place, 6)
    (problem,) = caught.value.problems
    assert problem.code == "environment.rollback"
    assert "--allow-rollback" in (problem.remedy or "")
    assert str(problem.place) == "there.json"
    check(store, place, 7)


def test_one_that_says_no_generation_any_more_is_older(store: Store, place: ChannelPlace) -> None:
    check(store, place, 0)
    check(store, place, 7)
    with pytest.raises(UsageError, match="of generation none"):
        check(store, place, 0)


def test_each_channel_and_subdir_has_its_own(store: Store, place: ChannelPlace) -> None:
    check(store, place, 7)
    check(store, place, 1, "linux-64")
    check(store, channel_place("https://example.org/other"), 1)


def test_a_rollback_that_is_allowed_is_remembered(store: Store, place: ChannelPlace) -> None:
    check(store, place, 7)
    check(store, place, 2, allow_rollback=True)
    check(store, place, 2)
    check(store, place, 3)
    with pytest.raises(UsageError):
        check(store, place, 2)


def test_it_outlives_the_garbage_and_a_torn_file(store: Store, place: ChannelPlace) -> None:
    check(store, place, 7)
    store.gc(0)
    with pytest.raises(UsageError):
        check(store, place, 6)
    (path,) = (store.root / "generations").iterdir()
    assert json.loads(path.read_text())["url"] == place.url
    path.write_bytes(b"\0\0")
    check(store, place, 6)
    check(store, place, 8)
    assert json.loads(Path(path).read_bytes())["generation"] == 8
