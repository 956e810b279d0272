"""Plain files linked folder by folder: at the right places, never through a link and never over something."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from builder.environment.plain import EPOCH, FOLDER_MODE, place


def package(folder: Path, *paths: str) -> tuple[Path, Mapping[str, Sequence[str]]]:
    """Write a package of these files, each of which holds its own path; return what `place` takes of it."""
    folders = dict[str, list[str]]()
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
        above, _, name = path.rpartition("/")
        folders.setdefault(above, []).append(name)
    return folder, folders


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    made = tmp_path / "prefix"
    made.mkdir()
    return made


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_files_are_hard_links_in_folders_that_tell_nothing(tmp_path: Path, prefix: Path, umask: int) -> None:
    paths = ["top", "a/x", "a/b/c/y", "a/b/z", "a-b/x", "d/e/f/g/h"]
    one, other = package(tmp_path / "one", *paths), package(tmp_path / "other", "a/b/more", "d/e/too", "new/x")
    (prefix / "a").mkdir(mode=0o700)
    old = os.umask(umask)
    try:
        place(prefix, [one, other])
    finally:
        os.umask(old)
    for tree, folders in (one, other):
        for folder, names in folders.items():
            for name in names:
                assert (prefix / folder / name).samefile(tree / folder / name)
    made = [path for path in prefix.rglob("*") if path.is_dir()]
    assert {str(path.relative_to(prefix)) for path in made} == {
        "a", "a/b", "a/b/c", "a-b", "d", "d/e", "d/e/f", "d/e/f/g", "new",
    }  # fmt: skip
    for path in (prefix, *made):
        assert (path.stat().st_mode & 0o7777, path.stat().st_mtime) == (FOLDER_MODE, EPOCH), path


def test_many_packages_in_one_folder_and_nobody_at_all(tmp_path: Path, prefix: Path) -> None:
    place(prefix, [])
    place(prefix, [package(tmp_path / str(number), f"lib/site/{number}/x") for number in range(50)])
    assert len(list(prefix.rglob("x"))) == 50


def linked(place: Path) -> None:
    place.symlink_to(place.parents[1] / "elsewhere")


def file(place: Path) -> None:
    place.write_text("mine")


def folder(place: Path) -> None:
    place.mkdir()


@pytest.mark.parametrize(("path", "there"), [("a", linked), ("a", file), ("x", folder), ("x", file), ("x", linked)])
def test_nothing_in_the_way_is_followed_or_replaced(tmp_path: Path, prefix: Path, path: str, there: object) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert callable(there)
    there(prefix / path)
    before = (prefix / path).lstat().st_mode, (prefix / path).is_file() and (prefix / path).read_text()
    with pytest.raises(OSError, match=path):
        place(prefix, [package(tmp_path / "one", "a/x", "x")])
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert before == ((prefix / path).lstat().st_mode, (prefix / path).is_file() and (prefix / path).read_text())


def test_no_folder_stays_open(tmp_path: Path, prefix: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    one, deep = package(tmp_path / "one", "a/b/c/x"), package(tmp_path / "deep", "/".join("d" * 100) + "/x")
    place(prefix, [one, deep])
    for broken in (one, (tmp_path / "one", {"a/b/c": ["nobody"]}), (tmp_path / "one", {"nobody": ["x"]})):
        with pytest.raises(OSError, match=r"x|nobody"):
            place(prefix, [broken])
    assert set(Path("/proc/self/fd").iterdir()) == before
