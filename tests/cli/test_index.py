"""`bakehouse index`: a channel's indexes made anew from its packages alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.channel import Channel
from tests.channel.making import make_package
from tests.cli.conftest import Command
from tests.e2e.command import indexed, packages


@pytest.fixture
def channel(command: Command, hello: Path, tmp_path: Path) -> Path:
    """A channel with one package."""
    assert command("build", hello, "--out", tmp_path / "channel", "--test", "skip").code == 0
    return tmp_path / "channel"


@pytest.mark.sandbox
def test_what_was_lost_is_made_again_to_the_byte(command: Command, channel: Path) -> None:
    index = channel / "linux-64" / "repodata.json"
    before = index.read_bytes()
    index.unlink()
    said = command("index", channel)
    assert (said.code, said.out) == (0, "")
    assert said.err.splitlines() == ["linux-64: 1 package, generation 2", "noarch: 0 packages, generation 1"]
    assert index.read_bytes() == before


@pytest.mark.sandbox
def test_a_removed_package_leaves_the_index(command: Command, channel: Path) -> None:
    (package,) = channel.glob("*/*.conda")
    package.unlink()
    said = command("index", channel, "--json")
    assert said.document == {
        "channel": str(channel),
        "packages": {"linux-64": 0, "noarch": 0},
        "generations": {"linux-64": 3, "noarch": 1},
        "unpublishable": [],
    }
    assert said.err == ""
    assert indexed(channel) == packages(channel) == {}


@pytest.mark.sandbox
def test_what_is_no_package_is_warned_of_and_left_out(command: Command, channel: Path) -> None:
    (channel / "linux-64" / "broken-1-0.conda").write_bytes(b"no archive")
    said = command("index", channel)
    assert said.code == 0
    assert said.err.startswith("warning: linux-64/broken-1-0.conda stays out of the index: ")
    assert len(indexed(channel)) == 1


def test_an_empty_folder_becomes_an_empty_channel(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    assert command("index", tmp_path / "c", "--json").document == {
        "channel": str(tmp_path / "c"), "packages": {"noarch": 0}, "generations": {"noarch": 1},
        "unpublishable": [],
    }  # fmt: skip
    assert json.loads((tmp_path / "c" / "noarch" / "repodata.json").read_text())["packages.conda"] == {}


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """A channel with a package that nothing vouches for."""
    Channel(tmp_path / "c").publish(make_package(tmp_path / "made", "doubtful", extra={"publishable": False}))
    return tmp_path / "c"


def test_what_nothing_vouches_for_is_warned_of(command: Command, doubtful: Path) -> None:
    said = command("index", doubtful, "--json")
    name = "linux-64/doubtful-1.0-h0_0.conda"
    assert said.code == 0
    assert said.err.startswith(f"warning: {name} is never to be published: ")
    assert dict(said.document)["unpublishable"] == [name]  # type: ignore[call-overload]


def test_and_refused_on_a_farm(command: Command, doubtful: Path) -> None:
    (doubtful.parent / "bakehouse.yaml").write_text("policy: farm\n")
    before = (doubtful / "linux-64" / "repodata.json").read_bytes()
    said = command("index", doubtful, "--json")
    assert said.code == 1
    (error,) = said.errors
    assert error["file"] == str(doubtful / "linux-64" / "doubtful-1.0-h0_0.conda")
    assert error["remedy"]
    assert (doubtful / "linux-64" / "repodata.json").read_bytes() == before


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_what_is_no_folder(command: Command, tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (tmp_path / "c").touch()
    said = command("index", tmp_path / "c", "--json")
    assert said.code == 2
    (error,) = said.errors
    assert (error["code"], error["remedy"]) == ("cli.no-channel", "name the channel's top folder")
