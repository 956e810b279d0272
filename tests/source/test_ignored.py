"""What is left out is what git leaves out: rules of several files together, judged by git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.model.payload import EntryKind
from builder.model.recipe import GlobList, PathSource
from builder.source.folder import digest, items, items_of
from builder.source.ignored import GIT, PACKAGE, Ignored

QUIET = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def fill(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def ours(folder: Path) -> list[str]:
    found = items(folder, GlobList(), ignoring=(GIT,))
    return [item.path for item in found if item.kind is not EntryKind.DIRECTORY]


def of_git(folder: Path) -> list[str]:
    """What git would add."""
    subprocess.run(["git", "init", "--quiet"], cwd=folder, env=QUIET, check=True)
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=folder, env=QUIET, check=True, capture_output=True)
    return sorted(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


CASES: dict[str, dict[str, str]] = {
    "nothing": {"a": "", "d/b": ""},
    "a file of objects": {".gitignore": "*.o\n", "a.o": "", "a.c": "", "d/b.o": "", "d/b.c": ""},
    "taken in again": {".gitignore": "*.o\n!keep.o\n", "a.o": "", "keep.o": "", "d/keep.o": ""},
    "the last one counts": {".gitignore": "!a\na\n", "a": "", "b": ""},
    "below a folder that is left out nothing is taken in": {".gitignore": "d/\n!d/keep\n", "d/keep": "", "a": ""},
    "but below its contents": {".gitignore": "d/*\n!d/keep\n", "d/keep": "", "d/x": ""},
    "a folder taken in again with its files still left out": {".gitignore": "*.x\n!k.x/\n", "k.x/a.x": "", "k.x/b": ""},
    "nested, the nearest first": {".gitignore": "*.o\n", "d/.gitignore": "!*.o\n", "d/a.o": "", "a.o": ""},
    "nested, anchored where it lies": {"d/.gitignore": "/a\n", "d/a": "", "d/e/a": "", "a": ""},
    "nested, two levels": {
        ".gitignore": "x\n",
        "d/.gitignore": "!x\n",
        "d/e/.gitignore": "x\n",
        "d/e/x": "",
        "d/x": "",
    },
    "only folders": {".gitignore": "build/\n", "build/a": "", "src/build": ""},
    "deep": {".gitignore": "a/**/z\n**/q\n", "a/z": "", "a/b/c/z": "", "z": "", "x/y/q": ""},
    "line ends and blanks": {".gitignore": "a\r\nb  \n\n# c\n\\#d\n", "a": "", "b": "", "c": "", "#d": ""},
    "a byte order mark": {".gitignore": "\ufeffa\n", "a": "", "b": ""},
    "everything": {".gitignore": "*\n", "a": "", "d/b": ""},
    "everything but": {".gitignore": "*\n!*/\n!*.py\n", "a": "", "d/b.py": "", "d/e/f.py": "", "d/c": ""},
    "no last line end": {".gitignore": "a", "a": "", "b": ""},
}


@pytest.mark.parametrize("files", CASES.values(), ids=CASES)
def test_the_same_as_git(tmp_path: Path, files: dict[str, str]) -> None:
    folder = fill(tmp_path, files)
    assert ours(folder) == of_git(folder)


NAMES = ["a", "b", "c.o", "d.txt", "foo", "ba r", "ü"]
PATTERNS = [
    "a", "b/", "/a", "*.o", "!c.o", "foo/", "!foo/", "foo/*", "!foo/a", "**/a", "a/**", "a/**/b", "*", "!*/", "!a",
    "/foo/b*", "[ab]", "?", "??", "*.txt", "!d.txt", "**", "/*", "!/foo", "/foo/*", "a ", "ba\\ r", "ba r", "[!b]",
    "[a-c]*", "f?o", "a/b/c", "//", "\\a", "[", "**/", "/**", "f**o", "!**/a/", "\\", "!foo/**", "*.*", "/*/", "ü", "[^a]*",
]  # fmt: skip


@st.composite
def folders(draw: st.DrawFn) -> dict[str, str]:
    """Files up to four folders deep, and files of rules beside some of them."""
    paths = draw(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=4, max_size=16))
    files: dict[str, str] = {}
    for parts in paths:
        path = "/".join(parts)
        if not any(other.startswith(f"{path}/") or f"{path}/".startswith(f"{other}/") for other in files):
            files[path] = ""
    above = {"/".join(path.split("/")[:depth]) for path in files for depth in range(path.count("/") + 1)}
    for folder in sorted(above):
        if folder == "" or draw(st.integers(0, 3)) == 0:
            rules = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4))
            files[f"{folder}/.gitignore".lstrip("/")] = "\n".join(rules)
    return files


@given(files=folders())
@settings(max_examples=60, deadline=None)
def test_whatever_the_rules_are(tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]) -> None:
    folder = fill(tmp_path_factory.mktemp("rules"), files)
    assert ours(folder) == of_git(folder)


class TestFolders:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return fill(
            tmp_path / "f", {".gitignore": "*.pyc\nout/\n", "a/b.py": "", "a/b.pyc": "", "c/d.pyc": "", "out/x": ""}
        )

    def test_one_whose_contents_are_all_left_out_is_too(self, folder: Path) -> None:
        (folder / "empty").mkdir()
        found = items(folder, GlobList(), ignoring=(GIT,))
        assert [item.path for item in found] == [".gitignore", "a", "a/b.py"]

    def test_so_what_a_build_leaves_changes_no_digest(self, folder: Path) -> None:
        before = digest(items(folder, GlobList(), ignoring=(GIT,)))
        fill(folder, {"a/new.pyc": "x", "c/more.pyc": "x", "out/deep/er": "x", "e/f/g.pyc": "x"})
        assert digest(items(folder, GlobList(), ignoring=(GIT,))) == before
        fill(folder, {"a/new.py": ""})
        assert digest(items(folder, GlobList(), ignoring=(GIT,))) != before

    def test_without_a_file_of_rules_nothing_is_different(self, folder: Path) -> None:
        (folder / ".gitignore").unlink()
        (folder / "empty").mkdir()
        assert items(folder, GlobList(), ignoring=(GIT,)) == items(folder, GlobList())

    def test_whoever_does_not_ask_gets_everything(self, folder: Path) -> None:
        assert "out/x" in {item.path for item in items(folder, GlobList())}

    def test_globs_choose_from_what_is_left(self, folder: Path) -> None:
        found = items(folder, GlobList(include=("**/*.pyc", "a/*")), ignoring=(GIT,))
        assert [item.path for item in found] == ["a/b.py"]


class TestFilesOfRules:
    def test_one_above_the_folder_says_nothing(self, tmp_path: Path) -> None:
        fill(tmp_path, {".gitignore": "*\n", "f/a": ""})
        assert ours(tmp_path / "f") == ["a"]

    @pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
    def test_what_is_no_file_holds_none(self, tmp_path: Path, kind: str) -> None:
        place = tmp_path / ".gitignore"
        if kind == "link":
            place.symlink_to(fill(tmp_path.parent, {f"{tmp_path.name}-rules": "*\n"}) / f"{tmp_path.name}-rules")
        elif kind == "folder":
            place.mkdir()
        else:
            os.mkfifo(place)
        assert not Ignored().inside(tmp_path, 0).exist

    def test_one_that_may_not_be_read_is_like_none(self, tmp_path: Path) -> None:
        assert not Ignored().inside(tmp_path / "absent", 0).exist


class TestOurOwnRules:
    """`.condapackageignore`: of the form of git's, but whether or not a source asks for git's rules."""

    def taken(self, folder: Path, *, use_gitignore: bool) -> list[str]:
        source = PathSource(path=".", use_gitignore=use_gitignore)
        return [item.path for item in items_of(source, folder) if item.kind is not EntryKind.DIRECTORY]

    @pytest.mark.parametrize("use_gitignore", [True, False])
    def test_they_hold_always(self, tmp_path: Path, use_gitignore: bool) -> None:
        fill(tmp_path, {PACKAGE: "*.pyc\n/out/\n", "a.py": "", "a.pyc": "", "d/b.pyc": "", "out/x": "", "d/out/y": ""})
        assert self.taken(tmp_path, use_gitignore=use_gitignore) == [PACKAGE, "a.py", "d/out/y"]

    def test_gits_hold_beside_them_where_they_are_asked_for(self, tmp_path: Path) -> None:
        fill(tmp_path, {PACKAGE: "*.pyc\n", GIT: "*.o\n", "a.pyc": "", "b.o": "", "c": ""})
        assert self.taken(tmp_path, use_gitignore=True) == [PACKAGE, GIT, "c"]
        assert self.taken(tmp_path, use_gitignore=False) == [PACKAGE, GIT, "b.o", "c"]

    def test_they_win_over_gits_wherever_either_lies(self, tmp_path: Path) -> None:
        fill(
            tmp_path,
            {PACKAGE: "!kept.o\nleft\n", f"d/{GIT}": "*.o\n!left\n", "d/kept.o": "", "d/x.o": "", "d/left": ""},
        )
        assert self.taken(tmp_path, use_gitignore=True) == [PACKAGE, f"d/{GIT}", "d/kept.o"]

    def test_a_star_empties_a_folder(self, tmp_path: Path) -> None:
        fill(tmp_path, {f"channel/{PACKAGE}": "*\n", "channel/noarch/repodata.json": "{}", "a": ""})
        assert [item.path for item in items_of(PathSource(path=".", use_gitignore=False), tmp_path)] == ["a"]
