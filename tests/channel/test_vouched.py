"""Packages that nothing vouches for: in a maintainer's own output, never in a channel that others get."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from builder.channel import Channel, keys, vouched
from builder.channel.entries import Entry
from builder.errors import BakehouseError, WorkError
from builder.model.package import Package
from tests.channel.making import make_package


@pytest.fixture
def doubtful(tmp_path: Path) -> Package:
    return make_package(tmp_path / "made", "doubtful", extra={"publishable": False})


@pytest.fixture
def sound(tmp_path: Path) -> Package:
    return make_package(tmp_path / "made", "sound")


def own(root: Path, packages: Iterable[Package] = ()) -> Channel:
    """A maintainer's output."""
    channel = Channel(root)
    for package in packages:
        channel.publish(package)
    return channel


def visible(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".bakehouse" not in path.parts
    }


def problem_of(error: BakehouseError, package: Package, root: Path) -> None:
    """The one problem names the file, the reason and a remedy."""
    [problem] = error.problems
    assert problem.code == "channel.unpublishable"
    assert problem.place is not None
    assert problem.place.file == str(root / "linux-64" / package.file_name)
    assert problem.message.startswith(f"{package.file_name} is never to be published: ")
    assert "sha256" in (problem.remedy or "")


def test_ones_own_output_takes_it_and_remembers(tmp_path: Path, doubtful: Package, sound: Package) -> None:
    channel = own(tmp_path / "c", [doubtful, sound])
    assert channel.unpublishable() == [f"linux-64/{doubtful.file_name}"]
    assert channel.keys()[doubtful.recipe_key] == doubtful.file_name
    before = visible(channel.root)
    channel.reindex()
    assert Channel(channel.root).unpublishable() == [f"linux-64/{doubtful.file_name}"]
    after = visible(channel.root)
    kept = "linux-64/bakehouse_keys.json"
    assert before[kept] == after[kept]


def test_what_clients_read_says_nothing_of_it(tmp_path: Path, doubtful: Package) -> None:
    root = own(tmp_path / "c", [doubtful]).root
    document = json.loads((root / "linux-64" / "repodata.json").read_bytes())
    assert document["packages.conda"] == {doubtful.file_name: json.loads(doubtful.record)}
    assert "publishable" not in doubtful.record
    told = {path for path, data in visible(root).items() if b"publishable" in data}
    assert told == {"linux-64/bakehouse_keys.json"}


def test_it_gets_into_no_channel_that_others_get(tmp_path: Path, doubtful: Package, sound: Package) -> None:
    farm = Channel(tmp_path / "c", vouched_only=True)
    farm.publish(sound)
    before = visible(farm.root)
    with pytest.raises(WorkError) as caught:
        farm.publish(doubtful)
    problem_of(caught.value, doubtful, farm.root)
    assert visible(farm.root) == before


def test_nor_into_the_index_of_one(tmp_path: Path, doubtful: Package, sound: Package) -> None:
    root = own(tmp_path / "c", [doubtful, sound]).root
    farm, before = Channel(root, vouched_only=True), visible(root)
    with pytest.raises(WorkError) as caught:
        farm.reindex()
    problem_of(caught.value, doubtful, root)
    with pytest.raises(WorkError) as caught:
        farm.ensure("linux-64")
    problem_of(caught.value, doubtful, root)
    assert visible(root) == before
    (root / "linux-64" / doubtful.file_name).unlink()
    farm.reindex()
    assert list(farm.records("linux-64")) == [sound.file_name]


def test_a_file_that_somebody_puts_there_is_none_either(tmp_path: Path, doubtful: Package, sound: Package) -> None:
    farm = Channel(tmp_path / "c", vouched_only=True)
    farm.publish(sound)
    (farm.root / "linux-64" / doubtful.file_name).write_bytes(doubtful.path.read_bytes())
    other = make_package(tmp_path / "made", "other")
    with pytest.raises(WorkError) as caught:
        farm.publish(other)
    problem_of(caught.value, doubtful, farm.root)
    assert list(farm.records("linux-64")) == [sound.file_name]


def test_all_of_them_are_told_at_once_and_no_index_changes(tmp_path: Path, sound: Package) -> None:
    subdirs = ("linux-64", "noarch")
    bad = [make_package(tmp_path / one, f"bad-{one}", extra={"publishable": False, "subdir": one}) for one in subdirs]
    root = own(tmp_path / "c", [*bad, sound]).root
    before = visible(root)
    with pytest.raises(WorkError) as caught:
        Channel(root, vouched_only=True).reindex()
    assert [Path(one.place.file).parent.name for one in caught.value.problems if one.place] == list(subdirs)
    assert visible(root) == before


def test_nothing_is_reused_from_it(tmp_path: Path, doubtful: Package, sound: Package) -> None:
    farm = Channel(own(tmp_path / "c", [doubtful, sound]).root, vouched_only=True)
    assert farm.keys() == {sound.recipe_key: sound.file_name}
    assert farm.build_keys() == {sound.build_key: sound.file_name}


def test_who_is_built_with_it_is_told_apart_from_who_is_not(tmp_path: Path) -> None:
    """Else a dependant would be reused, doubtful as it is, when the same files come from a source with a sha256."""
    made = [make_package(tmp_path, "a", extra={"publishable": one, "build": f"h{one:d}_0"}) for one in (True, False)]
    [good, bad] = [replace(one, content="c" * 64) for one in made]
    assert own(tmp_path / "c", [good, bad]).contents() == {good.sha256: "c" * 64}


def test_only_what_says_so_is_one() -> None:
    said = {"a": keys.Keys(publishable=False), "b": keys.Keys(), "c": keys.Keys(content='"publishable":false')}
    entries = {name: Entry(record="{}", keys=keys.to_json(one)) for name, one in said.items()}
    assert list(vouched.unpublishable(entries)) == ["a"]
