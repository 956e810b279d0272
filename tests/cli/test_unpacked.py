"""Unpacked packages: the file that a folder makes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from builder.archive import ArchiveMember, MemberKind, read_package, write_conda
from builder.cli.unpacked import is_unpacked, packed
from builder.errors import SourceError

INDEX = {"name": "some-thing", "version": "1.0", "build": "h0_0", "build_number": 0, "subdir": "noarch", "timestamp": 1_700_000_000_123}  # fmt: skip
STEM = "some-thing-1.0-h0_0"


def written(folder: Path) -> Path:
    """A package with a program, a link and a file."""
    files = {"bin/run": b"#!/bin/sh\n", "bin/same": b"#!/bin/sh\n", "informal/x": b"x"}
    listed = [
        {
            "_path": path,
            "path_type": "softlink" if path == "bin/same" else "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }
        for path, content in files.items()
    ]
    paths = {"paths_version": 1, "paths": listed}
    info = {"index.json": INDEX, "paths.json": paths, "about.json": {}}
    file = folder / f"{STEM}.conda"
    write_conda(
        file,
        stem=STEM,
        payload=[
            ArchiveMember(path="bin/run", content=files["bin/run"], executable=True),
            ArchiveMember(path="bin/same", kind=MemberKind.SYMLINK, target="run"),
            ArchiveMember(path="informal/x", content=files["informal/x"]),
        ],
        info=[ArchiveMember(path=f"info/{name}", content=json.dumps(info[name]).encode()) for name in sorted(info)],
        epoch=1_700_000_000,
    )
    return file


def test_a_package_that_is_unpacked_and_packed_has_the_same_members(tmp_path: Path) -> None:
    original = read_package(written(tmp_path))
    original.extract(tmp_path / "unpacked")
    (tmp_path / "again").mkdir()
    again = read_package(packed(tmp_path / "unpacked", tmp_path / "again"))
    assert again.stem == STEM
    assert sorted(original.members(), key=lambda one: one.path) == sorted(again.members(), key=lambda one: one.path)
    assert {name: again.read_info(name) for name in again.info_files()} == {
        name: original.read_info(name) for name in original.info_files()
    }


def test_which_folders_are_packages(tmp_path: Path) -> None:
    assert not is_unpacked(tmp_path)
    assert not is_unpacked(tmp_path / "absent")
    (tmp_path / "info").mkdir()
    (tmp_path / "info" / "index.json").write_text("{}")
    assert is_unpacked(tmp_path)
    assert not is_unpacked(tmp_path / "info" / "index.json")


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "\x00", json.dumps({**INDEX, "name": "../../evil"}), json.dumps({**INDEX, "build": "a/b"}),
        json.dumps({**INDEX, "version": None}),
    ],
)  # fmt: skip
def test_an_index_that_names_no_package(text: str, tmp_path: Path) -> None:
    (tmp_path / "one" / "info").mkdir(parents=True)
    (tmp_path / "one" / "info" / "index.json").write_text(text)
    (tmp_path / "into").mkdir()
    with pytest.raises(SourceError, match="this is no unpacked package") as caught:
        packed(tmp_path / "one", tmp_path / "into")
    assert caught.value.problems[0].place is not None
    assert list((tmp_path / "into").iterdir()) == []


def test_what_is_no_file_is_refused_unread(tmp_path: Path) -> None:
    read_package(written(tmp_path)).extract(tmp_path / "unpacked")
    os.mkfifo(tmp_path / "unpacked" / "share")
    (tmp_path / "into").mkdir()
    with pytest.raises(SourceError, match="neither a file nor a link") as caught:
        packed(tmp_path / "unpacked", tmp_path / "into")
    place = caught.value.problems[0].place
    assert place is not None
    assert place.file == str(tmp_path / "unpacked" / "share")


def test_one_without_a_time_gets_the_first(tmp_path: Path) -> None:
    (tmp_path / "one" / "info").mkdir(parents=True)
    index = {key: value for key, value in INDEX.items() if key != "timestamp"}
    (tmp_path / "one" / "info" / "index.json").write_text(json.dumps(index))
    (tmp_path / "one" / "info" / "paths.json").write_text('{"paths": [], "paths_version": 1}')
    assert {member.mtime for member in read_package(packed(tmp_path / "one", tmp_path)).members()} <= {0}
