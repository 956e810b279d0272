"""Local indexes: read afresh, as snapshots, with clean errors."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from builder.environment.index import LOOSE, IndexReader, check_records
from builder.environment.place import channel_place
from builder.environment.solver import Solver
from builder.errors import UnsolvableError, UsageError
from builder.store import Store
from tests.environment.packages import Made, channel, loose


@pytest.fixture
def reader(store: Store) -> IndexReader:
    return IndexReader(store)


def test_what_is_there(reader: IndexReader, small: Path) -> None:
    index = reader.read(channel_place(str(small)), "linux-64")
    assert {"zlib", "libzlib"} <= set(index.data.package_names())
    assert [str(record.version) for record in index.data.load_records("zlib")] == ["1.3.1"]
    assert "data" not in index.data.package_names()
    assert "data" in reader.read(channel_place(str(small)), "noarch").data.package_names()


def test_what_has_not_changed_is_not_read_again(reader: IndexReader, tmp_path: Path) -> None:
    place = channel_place(str(channel(tmp_path / "c", Made(name="a"))))
    first = reader.read(place, "linux-64")
    assert reader.read(place, "linux-64") is first
    channel(tmp_path / "c", Made(name="b"))
    second = reader.read(place, "linux-64")
    assert second.digest != first.digest
    assert set(second.data.package_names()) == {"a", "b"}
    assert set(first.data.package_names()) == {"a"}, "what was read stays as it was"


def test_a_change_in_place_is_seen_too(reader: IndexReader, tmp_path: Path) -> None:
    place = channel_place(str(channel(tmp_path / "c", Made(name="a", version="1"))))
    path, before = place.index("linux-64"), reader.read(place, "linux-64")
    old = path.stat()
    path.write_text(path.read_text().replace('"version": "1"', '"version": "2"'))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    after = reader.read(place, "linux-64")
    assert [str(record.version) for record in after.data.load_records("a")] == ["2"]
    assert [str(record.version) for record in before.data.load_records("a")] == ["1"]


def test_a_snapshot_outlives_the_file(reader: IndexReader, tmp_path: Path) -> None:
    place = channel_place(str(channel(tmp_path / "c", Made(name="a"))))
    index = reader.read(place, "linux-64")
    os.truncate(place.index("linux-64"), 0)
    place.index("linux-64").unlink()
    assert [record.name.normalized for record in index.data.load_all_records()] == ["a"]
    assert reader.read(place, "linux-64").data.package_names() == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"packages": []}', b"\xff\xfe", b'{"packages.conda": 3}', b"null"]
)
def test_a_broken_index_is_named(reader: IndexReader, tmp_path: Path, content: bytes) -> None:
    place = channel_place(str(channel(tmp_path / "c")))
    place.index("noarch").write_bytes(content)
    with pytest.raises(UsageError, match="this channel index cannot be read") as caught:
        reader.read(place, "noarch")
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert problem.place.file == str(place.index("noarch"))
    assert "index the channel again" in (problem.remedy or "")


@pytest.mark.parametrize(
    "record",
    [{"name": 3}, {"name": "a", "version": "x y", "build": "h", "build_number": 0}, {"name": "a"}, "nonsense", None],
)
def test_a_broken_record_is_found(reader: IndexReader, tmp_path: Path, record: object) -> None:
    place = channel_place(str(channel(tmp_path / "c", Made(name="good"))))
    path = place.index("linux-64")
    content = json.loads(path.read_text())
    content["packages.conda"]["a-1-h.conda"] = record
    path.write_text(json.dumps(content))
    index = reader.read(place, "linux-64")
    with pytest.raises(UsageError, match="cannot be read") as caught:
        check_records([reader.read(place, "noarch"), index])
    assert str(path) in str(caught.value)


def test_an_index_that_may_not_be_read(reader: IndexReader, tmp_path: Path) -> None:
    place = channel_place(str(tmp_path))
    place.index("noarch").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be read"):
        reader.read(place, "noarch")


def test_loose_packages(reader: IndexReader, tmp_path: Path) -> None:
    packages = [loose(tmp_path, Made(name="a")), loose(tmp_path, Made(name="n", subdir="noarch", noarch="generic"))]
    index = reader.of_packages(packages, "linux-64")
    assert index is not None
    assert index.place is LOOSE
    assert index.data.package_names() == ["a"]
    assert reader.of_packages(packages, "osx-64") is None
    assert reader.of_packages([], "noarch") is None
    other = reader.of_packages([loose(tmp_path, Made(name="a", depends=["b"]))], "linux-64")
    assert other is not None
    assert other.digest != index.digest


def test_nothing_stays_in_the_store(reader: IndexReader, store: Store, small: Path) -> None:
    reader.read(channel_place(str(small)), "linux-64")
    store.close()
    assert [path for path in store.root.rglob("*") if path.name == "repodata.json"] == []


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
