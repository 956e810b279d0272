from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.model.permission import ExtraMount, Permissions
from builder.model.source import SourceDigest
from builder.pack.provenance import binaries, keys, shown_address
from tests.pack.greeting import request
from tests.pack.test_recipe import inheriting


def test_keys(tmp_path: Path) -> None:
    assert keys(request(tmp_path), "3" * 64) == {
        "build_key": "6" * 64,
        "content": "3" * 64,
        "recipe_key": "5" * 64,
        "rootfs": "7" * 64,
        "sealed": True,
        "sources": [
            {"kind": "url", "sha256": "4" * 64, "url": "https://example.org/g.tar.gz"},
            {"kind": "path", "sha256": "8" * 64, "url": "src"},
        ],
    }


def test_sources_of_a_staging_output_count(tmp_path: Path) -> None:
    made = inheriting(tmp_path)
    assert made.inherited is not None
    again = replace(made, sources=made.inherited.sources)
    for found in (keys(made, ""), keys(again, "")):
        assert found["sources"] == [{"kind": "url", "sha256": "4" * 64, "url": "https://example.org/g.tar.gz"}]


def test_an_unsealed_build_says_so(tmp_path: Path) -> None:
    found = keys(replace(request(tmp_path), sealed=False, rootfs_digest=None), "")
    assert (found["sealed"], found["rootfs"]) == (False, None)


def test_what_scripts_might_use_of_the_machine_is_told_but_not_where_it_lay(tmp_path: Path) -> None:
    mounts = (
        ExtraMount(source=Path("/home/me/x"), inside=PurePosixPath("/opt/x"), digest="d" * 64),
        ExtraMount(source=Path("/home/me/y"), inside=PurePosixPath("/opt/y"), writable=True),
    )
    made = replace(request(tmp_path), exposed=Permissions(network=True, mounts=mounts))
    found = keys(made, "")
    assert found["allowed"] == {
        "mounts": [{"inside": "/opt/x", "sha256": "d" * 64, "writable": False}, {"inside": "/opt/y", "writable": True}],
        "network": True,
    }
    assert "/home/me" not in json.dumps(found)
    assert found["sealed"] is True
    assert {name: value for name, value in found.items() if name != "allowed"} == keys(request(tmp_path / "same"), "")


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        ("https://u:p@example.org/x", "url", "https://example.org/x"),
        ("pypi:a/1/a.tar.gz", "url", "pypi:a/1/a.tar.gz"),
        ("file:///x/y", "url", "file:///x/y"),
        ("./src", "path", "./src"),
        ("a/b", "path", "a/b"),
    ],
)
def test_addresses_of_sources(url: str, kind: str, shown: str) -> None:
    assert shown_address(SourceDigest(url=url, sha256="0" * 64, kind=kind)) == shown


def test_binaries(tmp_path: Path) -> None:
    found = binaries(request(tmp_path))
    assert json.loads(json.dumps(found)) == {
        "lib/libgreet.so.1": {
            "exports_sha256": "3" * 64,
            "format": "elf",
            "kind": "shared",
            "machine": "x86_64",
            "needed": ["libc.so.6"],
            "runpath": ["$ORIGIN"],
            "runpath_kind": "rpath",
            "soname": "libgreet.so.1",
            "versions": {"GLIBC": "2.34"},
        },
    }


def test_a_package_without_binaries(tmp_path: Path) -> None:
    made = request(tmp_path)
    assert binaries(replace(made, relocated=replace(made.relocated, entries=()))) == {}


def test_a_git_source_is_told_by_its_commit(tmp_path: Path) -> None:
    source = SourceDigest(url="https://u:p@example.org/x.git", sha256="0" * 64, kind="git", commit="a" * 40)
    found = keys(replace(request(tmp_path), sources=(source,)), "1" * 64)
    assert found["sources"] == [{"kind": "git", "commit": "a" * 40, "url": "https://example.org/x.git"}]


def test_a_source_that_nobody_vouches_for_makes_a_package_that_is_never_published(tmp_path: Path) -> None:
    source = SourceDigest(url="https://example.org/a.tar.gz", sha256="9" * 64, kind="url", unhashed=True)
    made = replace(request(tmp_path), sources=(source,))
    assert not made.publishable
    found = keys(made, "1" * 64)
    assert found["publishable"] is False
    assert found["sources"] == [
        {"kind": "url", "sha256": "9" * 64, "unhashed": True, "url": "https://example.org/a.tar.gz"}
    ]


def test_nor_is_one_whose_staging_output_had_such_a_source(tmp_path: Path) -> None:
    made = inheriting(tmp_path)
    assert made.publishable
    assert made.inherited is not None
    source = SourceDigest(url="https://example.org/a.tar.gz", sha256="9" * 64, kind="url", unhashed=True)
    assert not replace(made, inherited=replace(made.inherited, sources=(source,))).publishable


def test_nor_is_one_that_was_built_with_such_a_package(tmp_path: Path) -> None:
    made = replace(request(tmp_path), unpublishable=("lib-1.0-h0_0.conda",))
    assert not made.publishable
    found = keys(made, "1" * 64)
    assert found["publishable"] is False
    assert list(found["unpublishable"]) == ["lib-1.0-h0_0.conda"]  # type: ignore[arg-type]
    assert "unpublishable" not in keys(request(tmp_path), "1" * 64)
