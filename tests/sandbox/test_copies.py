"""Copies where overlays cannot be mounted."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox.copies import copy_lower, copy_tree
from tests.sandbox.test_changes import LOWER, grow
from tests.sandbox.test_rootfs import described

CP = Path("/usr/bin/cp")


def copied(into: Path, *lower: Path) -> None:
    asyncio.run(copy_lower(CP, lower, into))


def test_a_copy_is_equal(tmp_path: Path) -> None:
    lower = grow(tmp_path / "lower", LOWER)
    for path in lower.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    copied(tmp_path / "into", lower)
    assert described(tmp_path / "into") == described(lower)


def test_a_copy_shares_no_file_with_the_original(tmp_path: Path) -> None:
    lower = grow(tmp_path / "lower", {"a": "x"})
    copied(tmp_path / "into", lower)
    (tmp_path / "into" / "a").write_text("changed")
    assert (lower / "a").read_text() == "x"


def test_a_copy_that_was_made_is_left_alone(tmp_path: Path) -> None:
    lower = grow(tmp_path / "lower", {"a": "x", "b": "y"})
    into = tmp_path / "into"
    copied(into, lower)
    (into / "a").unlink()
    (into / "b").write_text("mine")
    copied(into, lower)
    assert {path.name: path.read_text() for path in into.iterdir()} == {"b": "mine"}


def test_the_first_folder_is_on_top(tmp_path: Path) -> None:
    top = grow(tmp_path / "top", {"both": "top", "file": "x", "folder/in": "y", "link": ("link", "t")})
    low = grow(tmp_path / "low", {"both": "low", "file/in": "x", "folder": "y", "link": None, "low": "z"})
    copied(tmp_path / "into", top, low)
    into = tmp_path / "into"
    assert (into / "both").read_text() == "top"
    assert (into / "file").read_text() == "x"
    assert (into / "folder" / "in").read_text() == "y"
    assert str((into / "link").readlink()) == "t"
    assert (into / "low").read_text() == "z"


def test_no_folder_is_an_empty_copy(tmp_path: Path) -> None:
    copied(tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_a_file_can_be_copied(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    asyncio.run(copy_tree(CP, tmp_path / "a", tmp_path / "-b"))
    assert (tmp_path / "-b").read_text() == "x"


def test_a_copy_that_fails_names_both_ends(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"missing.*No such file") as caught:
        copied(tmp_path / "into", tmp_path / "missing")
    assert str(tmp_path / "into") in str(caught.value)
    assert caught.value.problems[0].remedy


def test_what_failed_is_done_again(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        copied(tmp_path / "into", tmp_path / "lower")
    copied(tmp_path / "into", grow(tmp_path / "lower", {"a": "x"}))
    assert (tmp_path / "into" / "a").exists()
