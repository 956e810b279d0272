"""`bakehouse index`: a channel's index anew from its packages."""

from __future__ import annotations

import json
from pathlib import Path

from tests.channel.making import make_package
from tests.cli.conftest import Command


def channel_of(tmp_path: Path) -> Path:
    folder = tmp_path / "channel" / "linux-64"
    folder.mkdir(parents=True)
    for name in ("alpha", "beta"):
        package = make_package(tmp_path / "made", name)
        package.path.rename(folder / package.file_name)
    return folder.parent


def test_every_package_is_in_the_new_index(command: Command, tmp_path: Path) -> None:
    channel = channel_of(tmp_path)
    said = command("index", channel)
    assert said.code == 0
    assert "linux-64: 2 packages" in said.err
    index = json.loads((channel / "linux-64" / "repodata.json").read_text())
    assert [record["name"] for record in index["packages.conda"].values()] == ["alpha", "beta"]
    assert (channel / "noarch" / "repodata.json").is_file()


def test_json_counts_per_subdir(command: Command, tmp_path: Path) -> None:
    channel = channel_of(tmp_path)
    assert command("index", channel, "--json").document == {
        "channel": str(channel), "packages": {"linux-64": 2, "noarch": 0},
    }  # fmt: skip


def test_what_is_no_package_is_told_and_left_out(command: Command, tmp_path: Path) -> None:
    channel = channel_of(tmp_path)
    (channel / "linux-64" / "broken-1.0-0.conda").write_bytes(b"half a package")
    said = command("index", channel)
    assert said.code == 0
    assert "broken-1.0-0.conda stays out of the index" in said.err
    assert "linux-64: 2 packages" in said.err


def test_a_channel_that_is_not_there_is_wrong_use(command: Command, tmp_path: Path) -> None:
    said = command("index", tmp_path / "nowhere", "--json")
    assert said.code == 2
    assert said.errors[0]["code"] == "cli.no-channel"
