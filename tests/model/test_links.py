"""Symlinks followed by their texts, against a real file system."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.model.links import MAX_HOPS, joined, relative, resolve

LINKS = {
    "lib64": "lib",
    "lib/libx.so": "libx.so.1",
    "lib/libx.so.1": "./libx.so.1.2",
    "bin/up": "../lib64/libx.so",
    "out": "../etc/passwd",
    "deep/out": "../../etc/passwd",
    "abs": "/etc/passwd",
    "loop": "pool",
    "pool": "loop",
    "self": "self",
    "dot": ".",
    "dir/here": "../dir",
}


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("lib/libx.so", "lib/libx.so.1.2"),
        ("lib64/libx.so", "lib/libx.so.1.2"),
        ("bin/up", "lib/libx.so.1.2"),
        ("plain/file", "plain/file"),
        ("dir/here/here/x", "dir/x"),
        ("dot/dot/a", "a"),
        ("dot", ""),
        ("out", None),
        ("deep/out", None),
        ("abs", None),
        ("loop", None),
        ("self", None),
        ("self/x", None),
        ("a/../../b", None),
    ],
)
def test_resolve(path: str, end: str | None) -> None:
    assert resolve(path, LINKS) == end


def test_as_many_hops_as_linux_takes() -> None:
    chain = {f"l{number}": f"l{number + 1}" for number in range(MAX_HOPS)}
    assert resolve("l0", chain) == f"l{MAX_HOPS}"
    assert resolve("l0", chain | {f"l{MAX_HOPS}": "end"}) is None


@pytest.mark.parametrize(
    ("target", "start", "expected"),
    [("lib", "bin", "../lib"), ("lib", "lib", "."), ("lib/a/b", "lib", "a/b"), ("", "bin", ".."), ("lib", "", "lib")],
)
def test_relative(target: str, start: str, expected: str) -> None:
    assert relative(target, start) == expected


@pytest.mark.parametrize(
    ("folder", "target", "expected"),
    [
        ("bin", "../lib", "lib"),
        ("", "lib/", "lib"),
        ("lib", "", "lib"),
        ("lib", "/./x//y", "lib/x/y"),
        ("lib", "..", ""),
        ("lib", "../..", None),
        ("", "..", None),
        ("a/b", "../../..", None),
        ("a/b", "../../../a", None),
    ],
)
def test_joined(folder: str, target: str, expected: str | None) -> None:
    assert joined(folder, target) == expected


NAMES = st.sampled_from(["a", "b", "c", "d"])
PLACES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@given(PLACES, PLACES)
def test_what_is_relative_joins_to_where_it_was(target: str, start: str) -> None:
    assert joined(start, relative(target, start)) == target


STEPS = st.sampled_from(["a", "b", "x", "y", "z", "..", "."])
WALKS = st.lists(STEPS, min_size=1, max_size=4).map("/".join)


@settings(max_examples=200, deadline=None)
@given(links=st.dictionaries(st.sampled_from(["x", "a/y", "b/z"]), WALKS), path=WALKS)
def test_the_file_system_agrees(tmp_path_factory: pytest.TempPathFactory, links: dict[str, str], path: str) -> None:
    root = tmp_path_factory.mktemp("links") / "root"
    for folder in ("a/a", "a/b", "b/a"):
        (root / folder).mkdir(parents=True)
    for name, target in links.items():
        (root / name).symlink_to(target)
    ours = resolve(path, links)
    theirs = os.path.realpath(root / path)
    if (root / path).exists() and ours is not None:
        assert theirs == os.path.normpath(root / ours)
    if ours is None:
        # Nothing that the file system finds inside the prefix is lost, except by way of its outside and back in.
        assert not (root / path).exists() or ".." in path or any(".." in target for target in links.values())
