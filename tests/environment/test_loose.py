"""Loose packages as an index of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.environment.index import LOOSE, IndexReader
from builder.environment.loose import loose_index
from builder.environment.solver import Solver
from builder.errors import UnsolvableError
from builder.store import Store
from tests.environment.packages import Made, channel, loose


def test_loose_packages(store: Store, tmp_path: Path) -> None:
    reader = IndexReader(store)
    packages = [loose(tmp_path, Made(name="a")), loose(tmp_path, Made(name="n", subdir="noarch", noarch="generic"))]
    index = loose_index(packages, "linux-64", reader, store)
    assert index is not None
    assert index.place is LOOSE
    assert index.data.package_names() == ["a"]
    assert loose_index(packages, "osx-64", reader, store) is None
    assert loose_index([], "noarch", reader, store) is None
    other = loose_index([loose(tmp_path, Made(name="a", depends=["b"]))], "linux-64", reader, store)
    assert other is not None
    assert other.digest != index.digest


def test_loose_packages_of_revision_3_are_solved_with(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="lib"), Made(name="unix"), Made(name="gpu"))
    more = {
        "flags": ["cuda"], "extra_depends": {"gpu": ["gpu >=1"]}, "schema_version": 3, "repodata_revision": 3,
    }  # fmt: skip
    app = loose(tmp_path, Made(name="app", depends=["lib", 'unix[when="__unix"]', 'win[when="__win"]'], more=more))
    old = loose(tmp_path, Made(name="old"))

    def solved(*specs: str) -> list[str]:
        found = asyncio.run(Solver([str(folder)], store).solve(specs, subdir="linux-64", loose=(app, old)))
        return [package.name for package in found.packages]

    assert solved("app", "old") == ["lib", "unix", "app", "old"]
    assert solved("app[flags=[cuda], extras=[gpu]]") == ["lib", "unix", "app", "gpu"]
    assert solved("app[extras=[none]]") == ["lib", "unix", "app"]
    with pytest.raises(UnsolvableError):
        solved("app[flags=[rocm]]")
