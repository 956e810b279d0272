"""The sharded index (CEP 16): what rattler's own reader makes of it over HTTP, what is written, what is swept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from pathlib import Path

import msgpack
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from rattler import Channel as RattlerChannel
from rattler import Gateway, MatchSpec, RepoDataRecord, SourceConfig, Subdir

from builder.channel import Channel, shards
from builder.channel.index import canonical
from tests.channel.making import make_package
from tests.environment.served import served

WEEK = 7 * 24 * 3600


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    made = Channel(tmp_path / "channel")
    for package in (
        make_package(tmp_path / "made", "data", extra={"subdir": "noarch", "noarch": "generic"}),
        make_package(
            tmp_path / "made", "lib", version="1.2", depends=("data",), extra={"run_exports": {"weak": ["lib"]}}
        ),
        make_package(tmp_path / "made", "lib", version="1.10", depends=("data >=1.0",), content=b"new"),
        make_package(tmp_path / "made", "app", depends=("lib >=1.10,<2",), content=b"app"),
        make_package(tmp_path / "made", "new", extra={"schema_version": 3, "flags": ["fast"]}),
        make_package(tmp_path / "made", "old", depends=("app",), extra={"suffix": ".tar.bz2"}),
    ):
        made.publish(package)
    return made


def asked(url: str, cache: Path, *names: str, sharded: bool) -> list[RepoDataRecord]:
    """What rattler's gateway finds, with its own reader of shards or without."""
    config = SourceConfig(sharded_enabled=sharded)

    async def work() -> list[list[RepoDataRecord]]:
        gateway = Gateway(cache_dir=cache, default_config=config)
        specs = [MatchSpec(name) for name in names]
        return await gateway.query([RattlerChannel(url)], [Subdir("linux-64"), Subdir("noarch")], specs)

    return [record for found in asyncio.run(work()) for record in found]


def test_rattler_reads_from_shards_what_it_reads_from_the_whole(channel: Channel, tmp_path: Path) -> None:
    found = {}
    with served(channel.root) as server:
        for sharded in (True, False):
            records = asked(server.url, tmp_path / str(sharded), "old", "new", sharded=sharded)
            plain = {record.file_name: json.loads(record.to_json()) for record in records}
            for record in plain.values():
                assert (record.pop("run_exports", {}) == {"weak": ["lib"]}) == (record["fn"] == "lib-1.2-h0_0.conda")
            found[sharded] = plain
        assert any("/shards/" in path for path in server.asked)
    assert found[True] == found[False]
    assert len(found[True]) == 6


def test_rattler_believes_a_shard_with_other_bytes(channel: Channel, tmp_path: Path) -> None:
    """Which is why no shard is read through its gateway here; if it learns to look, this test says so."""
    other = Channel(tmp_path / "other")
    other.publish(make_package(tmp_path / "evil", "app", version="99.0"))
    folders = [one.root / "linux-64" for one in (channel, other)]
    paths = [
        shards.path_of(folder, shards.parse_table((folder / shards.FILE_NAME).read_bytes())["app"])
        for folder in folders
    ]
    paths[0].write_bytes(paths[1].read_bytes())
    with served(channel.root) as server:
        (record,) = asked(server.url, tmp_path / "cache", "app", sharded=True)
    assert str(record.version) == "99.0"


def test_each_name_has_a_shard_that_is_called_by_its_digest(channel: Channel) -> None:
    folder = channel.root / "linux-64"
    document = msgpack.unpackb(zstd.decompress((folder / shards.FILE_NAME).read_bytes()))
    assert document["version"] == 1
    assert document["info"] == {"base_url": "", "shards_base_url": "./shards/", "subdir": "linux-64", "generation": 5}
    assert sorted(document["shards"]) == ["app", "lib", "new", "old"]
    for digest in document["shards"].values():
        assert hashlib.sha256((folder / "shards" / f"{digest.hex()}.msgpack.zst").read_bytes()).digest() == digest


def test_a_shard_says_what_the_records_say_with_digests_as_bytes(channel: Channel) -> None:
    folder = channel.root / "linux-64"
    table = shards.parse_table((folder / shards.FILE_NAME).read_bytes())
    shard = msgpack.unpackb(zstd.decompress(shards.path_of(folder, table["lib"]).read_bytes()))
    assert shard["packages"] == {}
    assert shard["removed"] == []
    for name, text in channel.records("linux-64").items():
        if name.startswith("lib-"):
            record = json.loads(text)
            expected = {**record, **{key: bytes.fromhex(record[key]) for key in ("md5", "sha256")}}
            assert shard["packages.conda"][name] == {"run_exports": {}, **expected}
    new = msgpack.unpackb(zstd.decompress(shards.path_of(folder, table["new"]).read_bytes()))
    assert list(new["v3"]["conda"]) == ["new-1.0-h0_0"]
    assert new["packages.conda"] == {}


