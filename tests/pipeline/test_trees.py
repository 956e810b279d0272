"""Folding what commands did to an overlay back into the tree below it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.payload import Entry, EntryKind
from builder.pipeline.trees import put_entries, settle
from builder.sandbox import Changes

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def looked(tree: Path) -> dict[str, str]:
    """Return every path with its content, its link's target, or ``/`` for a folder."""
    found = {}
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = "/" if path.is_dir() else path.read_text()
    return found


def file(upper: Path, path: str, text: str) -> Entry:
    place = upper / path.replace("/", "_")
    place.write_text(text)
    return Entry(path=path, kind=EntryKind.FILE, content=place, size=len(text))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "lib").mkdir(parents=True)
    (tmp_path / "tree" / "lib" / "old").write_text("old")
    (tmp_path / "tree" / "readme").write_text("read me")
    (tmp_path / "tree" / "link").symlink_to("readme")
    (tmp_path / "upper").mkdir()
    return tmp_path / "tree"


def test_new_changed_and_deleted_paths(tree: Path) -> None:
    upper = tree.parent / "upper"
    changes = Changes(
        folder=upper,
        new=(
            file(upper, "lib/new/deep", "new"),
            Entry(path="empty", kind=EntryKind.DIRECTORY),
            Entry(path="to", kind=EntryKind.SYMLINK, target="lib/new"),
        ),
        changed=(file(upper, "readme", "changed"),),
        deleted=("lib/old",),
    )
    settle(tree, changes)
    assert looked(tree) == {
        "empty": "/", "lib": "/", "lib/new": "/", "lib/new/deep": "new", "link": "-> readme", "readme": "changed",
        "to": "-> lib/new",
    }  # fmt: skip


def test_a_folder_may_become_a_file_and_a_link_a_folder(tree: Path) -> None:
    upper = tree.parent / "upper"
    changes = Changes(
        folder=upper,
        new=(file(upper, "link/inside", "in a real folder"),),
        changed=(file(upper, "lib", "now a file"),),
        deleted=("lib/old", "link"),
    )
    settle(tree, changes)
    assert looked(tree) == {"lib": "now a file", "link": "/", "link/inside": "in a real folder", "readme": "read me"}


def test_nothing_is_written_through_a_link_that_leads_outside(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tree / "way").symlink_to(outside)
    settle(tree, Changes(folder=tree.parent / "upper", new=(file(tree.parent / "upper", "way/out", "x"),)))
    assert list(outside.iterdir()) == []
    assert looked(tree)["way/out"] == "x"


def test_times_and_modes_come_along(tree: Path) -> None:
    entry = file(tree.parent / "upper", "run", "#!/bin/sh")
    assert entry.content is not None
    entry.content.chmod(0o755)
    os.utime(entry.content, (1, 1))
    settle(tree, Changes(folder=tree.parent / "upper", new=(entry,)))
    assert ((tree / "run").stat().st_mode & 0o777, (tree / "run").stat().st_mtime) == (0o755, 1)


def test_entries_are_put_into_an_empty_tree(tmp_path: Path) -> None:
    (tmp_path / "upper").mkdir()
    (tmp_path / "tree").mkdir()
    put_entries(
        tmp_path / "tree", (file(tmp_path / "upper", "a/b/c", "x"), Entry(path="d", kind=EntryKind.SYMLINK, target="a"))
    )
    assert looked(tmp_path / "tree") == {"a": "/", "a/b": "/", "a/b/c": "x", "d": "-> a"}


@given(
    st.dictionaries(PATHS, st.text("xyz", max_size=3), max_size=6),
    st.dictionaries(PATHS, st.text("uvw", max_size=3), max_size=6),
)
def test_any_two_trees(tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], after: dict[str, str]) -> None:
    """Settling the difference of two trees of files onto the first one gives the second one's files."""
    before, after = whole(before), whole(after)
    folder = tmp_path_factory.mktemp("trees")
    (folder / "upper").mkdir()
    for path, text in before.items():
        (folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / path).write_text(text)
    (folder / "tree").mkdir(exist_ok=True)
    for path in before.keys() - after.keys():  # an overlay has a mark of what is gone, in a folder that is still there
        for above in Path(path).parents:
            if any(other.startswith(f"{above}/") for other in after):
                (folder / "upper" / above).mkdir(parents=True, exist_ok=True)
    changes = Changes(
        folder=folder / "upper",
        new=tuple(file(folder / "upper", path, text) for path, text in sorted(after.items()) if path not in before),
        changed=tuple(
            file(folder / "upper", path, text) for path, text in sorted(after.items()) if before.get(path, text) != text
        ),
        deleted=tuple(sorted(before.keys() - after.keys())),
    )
    settle(folder / "tree", changes)
    assert {path: text for path, text in looked(folder / "tree").items() if text != "/"} == after


def whole(tree: dict[str, str]) -> dict[str, str]:
    """Leave out files that stand where another one needs a folder; no content is a slash."""
    return {path: text for path, text in tree.items() if not any(other.startswith(f"{path}/") for other in tree)}


def test_a_folder_is_gone_with_its_files_unless_it_was_only_emptied(tmp_path: Path) -> None:
    tree, folder = tmp_path / "tree", tmp_path / "changed"
    for path in ("removed/deep/a", "removed/deep/b", "emptied/c"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(path)
    (folder / "emptied").mkdir(parents=True)
    settle(tree, Changes(folder=folder, deleted=("emptied/c", "removed/deep/a", "removed/deep/b")))
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*")) == ["emptied"]
