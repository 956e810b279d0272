"""Statements come with their packages and go with them; who indexes the channel does not see them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builder.channel import Channel, statements
from builder.errors import WorkError
from builder.model.package import Package
from tests.channel.judging import problems_of
from tests.channel.making import about, make_package


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return Channel(tmp_path / "channel")


def named(tmp_path: Path, content: bytes) -> Package:
    return make_package(tmp_path / content.hex(), "alpha", content=content)


def beside(channel: Channel) -> Path:
    return channel.root / "linux-64" / "alpha-1.0-h0_0.conda.intoto.json"


def test_it_lies_beside_the_package(channel: Channel, tmp_path: Path) -> None:
    package = named(tmp_path, b"1")
    published = channel.publish(package)
    assert statements.place_of(published.path) == beside(channel)
    assert beside(channel).read_text() == package.statement == channel.statement("linux-64", package.file_name)
    assert beside(channel).stat().st_mode & 0o777 == 0o644
    assert statements.subject(beside(channel)) == package.sha256


def test_a_package_may_have_none(channel: Channel, tmp_path: Path) -> None:
    package = replace(named(tmp_path, b"1"), statement="")
    channel.publish(package)
    assert not beside(channel).exists()
    assert channel.statement("linux-64", package.file_name) is None


def test_who_was_first_made_the_package(channel: Channel, tmp_path: Path) -> None:
    package = named(tmp_path, b"1")
    channel.publish(package)
    again = channel.publish(replace(package, statement='{"subject": []}'))
    assert again.outcome == "same"
    assert channel.statement("linux-64", package.file_name) == package.statement


def test_the_same_package_brings_the_statement_that_is_missing(channel: Channel, tmp_path: Path) -> None:
    package = named(tmp_path, b"1")
    channel.publish(replace(package, statement=""))
    channel.publish(package)
    assert channel.statement("linux-64", package.file_name) == package.statement


def test_other_bytes_bring_their_own(channel: Channel, tmp_path: Path) -> None:
    one, two = named(tmp_path, b"1"), named(tmp_path, b"2")
    channel.publish(one)
    channel.publish(two, replace=True)
    assert channel.statement("linux-64", two.file_name) == two.statement
    channel.publish(replace(one, statement=""), replace=True)
    assert channel.statement("linux-64", one.file_name) is None


def test_what_is_refused_leaves_the_statement_that_was_there(channel: Channel, tmp_path: Path) -> None:
    one, two = named(tmp_path, b"1"), named(tmp_path, b"2")
    channel.publish(one)
    with pytest.raises(WorkError, match="with other bytes"):
        channel.publish(two)
    assert channel.statement("linux-64", one.file_name) == one.statement
    assert problems_of(channel.root, leftovers=True) == []


@pytest.mark.parametrize("how", ["ensure", "reindex", "publish"])
def test_without_its_package_it_is_swept(channel: Channel, tmp_path: Path, how: str) -> None:
    package, other = named(tmp_path, b"1"), make_package(tmp_path / "other", "beta")
    channel.publish(other)
    beside(channel).write_text(package.statement)
    (channel.root / "linux-64" / "notes.intoto.json").write_text("{}")
    match how:
        case "ensure":
            Channel(channel.root).ensure("linux-64")
        case "reindex":
            channel.reindex()
        case _:
            channel.publish(make_package(tmp_path / "third", "gamma"))
    assert not beside(channel).exists()
    assert (channel.root / "linux-64" / "notes.intoto.json").exists(), "that is about no package"
    assert channel.statement("linux-64", other.file_name) == other.statement


@pytest.mark.parametrize("replaced", [True, False])
def test_a_statement_that_waited_when_its_writer_was_killed(channel: Channel, tmp_path: Path, replaced: bool) -> None:
    """Between its two renames, or before both."""
    one, two = named(tmp_path, b"1"), named(tmp_path, b"2")
    channel.publish(one)
    waiting = channel.root / ".bakehouse" / "linux-64.alpha-1.0-h0_0.conda.intoto.json"
    waiting.write_text(two.statement)
    if replaced:
        (channel.root / "linux-64" / one.file_name).write_bytes(two.path.read_bytes())
    Channel(channel.root).ensure("linux-64")
    assert not waiting.exists()
    assert channel.statement("linux-64", one.file_name) == (two if replaced else one).statement


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"subject": []}', '{"subject": [{"digest": {"sha256": 1}}]}', "\0"])
def test_what_is_no_statement_is_about_nothing(tmp_path: Path, text: str) -> None:
    place = tmp_path / "a.conda.intoto.json"
    place.write_text(text)
    assert statements.subject(place) is None
    assert statements.subject(tmp_path / "absent") is None


def test_rattlers_index_does_not_see_them(channel: Channel, tmp_path: Path) -> None:
    """Who serves the folder with another tool's index serves the same packages."""
    package = named(tmp_path, b"1")
    channel.publish(package)
    index = "import asyncio, sys; from rattler.index import index_fs; asyncio.run(index_fs(sys.argv[1])); print('done')"
    argv = [sys.executable, "-c", index, str(channel.root)]
    assert subprocess.run(argv, capture_output=True, text=True, check=False).stdout == "done\n"  # it may crash at exit
    document = json.loads((channel.root / "linux-64" / "repodata.json").read_bytes())
    assert list(document["packages.conda"]) == [package.file_name]
    assert document["packages"] == {}
    assert beside(channel).read_text() == about(package.file_name, package.sha256)
