"""The files of a recipe's folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.plan.files import RecipeFolders


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_all_files_count_but_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "sub" / ".git").mkdir(parents=True)
    (tmp_path / "__pycache__").mkdir()
    for name in ("recipe.yaml", "build.sh", "sub/x.patch", ".hidden", "sub/.git/config", "__pycache__/x.pyc"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "build.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("../elsewhere")
    assert RecipeFolders().files(tmp_path) == (
        ("build.sh", f"{sha256(b'build.sh')} executable"),
        ("link", "link to ../elsewhere"),
        ("recipe.yaml", sha256(b"recipe.yaml")),
        ("sub/x.patch", sha256(b"sub/x.patch")),
    )


def test_what_we_write_into_a_recipes_folder_is_no_part_of_it(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    (channel / "linux-64").mkdir(parents=True)
    (channel / "linux-64" / "a.conda").write_bytes(b"")
    (tmp_path / "build.sh").write_bytes(b"")
    assert [path for path, _ in RecipeFolders((channel,)).files(tmp_path)] == ["build.sh"]
    other = tmp_path / "other"
    other.symlink_to(tmp_path)
    assert [path for path, _ in RecipeFolders((other / "channel",)).files(tmp_path)] == ["build.sh", "other"]


def test_a_folder_is_read_once(tmp_path: Path) -> None:
    folders = RecipeFolders()
    (tmp_path / "a").write_bytes(b"1")
    first = folders.files(tmp_path)
    (tmp_path / "a").write_bytes(b"2")
    assert folders.files(tmp_path) is first
    assert RecipeFolders().files(tmp_path) != first


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert RecipeFolders().files(tmp_path) == ()


def test_deep_folders_are_walked_without_recursion(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*("d" for _ in range(1200)))
    where = tmp_path
    for _ in range(1200):
        where /= "d"
        where.mkdir()
    (deep / "file").write_bytes(b"")
    assert [path.count("/") for path, _ in RecipeFolders().files(tmp_path)] == [1200]
    for folder in (deep, *deep.parents)[:1200]:
        for file in folder.glob("file"):
            file.unlink()
        folder.rmdir()


def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        RecipeFolders().files(tmp_path / "none")
    assert caught.value.problems[0].place is not None
