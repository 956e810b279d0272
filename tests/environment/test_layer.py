"""A package in a folder of the store, by the name that rattler's package cache looks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.environment import layer

DIGEST = "ab" * 32


def laid(folder: Path, **index: str) -> Path:
    info = layer.begun(folder) / "info"
    info.mkdir(parents=True)
    (info / "index.json").write_text(json.dumps({"name": "a", "version": "1.0", "build": "h1_0", **index}))
    layer.finished(folder, DIGEST)
    return layer.tree_in(folder)


def test_a_tree_is_called_what_the_package_says_that_it_is(tmp_path: Path) -> None:
    tree = laid(tmp_path)
    assert tree == tmp_path / "a-1.0-h1_0"
    assert (tree / "info" / "index.json").is_file()
    assert (tmp_path / "a-1.0-h1_0.lock").read_bytes() == bytes(8) + bytes.fromhex(DIGEST)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-1.0-h1_0", "a-1.0-h1_0.lock"]


def test_a_build_may_be_called_as_lock_files_are(tmp_path: Path) -> None:
    assert laid(tmp_path, build="h1.lock").name == "a-1.0-h1.lock"


def test_a_folder_without_a_tree_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a-1.0-h1_0.lock").write_bytes(b"")
    with pytest.raises(ValueError, match="values to unpack"):
        layer.tree_in(tmp_path)