def test_a_publication_writes_the_shards_that_it_touches(channel: Channel, tmp_path: Path) -> None:
    folder = channel.root / "linux-64" / "shards"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    channel.publish(make_package(tmp_path / "made", "lib", version="1.11"))
    now = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(now.keys() - before.keys()) == 1
    touched = {path for path in before if now[path] != before[path]}
    old = shards.parse((next(iter(touched))).read_bytes())
    assert len(touched) == 1, "the one that is not named any more: its grace begins"
    assert sorted(old) == ["lib-1.10-h0_0.conda", "lib-1.2-h0_0.conda"]


def test_what_nobody_names_goes_after_a_week(channel: Channel, tmp_path: Path) -> None:
    folder = channel.root / "linux-64"
    before = shards.parse_table((folder / shards.FILE_NAME).read_bytes())
    channel.publish(make_package(tmp_path / "made", "lib", version="1.11"))
    now = shards.parse_table((folder / shards.FILE_NAME).read_bytes())
    gone = shards.path_of(folder, before["lib"])
    channel.ensure()
    assert gone.exists(), "readers may have the old table"
    for path in (gone, shards.path_of(folder, now["lib"])):
        old = path.stat().st_mtime - WEEK - 60
        os.utime(path, (old, old))
    channel.ensure()
    assert not gone.exists()
    assert all(shards.path_of(folder, digest).exists() for digest in now.values())


def test_a_shard_that_somebody_changed_is_put_right_by_indexing(channel: Channel) -> None:
    folder = channel.root / "linux-64"
    path = shards.path_of(folder, shards.parse_table((folder / shards.FILE_NAME).read_bytes())["app"])
    good = path.read_bytes()
    path.write_bytes(b"other")
    channel.reindex()
    assert path.read_bytes() == good


def test_taking_a_package_away_takes_its_shard_out_of_the_table(channel: Channel) -> None:
    folder = channel.root / "linux-64"
    (folder / "old-1.0-h0_0.tar.bz2").unlink()
    channel.ensure()
    assert sorted(shards.parse_table((folder / shards.FILE_NAME).read_bytes())) == ["app", "lib", "new"]


files = st.from_regex(r"[a-z]{1,4}(-[a-z]{1,3})?-[0-9]-[a-z]{1,2}\.(conda|tar\.bz2)", fullmatch=True)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)


@settings(max_examples=40)
@given(st.dictionaries(files, digests, max_size=8), st.dictionaries(files, digests, max_size=4))
def test_only_what_differs_is_touched(now: dict[str, str], before: dict[str, str]) -> None:
    names = shards.touched(before, now)
    for name in {shards.name_of(file) for file in (*now, *before)}:
        own = [{file: one for file, one in each.items() if shards.name_of(file) == name} for each in (before, now)]
        assert (name in names) == (own[0] != own[1])
    assert shards.grouped(now, names).keys() <= names


@settings(max_examples=40)
@given(st.dictionaries(files, digests, min_size=1, max_size=8))
def test_shards_and_tables_are_read_back(found: dict[str, str]) -> None:
    records = {file: canonical({"name": shards.name_of(file), "sha256": digest}) for file, digest in found.items()}
    assert shards.parse(shards.render(records)) == found
    table = {shards.name_of(file): digest for file, digest in found.items()}
    assert shards.parse_table(shards.render_table("noarch", table, 1)) == table
    assert shards.render(dict(reversed(records.items()))) == shards.render(records)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", zstd.compress(b""), zstd.compress(b"\xc1"), zstd.compress(msgpack.packb([])),
        zstd.compress(msgpack.packb({})), zstd.compress(msgpack.packb({"shards": [1]})),
        zstd.compress(bytes(80 << 20)), zstd.compress(b"\x91" * 5000),
    ],
    ids=lambda data: repr(data[:20]),
)  # fmt: skip
def test_what_is_no_table_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        shards.parse_table(data)


RECORD = {"sha256": bytes(32)}


@pytest.mark.parametrize(
    "shard",
    [
        {"packages": 1}, {"packages": {"a": 1}}, {"packages": {"a": {}}}, {"packages.conda": {"a": {"sha256": 9}}},
        {"packages": {"a": {"sha256": "00"}}}, {"packages": {"a": {"sha256": b"short"}}}, {"v3": [1]},
        {"v3": {"conda": {"a": {"sha": b""}}}}, {"packages": {"a": RECORD}, "v3": {"conda": {"b": None}}},
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_shard_is_told(shard: dict[str, object]) -> None:
    """Found by `make fuzz`: a record without a digest, and a number for one, which is that many zero bytes."""
    with pytest.raises(ValueError, match=r"that is (no record|none)"):
        shards.parse(zstd.compress(msgpack.packb(shard)))


def test_a_table_with_a_number_for_a_digest() -> None:
    with pytest.raises(ValueError, match="a digest that is none"):
        shards.parse_table(zstd.compress(msgpack.packb({"shards": {"a": 1 << 40}})))
