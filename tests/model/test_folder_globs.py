"""Patterns of conda-build's outputs, held against Python's own `glob` over real trees."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.folder_globs import MAX_FOLDERS, MAX_LENGTH, folder_glob
from builder.model.globs import Globs
from builder.model.recipe import GlobList

TREE = (
    "bin/tool", "bin/.hidden", "include/foo.h", "include/foo/a.h", "include/foo/deep/b.h", "lib/libfoo.so",
    "lib/libfoo.so.1", "lib/libfoo.a", "lib/pkgconfig/foo.pc", "lib/python3.13/site-packages/foo/__init__.py",
    "share/[odd]/x", "share/doc/.secret/x", "top",
)  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("prefix")
    for path in TREE:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(path)
    return top


def picked(tree: Path, pattern: str) -> set[str]:
    """What conda-build's rule picks: the path itself, all below a folder of that name, else what `glob` finds."""
    place = tree / pattern
    if place.is_file():
        return {place.relative_to(tree).as_posix()}
    if place.is_dir():
        return {path.relative_to(tree).as_posix() for path in place.rglob("*") if path.is_file()}
    found = (Path(one) for one in glob.glob(os.path.join(tree, pattern), recursive=True))  # noqa: PTH118, PTH207
    return {one.relative_to(tree).as_posix() for one in found if one.is_file()}


@pytest.mark.parametrize(
    "pattern",
    [
        "bin/tool", "bin", "bin/", "bin/*", "bin/.*", "include/*.h", "include/**", "include/**/*.h", "**/*.h", "lib/*",
        "lib/libfoo.so*", "lib/libfoo.[sa]*", "lib/libfoo.[!s]", "lib/lib???.a", "lib/*/foo.pc", "lib/python*/**",
        "lib/python*", "share/[odd]", "share/[odd]/x", "share/[[]odd]/x", "share/doc/**", "share/doc", "*", "**", "top",
        "nothing", "lib/[z-a]*", "./bin/tool",
    ],
)  # fmt: skip
def test_a_pattern_selects_what_pythons_glob_finds(tree: Path, pattern: str) -> None:
    expression = folder_glob(pattern)
    assert {path for path in TREE if expression.fullmatch(path)} == picked(tree, pattern)


@given(
    st.lists(
        st.text(alphabet="abfo.*?h", min_size=1, max_size=5).filter(lambda part: part.strip(".")),
        min_size=1,
        max_size=3,
    )
)
def test_any_pattern_selects_what_pythons_glob_finds(tree_of_all: Path, parts: list[str]) -> None:
    pattern = "/".join(parts)
    expression = folder_glob(pattern)
    assert {path for path in TREE if expression.fullmatch(path)} == picked(tree_of_all, pattern)


@pytest.fixture(scope="session")
def tree_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("all")
    for path in TREE:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(path)
    return top


def test_lists_of_patterns_say_which_rules_they_go_by() -> None:
    both = ("lib/libfoo.so", "lib/deep/libfoo.so")
    patterns = ("lib/*.so",)
    assert [path for path in both if Globs(GlobList(include=patterns)).matches(path)] == list(both)
    by_folder = Globs(GlobList(include=patterns, by_folder=True))
    assert [path for path in both if by_folder.matches(path)] == ["lib/libfoo.so"]
    assert by_folder.unmatched(["lib/deep/libfoo.so"]) == patterns
    but = Globs(GlobList(include=("lib",), exclude=("lib/*.a",), by_folder=True))
    assert [path for path in ("lib/x.a", "lib/deep/x.a", "lib/x.h") if but.matches(path)] == ["lib/deep/x.a", "lib/x.h"]


def test_what_would_take_for_ever_is_refused_or_ends() -> None:
    with pytest.raises(ValueError, match="more than 4096 characters"):
        folder_glob("a" * (MAX_LENGTH + 1))
    with pytest.raises(ValueError, match="more than 4 times"):
        folder_glob("/".join(["**"] * (MAX_FOLDERS + 1)))
    assert folder_glob("*a" * 200).fullmatch("a" * 5000 + "b") is None
    assert folder_glob("/".join(["**"] * MAX_FOLDERS) + "/x").fullmatch("y/" * 20 + "z") is None
