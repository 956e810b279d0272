from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.store import remove_tree
from tests.store.processes import CHECKOUT

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach and write into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_missing_paths_files_and_links(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").write_text("kept")
    (tmp_path / "link").symlink_to(victim)
    (tmp_path / "file").write_text("")
    remove_tree(tmp_path / "link")
    remove_tree(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]
    assert (victim / "kept").read_text() == "kept"


def test_links_in_a_tree_are_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").write_text("kept")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "a" / "up").symlink_to("../../victim")
    (tree / "a" / "self").symlink_to(".")
    (tree / "a" / "dangling").symlink_to("nowhere")
    remove_tree(tree)
    assert not tree.exists()
    assert (victim / "kept").read_text() == "kept"


AS_NOBODY = """
import os, sys
from pathlib import Path
from builder.store import remove_tree
if os.getuid() == 0:
    os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
tree = Path(sys.argv[1]) / "tree"
{make}
remove_tree(tree)
print(tree.exists())
"""


def removed_by_nobody(folder: Path, make: str) -> str:
    """Make and remove a tree as a user for whom permissions hold."""
    code = AS_NOBODY.format(nobody=NOBODY, make=make)
    run = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return run.stdout.strip() or run.stderr


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o444, 0o500, 0o555])
def test_folders_without_rights_are_removed_by_their_owner(open_folder: Path, mode: int) -> None:
    make = f"""
(tree / "a" / "b").mkdir(parents=True)
(tree / "a" / "file").write_text("x")
(tree / "a" / "b" / "file").write_text("x")
for name in ("a/b", "a", ""):
    (tree / name).chmod({mode})
"""
    assert removed_by_nobody(open_folder, make) == "False"


def test_what_an_overlay_leaves_is_removed(tmp_path: Path) -> None:
    """Whiteouts are character devices 0:0, and the overlay's own work folder has no rights at all."""
    script = """
set -e
cd "$1"; mkdir lower upper work merged; mkdir lower/gone; touch lower/gone/file lower/file
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr merged
rm -r merged/gone; rm merged/file; echo new > merged/file2
umount merged
"""
    tree = tmp_path / "tree"
    tree.mkdir()
    subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", tree], check=True, capture_output=True)
    assert stat.S_ISCHR((tree / "upper" / "file").lstat().st_mode)
    assert stat.S_IMODE((tree / "work" / "work").lstat().st_mode) == 0
    remove_tree(tree)
    assert not tree.exists()


def deep(folder: Path, levels: int) -> None:
    """Make a chain of folders that is deeper than a path can be long."""
    descriptor = os.open(folder, os.O_RDONLY)
    for level in range(levels):
        name = f"folder-{level}"
        os.mkdir(name, dir_fd=descriptor)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)


@pytest.mark.parametrize("levels", [59, 60, 61, 62, 130, 500])
def test_deep_trees(tmp_path: Path, levels: int) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    deep(tree, levels)
    remove_tree(tree)
    assert not tree.exists()


def test_deep_trees_whose_names_are_those_that_deep_folders_get(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / ".deep-0" / "inner").mkdir(parents=True)
    (tree / ".deep-1").write_text("a file in the way")
    for name in ("a", "b"):
        (tree / name).mkdir()
        deep(tree / name, 200)
    remove_tree(tree)
    assert not tree.exists()


def test_names_of_any_bytes(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in (b"\xff\xfe", b"new\nline", b"-rf", b"x" * 255):
        folder = tree / os.fsdecode(name)
        folder.mkdir(parents=True)
        (folder / os.fsdecode(name)).write_bytes(b"")
    remove_tree(tree)
    assert not tree.exists()


names = st.text("abc", min_size=1, max_size=2)
trees = st.recursive(st.just("file"), lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=20)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(names, trees, max_size=4))
def test_any_tree(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]) -> None:
    def lay(folder: Path, entries: dict[str, object]) -> None:
        folder.mkdir()
        for name, entry in entries.items():
            if isinstance(entry, dict):
                lay(folder / name, entry)
            else:
                (folder / name).write_text("x")

    top = tmp_path_factory.mktemp("any") / "tree"
    lay(top, tree)
    remove_tree(top)
    assert not top.exists()
