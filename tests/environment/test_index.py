"""Local indexes: read afresh, as snapshots, with clean errors."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from builder.environment.access import Access
from builder.environment.index import IndexReader
from builder.environment.place import channel_place
from builder.errors import UsageError
from builder.model import generation
from builder.model.policy import Namespace, Policy
from builder.store import Store
from tests.environment.packages import Made, channel


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
    path.write_text(path.read_text().replace('"build_number": 0', '"build_number": 7'))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    after = reader.read(place, "linux-64")
    assert [record.build_number for record in after.data.load_records("a")] == [7]
    assert [record.build_number for record in before.data.load_records("a")] == [0]


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
def test_a_broken_record_is_left_out(store: Store, tmp_path: Path, record: object) -> None:
    place = channel_place(str(channel(tmp_path / "c", Made(name="good"))))
    path = place.index("linux-64")
    content = json.loads(path.read_text())
    content["packages.conda"]["a-1-h.conda"] = record
    path.write_text(json.dumps(content))
    told: list[str] = []
    index = IndexReader(store, access=Access(report=told.append)).read(place, "linux-64")
    assert index.data.package_names() == ["good"]
    assert told == list(index.notes)
    assert told[0].startswith(f"1 record of {place.name} for linux-64 is left out, the first a-1-h.conda: ")


def test_an_index_that_may_not_be_read(reader: IndexReader, tmp_path: Path) -> None:
    place = channel_place(str(tmp_path))
    place.index("noarch").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be read"):
        reader.read(place, "noarch")


@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "endless link"])
def test_what_is_no_file_is_not_waited_for(reader: IndexReader, tmp_path: Path, kind: str) -> None:
    place = channel_place(str(tmp_path))
    path = place.index("noarch")
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listening:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "device":
                path.symlink_to("/dev/zero")
            case "socket":
                listening.bind(os.path.relpath(path))
            case _:
                path.symlink_to(path)
        with pytest.raises(UsageError, match="cannot be read") as caught:
            reader.read(place, "noarch")
    assert caught.value.problems[0].place is not None


def test_a_generation_that_is_no_file_is_none(reader: IndexReader, tmp_path: Path) -> None:
    place = channel_place(str(channel(tmp_path / "c", Made(name="a"))))
    os.mkfifo(place.index("linux-64").with_name(generation.FILE_NAME))
    assert reader.read(place, "linux-64").data.package_names() == ["a"]


def test_what_was_found_clean_is_not_judged_again(store: Store, tmp_path: Path) -> None:
    """By another process too, unless its rules are others."""
    many = [Made(name=f"package-{number}", depends=["x" * 900]) for number in range(80)]
    place = channel_place(str(channel(tmp_path / "c", *many)))
    notes = store.root / "notes" / "clean_indexes"
    IndexReader(store).read(place, "linux-64")
    (first,) = (path for path in notes.rglob("*") if path.is_file())
    told = first.stat().st_mtime_ns
    IndexReader(store).read(place, "linux-64")
    assert [path.stat().st_mtime_ns for path in notes.rglob("*") if path.is_file()] == [told]
    policy = Policy(namespaces=(Namespace(names="package-7*", channels=("https://example.org/c",)),))
    strict = IndexReader(store, access=Access(policy=policy)).read(place, "linux-64")
    assert len(strict.data.package_names()) == 80 - 11
    assert "11 records of" in strict.notes[0]


def test_nothing_stays_in_the_store(reader: IndexReader, store: Store, small: Path) -> None:
    reader.read(channel_place(str(small)), "linux-64")
    store.close()
    assert [path for path in store.root.rglob("*") if path.name == "repodata.json"] == []
