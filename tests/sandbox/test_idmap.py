"""Showing root's files as another user's, which only root can; others are told that they cannot."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from builder.sandbox import idmap

UNSHARE = Path(shutil.which("unshare") or "/usr/bin/unshare")
ROOT = os.geteuid() == 0


def test_roots_files_are_shown_as_the_users(tmp_path: Path) -> None:
    source, place = tmp_path / "source", tmp_path / "a b" / "place"
    (source / "deep").mkdir(parents=True)
    (source / "deep/file").write_text("text")
    place.mkdir(parents=True)
    if not ROOT:
        with pytest.raises(OSError), idmap.mapping(UNSHARE, 1000, 1000):  # noqa: PT011 - which one is the kernel's
            raise AssertionError
        return
    with idmap.mapping(UNSHARE, 1000, 1001) as namespace:
        idmap.show(source, place, namespace, writable=False)
    try:
        shown = (place / "deep/file").stat()
        assert (shown.st_uid, shown.st_gid) == (1000, 1001)
        assert (source / "deep/file").stat().st_uid == 0
        with pytest.raises(OSError, match="Read-only"):
            (place / "deep/new").touch()
        assert not idmap.is_free(tmp_path)
    finally:
        idmap.hide(tmp_path)
    assert idmap.is_free(tmp_path)
    assert list(place.iterdir()) == []
    assert (source / "deep/file").read_text() == "text"


def test_what_root_makes_there_is_nobodys_on_disk(tmp_path: Path) -> None:
    """Root makes an overlay's hidden folders; on a mount that knows him not he could make nothing."""
    source, place = tmp_path / "source", tmp_path / "place"
    source.mkdir()
    place.mkdir()
    if ROOT:
        with idmap.mapping(UNSHARE, 1000, 1000) as namespace:
            idmap.show(source, place, namespace, writable=True)
        try:
            (place / "made").touch()
            os.chown(place / "made", 1000, 1000)
            (place / "hidden").touch()
        finally:
            idmap.hide(tmp_path)
    owners = {path.name: path.stat().st_uid for path in source.iterdir()}
    assert owners == ({"made": 0, "hidden": 65534} if ROOT else {})


def test_a_missing_source_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - no such file for root, not permitted for others
        idmap.show(tmp_path / "missing", tmp_path, -1, writable=False)


def test_nothing_is_mounted_below_a_plain_folder(tmp_path: Path) -> None:
    assert idmap.is_free(tmp_path)
    idmap.hide(tmp_path)
    assert tmp_path.is_dir()
