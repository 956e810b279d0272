"""Renderings are the same in every process: whatever the hash seed, folder, locale, time zone and other variables."""

from __future__ import annotations

import os
import subprocess
import sys
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
from pathlib import Path
from tests.property.cases import PLATFORMS, cases, documents
folder = Path(sys.argv[1])
for case in cases():
    for platform in PLATFORMS:
        print(case.title, platform, documents(case.write(folder / 'case'), case.names, platform))
"""


def said(arguments: list[str], cwd: Path, surroundings: dict[str, str]) -> bytes:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **surroundings}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, check=False, timeout=300
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
    places = ["--out", str(tmp_path / "channel"), "--store", str(tmp_path / "store")] if command[0] == "plan" else []
    arguments = ["-m", "builder", *command, *options, *places]
    found = {said(arguments, tmp_path if number else folder, each) for number, each in enumerate(SURROUNDINGS[1:])}
    assert len(found) == 1
