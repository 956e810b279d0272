"""Renderings are the same in every process: whatever the hash seed, folder, locale, time zone and other variables."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.property.cases import ALL_AT_ONCE, CHECKOUT, MORE_VARIANTS, PLATFORMS, VARIANTS

SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "COLUMNS": "20", "SOMETHING": "else"},
    {"PYTHONHASHSEED": "424242", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0", "PYTHONOPTIMIZE": "0", "HOME": "/nonexistent"},
]  # fmt: skip

RENDERING = """
import sys
import tempfile
from pathlib import Path
from tests.property.cases import PLATFORMS, cases, documents
folder = Path(sys.argv[1])
for case in cases():
    for platform in PLATFORMS:
        print(case.title, platform, documents(case.write(folder / 'case'), case.names, platform))
"""


BREAKING = """
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from builder.errors import BakehouseError
from builder.report.trouble import error_text
from tests.property.cases import cases, documents
folder = Path(sys.argv[1])
for case in cases():
    for number in range(4):
        chance, lines = Random(f'{case.title} {number}'), case.recipe.splitlines()
        for _ in range(3):
            place = chance.randrange(len(lines))
            broken = lines[place].replace(':', 'x:', 1), lines[place] + ' ${{ nothing + missing }}', '', lines[place].replace('- ', '- - ')
            lines[place] = chance.choice(broken)
        bad = replace(case, recipe=chr(10).join(lines))
        try:
            print(case.title, number, len(documents(bad.write(folder / 'case'), bad.names, 'linux-64')))
        except BakehouseError as error:
            print(case.title, number, error_text(error).replace(str(folder), 'FOLDER'))
"""


def said(arguments: list[str], cwd: Path, surroundings: dict[str, str]) -> bytes:
    """Run a process with a store of its own, that holds nothing yet."""
    with tempfile.TemporaryDirectory() as store:
        return said_over(Path(store), arguments, cwd, surroundings)


def said_over(store: Path, arguments: list[str], cwd: Path, surroundings: dict[str, str]) -> bytes:
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "BAKEHOUSE_STORE": str(store)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**known, **surroundings},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_every_recipe_here_in_three_processes(tmp_path: Path) -> None:
    found = []
    for number, surroundings in enumerate(SURROUNDINGS):
        here = tmp_path / str(number)
        here.mkdir()
        found.append(said(["-c", RENDERING, str(here)], here, surroundings))
    assert len(found[0]) > 1_000_000
    assert found[0].decode().splitlines() == found[1].decode().splitlines() == found[2].decode().splitlines()


def test_mistakes_are_told_alike(tmp_path: Path) -> None:
    """All problems of a recipe, in the same order, with the same remedies."""
    found = [said(["-c", BREAKING, str(tmp_path)], tmp_path, each).decode().splitlines() for each in SURROUNDINGS[1:]]
    assert sum("error" in line for line in found[0]) > 150
    assert len({line.rpartition("error: ")[2].split()[0] for line in found[0] if "error: " in line}) > 10
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "command",
    [
        ["render", "--json"], ["render", "--json", "--target-platform", PLATFORMS[1]], ["plan", "--json"],
        ["explain", "--json"], ["explain"], ["schema", "recipe"], ["schema", "variants"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_command_in_two_processes(command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "feast"
    folder.mkdir()
    files = {"recipe.yaml": ALL_AT_ONCE, "variants.yaml": VARIANTS, "windows.patch": "", "more.yaml": MORE_VARIANTS}
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "extra").mkdir()
    options = [] if command[0] == "schema" else [str(folder), "-m", str(folder / "more.yaml")]
    places = ["--out", str(tmp_path / "channel")] if command[0] == "plan" else []
    arguments = ["-m", "builder", *command, *options, *places]
    found = {said(arguments, tmp_path if number else folder, each) for number, each in enumerate(SURROUNDINGS[1:])}
    assert len(found) == 1


def test_any_number_of_processes_and_what_they_remember(tmp_path: Path) -> None:
    """What many processes render, or a store remembers, is what one process renders anew."""
    surroundings = SURROUNDINGS[0]
    recipes = sorted(str(path.parent) for path in (CHECKOUT / "recipes").glob("*/*/recipe.yaml"))
    command = ["-m", "builder", "render", "--json", *recipes]
    anew = said([*command, "--no-cache"], tmp_path, surroundings)
    store = tmp_path / "store"
    assert said_over(store, [*command, "-j", "3"], tmp_path, surroundings) == anew
    assert said_over(store, command, CHECKOUT, SURROUNDINGS[1]) == anew
    assert said_over(store, [*command, "-j", "2"], tmp_path, SURROUNDINGS[2]) == anew


def test_what_is_remembered_of_one_folder_is_not_told_of_another(tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.yaml").write_text(ALL_AT_ONCE)
        (tmp_path / name / "variants.yaml").write_text(VARIANTS)
        command = ["-m", "builder", "render", "--json", str(tmp_path / name)]
        found.append(said_over(store, command, tmp_path, SURROUNDINGS[0]).replace(f"/{name}/".encode(), b"/folder/"))
        assert f"/{name}/".encode() not in found[-1]
    assert found[0] == found[1]
    assert b"/folder/variants.yaml" in found[0]
