"""What an index may say differently of a package, and what not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.environment.agreement import compared
from builder.errors import SourceError
from builder.model.environment import LockedPackage

PACKAGE = LockedPackage(
    name="a", version="1.0", build="h1_0", build_number=0, subdir="linux-64", file_name="a-1.0-h1_0.conda",
    url="file:///c/linux-64/a-1.0-h1_0.conda", channel="c", sha256="0" * 64, size=1, depends=("b >=1", "c"),
)  # fmt: skip
OWN = {
    "name": "a",
    "version": "1.0",
    "build": "h1_0",
    "build_number": 0,
    "subdir": "linux-64",
    "depends": ["c", "b >=1"],
}


def unpacked(tmp_path: Path, **change: object) -> dict[str, Path]:
    folder = tmp_path / str(change.get("name", "a"))
    (folder / "info").mkdir(parents=True)
    (folder / "info" / "index.json").write_text(json.dumps({**OWN, **change}))
    return {"a": folder}


def test_a_package_is_what_its_index_says(tmp_path: Path) -> None:
    assert compared([PACKAGE], unpacked(tmp_path)) is None
    assert compared([], {}) is None


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("name", "b", "'a'"),
        ("version", "2.0", "'1.0'"),
        ("version", "1", "'1.0'"),
        ("build", "h2_0", "'h1_0'"),
        ("build_number", 1, "0"),
        ("subdir", "noarch", "'linux-64'"),
        ("noarch", "python", "None"),
        ("noarch", True, "None"),
    ],
)
def test_another_package_than_the_index_says(tmp_path: Path, key: str, value: object, said: str) -> None:
    with pytest.raises(SourceError, match=rf"has the {key} .*, and the index of c says {said}") as caught:
        compared([PACKAGE], unpacked(tmp_path, **{key: value}))
    assert str(caught.value).startswith("a-1.0-h1_0.conda")
    assert caught.value.problems[0].remedy


def test_a_file_name_of_another_package(tmp_path: Path) -> None:
    other = replace(PACKAGE, file_name="a-1.0-h1_1.tar.bz2")
    with pytest.raises(SourceError, match=r"has the file name 'a-1\.0-h1_0', and the index of c says 'a-1\.0-h1_1'"):
        compared([other], unpacked(tmp_path))


def test_both_ways_to_be_generic_are_one(tmp_path: Path) -> None:
    assert compared([replace(PACKAGE, noarch="generic")], unpacked(tmp_path, noarch=True)) is None


@pytest.mark.parametrize("change", [{"depends": ["b >=1"]}, {"depends": ["b >=1", "c <2"]}, {"constrains": ["d"]}])
def test_patches_of_a_channel_are_told(tmp_path: Path, change: dict[str, object]) -> None:
    assert compared([PACKAGE], unpacked(tmp_path, **change)) == (
        "the index says another thing of what a needs, or asks of its users, than the package itself; the index counts"
    )


def test_many_patches_are_one_line(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d", "e"]
    wanted = [replace(PACKAGE, name=name, file_name=f"{name}-1.0-h1_0.conda") for name in names]
    folders = {name: unpacked(tmp_path, name=name, depends=[])["a"] for name in names}
    line = compared(wanted, folders)
    assert line is not None
    assert "of what a, b, c and 2 more needs" in line


@pytest.mark.parametrize(
    ("said", "own", "told"),
    [
        (None, {"weak": ["x"]}, False),
        ({}, None, False),
        ({"weak": ["x"], "strong": []}, ["x"], False),
        ({"weak": ["x", "y"]}, {"weak": ["y", "x"]}, False),
        ({"weak": ["x"]}, None, True),
        ({}, {"weak": ["x"]}, True),
        ({"strong": ["x"]}, {"weak": ["x"]}, True),
    ],
)
def test_run_exports_of_the_index_and_of_the_package(tmp_path: Path, said: object, own: object, told: bool) -> None:
    folders = unpacked(tmp_path)
    if own is not None:
        (folders["a"] / "info" / "run_exports.json").write_text(json.dumps(own))
    record = {} if said is None else {"run_exports": said}
    assert (compared([replace(PACKAGE, record=json.dumps(record))], folders) is not None) is told
