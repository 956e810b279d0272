"""What is known of packages in a folder: out of the index, or out of the packages where it knows nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from builder.channel.entries import Entry, entries, package_names
from tests.channel.making import build_key, make_package, recipe_key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b", "a"):
        make_package(tmp_path / "linux-64", name)
    make_package(tmp_path / "linux-64", "c", extra={"suffix": ".tar.bz2", "keys": False})
    return tmp_path / "linux-64"


def test_packages_are_read(folder: Path) -> None:
    told: list[str] = []
    found = dict(entries(folder, {}, told.append))
    assert list(found) == ["a-1.0-h0_0.conda", "b-1.0-h0_0.conda", "c-1.0-h0_0.tar.bz2"]
    assert json.loads(found["a-1.0-h0_0.conda"].record)["name"] == "a"
    assert json.loads(found["a-1.0-h0_0.conda"].keys) == {
        "recipe_key": recipe_key("a"),
        "build_key": build_key("a", b"content\n"),
    }
    assert found["c-1.0-h0_0.tar.bz2"].keys == "{}"
    assert told == []


def test_what_is_known_is_not_opened(folder: Path) -> None:
    (folder / "a-1.0-h0_0.conda").write_bytes(b"nothing that could be read")
    known = {
        "a-1.0-h0_0.conda": Entry(record='{"name":"a"}', keys="{}"),
        "gone-1.0-h0_0.conda": Entry(record="", keys=""),
    }
    told: list[str] = []
    found = dict(entries(folder, known, told.append))
    assert found["a-1.0-h0_0.conda"] is known["a-1.0-h0_0.conda"]
    assert "gone-1.0-h0_0.conda" not in found
    assert told == []


def test_what_is_no_package_is_told(folder: Path) -> None:
    (folder / "a-1.0-h0_0.conda").write_bytes(b"half")
    told: list[str] = []
    assert "a-1.0-h0_0.conda" not in dict(entries(folder, {}, told.append))
    (line,) = told
    assert line.startswith("linux-64/a-1.0-h0_0.conda stays out of the index: ")


def test_folders_hidden_and_other_files_are_none(folder: Path) -> None:
    (folder / "dir-1-0.conda").mkdir()
    shutil.copy(folder / "a-1.0-h0_0.conda", folder / ".a-1.0-h0_0.conda")
    (folder / "README").touch()
    (folder / "a-1.0-h0_0.conda.sigs").touch()
    assert package_names(folder) == ["a-1.0-h0_0.conda", "b-1.0-h0_0.conda", "c-1.0-h0_0.tar.bz2"]
