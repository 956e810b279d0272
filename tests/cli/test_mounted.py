"""The digest of what is mounted: what changes it, what does not, and that nothing is read twice without need."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.cli.mounted import digest_of
from builder.errors import UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "tool").write_text("#!/bin/sh\n")
    (folder / "bin" / "tool").chmod(0o755)
    (folder / "data").write_text("data\n")
    (folder / "link").symlink_to("data")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def replaced(path: Path) -> Path:
    """Make place for something else."""
    path.unlink()
    return path


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda tree: (tree / "data").write_text("atad\n"),
    "name": lambda tree: (tree / "data").rename(tree / "dada"),
    "executable": lambda tree: (tree / "data").chmod(0o755),
    "target": lambda tree: replaced(tree / "link").symlink_to("bin"),
    "more": lambda tree: (tree / "empty").mkdir(),
    "less": lambda tree: (tree / "link").unlink(),
    "kind": lambda tree: replaced(tree / "link").write_text("data\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_counts(tree: Path, root: Path, change: Callable[[Path], object]) -> None:
    before = digest_of(tree, root)
    change(tree)
    assert digest_of(tree, root) != before


def test_times_and_places_do_not_count(tree: Path, root: Path, tmp_path: Path) -> None:
    before = digest_of(tree, root)
    os.utime(tree / "data", (1, 1))
    assert digest_of(tree, root) == before
    tree.rename(tmp_path / "elsewhere")
    assert digest_of(tmp_path / "elsewhere", root) == before
    assert digest_of(tmp_path / "elsewhere", tmp_path / "another store") == before


def test_a_file_is_more_than_its_content(tree: Path, root: Path) -> None:
    alone = digest_of(tree / "data", root)
    assert alone != digest_of(tree, root)
    (tree / "data").rename(tree / "moved")
    assert digest_of(tree / "moved", root) == alone, "inside it has the name of its mount"


def test_what_was_not_touched_is_not_read_again(tree: Path, root: Path) -> None:
    before, about = digest_of(tree, root), (tree / "data").stat()
    (note,) = (file for file in root.rglob("*") if file.is_file())
    digest_of(tree, root)
    assert [file for file in root.rglob("*") if file.is_file()] == [note]
    note.write_bytes(b"damaged")
    assert digest_of(tree, root) == before, "a note that is not whole is none"
    assert (tree / "data").stat().st_ino == about.st_ino


def test_nobody_waits_for_a_pipe_or_follows_a_link_away(tree: Path, root: Path, tmp_path: Path) -> None:
    os.mkfifo(tree / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tree / "socket"))
    (tree / "away").symlink_to(tmp_path)
    first = digest_of(tree, root)
    (tmp_path / "new").write_text("not part of it")
    assert digest_of(tree, root) == first
    listening.close()


def test_names_need_not_be_text(tree: Path, root: Path) -> None:
    before = digest_of(tree, root)
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff\xfe")).write_text("x")
    assert digest_of(tree, root) != before


def test_what_cannot_be_read_has_a_remedy(tmp_path: Path, root: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file") as caught:
        digest_of(tmp_path / "gone", root)
    assert caught.value.problems[0].remedy
