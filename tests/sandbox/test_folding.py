"""Folding an overlay into its lower folder: the plain tree is what commands saw, down to times and odd files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from builder.sandbox.folding import fold
from tests.sandbox.conftest import Bench

pytestmark = pytest.mark.sandbox

SEEN = "find . -printf '%P|%y|%m|%s|%T@|%l\\n' | sed '/^|/d' | sort"
"""Paths, kinds, modes, sizes, times and targets of all but the top folder; sizes of folders are the file system's."""


def folders_aside(text: str) -> list[str]:
    lines = [line.split("|") for line in text.splitlines()]
    return ["|".join(parts[:3] + (["-"] if parts[1] == "d" else parts[3:4]) + parts[4:]) for parts in lines]


def folded(bench: Bench, script: str) -> Path:
    """Run ``script`` over a small tree, fold what it did, and compare with what it saw at its end."""
    lower = bench.folder / "tree"
    for path in ("a", "d/b", "d/e/c", "gone/x/y", "keep/z"):
        (lower / path).parent.mkdir(parents=True, exist_ok=True)
        (lower / path).write_text(path)
    overlay = bench.overlay(lower)
    ran = bench.run(f"{{ {script}; }} >&2; {SEEN}", overlay, cwd=bench.inside.work)
    fold(overlay.upper, lower)
    assert not overlay.upper.exists()
    after = bench.run(SEEN, bench.overlay(lower, name="again"), cwd=bench.inside.work)
    assert folders_aside(after.text) == folders_aside(ran.text)
    return lower


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "echo more >> a; rm d/b; rm -r gone",
        "rm -r d; mkdir d; touch d/new",
        "rm -r d; touch d; rm a; mkdir a; touch a/b",
        "rm -r d; ln -s /etc d; ln -s nowhere l; rm a; ln -s keep a",
        "chmod 500 keep; chmod 600 a; touch -d @1000 keep d d/b; mkdir -m 700 -p n/o; touch -d @5 n/o n",
        "mkfifo fifo; printf x > $(printf 'odd\\377'); mkdir $(printf 'od\\376d')",
        "touch one; ln one two; cp -p a copy; mv d/e/c moved; mv a d/a",
        "mkdir -p deep/er; chmod 500 deep/er; chmod 400 keep/z",
        "rm -r gone; mkdir -p gone/x; touch gone/x/other",
    ],
)
def test_the_tree_is_what_was_seen(bench: Bench, script: str) -> None:
    folded(bench, script)


def test_hard_links_stay_links(bench: Bench) -> None:
    tree = folded(bench, "touch one; ln one two")
    assert (tree / "one").stat().st_ino == (tree / "two").stat().st_ino


def test_nothing_of_the_overlay_is_left(bench: Bench) -> None:
    tree = folded(bench, "rm -r d; mkdir d; rm a; touch d/x")
    for path in (tree, *tree.rglob("*")):
        assert not stat.S_ISCHR(path.lstat().st_mode)
        if path.is_dir():
            assert [name for name in os.listxattr(path) if "overlay" in name] == []


def test_nothing_is_followed_out_of_the_tree(bench: Bench) -> None:
    outside = bench.folder / "outside"
    outside.mkdir()
    (outside / "mine").write_text("mine")
    lower, upper = bench.folder / "tree", bench.folder / "upper"
    (upper / "d").mkdir(parents=True)
    (upper / "d" / "mine").write_text("theirs")
    lower.mkdir()
    (lower / "d").symlink_to(outside)
    fold(upper, lower)
    assert (outside / "mine").read_text() == "mine"
    assert (lower / "d" / "mine").read_text() == "theirs"
