"""The readers of channels and of what is kept of them: indexes, shards, keys, lock files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from backports import zstd

from builder.channel import index, keys, shards
from builder.environment.index import IndexReader
from builder.environment.lock import read_lock
from builder.environment.place import channel_place
from builder.store import Store
from tests.fuzz.damage import damaged
from tests.fuzz.documents import json_reader
from tests.fuzz.reader import Box, FoundError, Parts, Reader

RECORD = {
    "name": "demo", "version": "1.0", "build": "h123_0", "build_number": 0, "subdir": "linux-64", "depends": ["libz >=1,<2"],
    "constrains": [], "sha256": "0" * 64, "md5": "0" * 32, "size": 9, "timestamp": 1_600_000_000_000, "license": "MIT",
    "run_exports": {"weak": ["demo >=1"]},
}  # fmt: skip
RECORDS = {
    "demo-1.0-h123_0.conda": RECORD,
    "demo-1.0-h123_0.tar.bz2": RECORD,
    "other-2-0.conda": {
        **RECORD,
        "name": "other",
        "version": "2",
        "build": "0",
        "track_features": "x",
        "noarch": "python",
    },
}
REPODATA = json.dumps(
    {
        "info": {"subdir": "linux-64"}, "repodata_version": 2, "removed": ["gone-1-0.conda"],
        "packages": {name: record for name, record in RECORDS.items() if name.endswith("2")},
        "packages.conda": {name: record for name, record in RECORDS.items() if name.endswith("a")},
        "v3": {"conda": {"third-1-0": {**RECORD, "name": "third", "flags": ["cuda"], "schema_version": 3}}},
    }
).encode()  # fmt: skip


def readers() -> Iterator[Reader]:
    """Yield a reader for each kind."""
    yield json_reader("repodata", REPODATA, _read_repodata)
    yield json_reader("index", REPODATA, _read_index)
    yield json_reader("keys", keys.render({"demo-1.0-h123_0.conda": '{"recipe_key":"a"}'}), _read_keys)
    records = {name: json.dumps(record) for name, record in RECORDS.items()}
    yield _bytes("shard", [shards.render(records)], _read_shard, (ValueError,))
    yield _bytes("shard-table", [shards.render_table("linux-64", {"demo": "0" * 64})], _read_table, (ValueError,))
    yield json_reader("lock", _lock(), _read_lock)


def _bytes(
    name: str, seeds: list[bytes], read: Callable[[bytes, Box], None], refusals: tuple[type[Exception], ...]
) -> Reader:
    """A reader of packed tables: the plain bytes are damaged, the packing is right."""

    def alter(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
        return (damaged(parts[0], other[0], dice),)

    def wrap(parts: Parts, dice: Random) -> bytes:
        packed = zstd.compress(parts[0])
        return damaged(packed, packed, dice) if dice.random() < 0.1 else packed

    plain: list[Parts] = [(zstd.decompress(seed),) for seed in seeds]
    return Reader(name=name, seeds=lambda: plain, alter=alter, wrap=wrap, read=read, refusals=refusals)


# -- what must hold ----------------------------------------------------------------------------------------------------


def _read_repodata(data: bytes, box: Box) -> None:
    channel = box.folder / "own" / "channel"
    place = channel / "linux-64" / "repodata.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.write_bytes(data)
    store = Store(box.folder / "own" / "store")
    try:
        reader = IndexReader(store)
        reader.read(channel_place(str(channel)), "linux-64")
    finally:
        store.close()


def _read_index(data: bytes, box: Box) -> None:
    records = index.parse("linux-64", data)
    for name, record in records.items():
        if not isinstance(json.loads(record), dict):
            raise FoundError(f"{name!r} has a record that is no object")
    written = index.render("linux-64", records)
    if index.render("linux-64", index.parse("linux-64", written)) != written:
        raise FoundError("what was written and read is written as something else")
    index.digests(data)


def _read_keys(data: bytes, box: Box) -> None:
    for text in keys.parse(data).values():
        keys.from_json(text)
    keys.from_json(data)


def _read_shard(data: bytes, box: Box) -> None:
    for name, digest in shards.parse(data).items():
        if len(digest) % 2 or not isinstance(name, str):
            raise FoundError(f"{name!r} has the digest {digest!r}")


def _read_table(data: bytes, box: Box) -> None:
    shards.parse_table(data)


def _lock() -> bytes:
    package = {
        "name": "demo", "version": "1.0", "build": "0", "build_number": 0, "subdir": "linux-64", "file_name": "demo-1.0-0.conda",
        "url": "file:///x/demo-1.0-0.conda", "channel": "x", "sha256": "0" * 64, "size": 9, "depends": ["a"], "noarch": None,
        "constrains": [], "record": RECORD,
    }  # fmt: skip
    roles = {role: {"specs": ["demo"], "packages": ["0" * 64]} for role in ("build", "host")}
    return json.dumps({"format": 1, "packages": {"0" * 64: package}, "tasks": {"linux-64/a-1-0": roles}}).encode()


def _read_lock(data: bytes, box: Box) -> None:
    read_lock(box.input("bakehouse.lock", data))
