"""Packages that bring the same path into an environment of a build or a test: told wherever they meet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, write_recipe
from tests.environment.packages import Made, channel

LEFT = {"share/same.txt": b"left", "share/more.txt": b"left", "share/equal.txt": b"both", "share/left": b"1"}
RIGHT = {"share/same.txt": b"right", "share/more.txt": b"right", "share/equal.txt": b"both", "share/right": b"2"}
RECIPE = """
package: {name: between, version: "1"}
build: {script: ["cat $PREFIX/share/same.txt > $PREFIX/seen", "cp $BUILD_PREFIX/share/same.txt $PREFIX/seen-too"]}
requirements: {build: [left, right], host: [left, right], run: [left, right]}
tests: [{script: ["grep left $PREFIX/share/same.txt"]}, {script: ["grep left $PREFIX/seen"]}]
"""
SAID = {
    ("warning", "share/more.txt", "left and right bring it; that of left is there, and 1 more"),
    ("note", "share/equal.txt", "left and right bring it, with the same bytes"),
}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return channel(tmp_path / "pair", Made(name="left", files=LEFT), Made(name="right", files=RIGHT))


def test_a_build_tells_it_of_all_its_environments(command: Command, pair: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "between", RECIPE)
    said = command("build", recipe, "-c", pair, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    (package,) = json.loads(said.out)
    found = [one for one in package["findings"] if one["check"] == "clobbering"]
    places = {one["message"].partition(": ")[0] for one in found}
    assert places == {"the build environment", "the host environment", "the environment of a test"}
    assert len(found) == len(places) * len(SAID), "two tests in the same environment tell it once"
    assert {(one["severity"], one["path"], one["message"].partition(": ")[2]) for one in found} == SAID
    assert all(one["remedy"] for one in found)

    tested = command("test", package["path"], "-c", pair, "--progress", "plain")
    assert tested.code == 0, tested.err
    lines = [line for line in tested.err.splitlines() if "[clobbering]" in line]
    assert len(lines) == len(SAID)
    assert "warning [clobbering] share/more.txt: the environment of a test: left and right bring it" in tested.err


def test_packages_that_keep_apart_are_no_matter(command: Command, pair: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "one", "package: {name: one, version: '1'}\nrequirements: {host: [left]}\n")
    said = command("build", recipe, "-c", pair, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    assert "clobbering" not in said.out


STAGED = """
recipe: {name: both, version: "1"}
outputs:
  - staging: {name: dough}
    build: {script: ["echo x > $PREFIX/made"]}
    requirements: {host: [left, right]}
  - package: {name: bread}
    inherit: dough
"""


def test_a_staging_output_tells_it_too(command: Command, pair: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "both", STAGED)
    said = command("build", recipe, "-c", pair, "--out", tmp_path / "out", "--progress", "json")
    assert said.code == 0, said.err
    events = [json.loads(line) for line in said.err.splitlines() if line.startswith('{"event"')]
    found = [one for one in events if one["event"] == "found" and one["check"] == "clobbering"]
    assert {(one["path"], "dough" in one["task"]) for one in found} == {
        ("share/more.txt", True),
        ("share/equal.txt", True),
    }
