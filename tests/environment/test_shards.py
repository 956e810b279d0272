"""Tables and shards: what they say, and which are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from backports import zstd

from builder.environment.access import Namespaces
from builder.environment.judge import Judge
from builder.environment.place import channel_place
from builder.environment.shards import Shard, Table, document, read_shard, read_table
from builder.errors import UsageError
from builder.model.policy import Policy
from tests.environment.sharded import packed, write_table

RECORD = {"name": "a", "version": "1", "build": "0", "build_number": 0, "depends": ["b >=1", "C", "conda-forge::d=2"]}


def judge(*hosts: str) -> Judge:
    place = channel_place("https://example.org/c")
    return Judge(place=place, subdir="noarch", where="there", namespaces=Namespaces(Policy()), hosts=hosts)


def table(tmp_path: Path, digests: dict[Any, Any], *hosts: str, version: Any = 1, **info: object) -> Table:
    folder = tmp_path / "noarch"
    folder.mkdir(exist_ok=True)
    write_table(folder, digests, version=version, **info)
    return read_table(folder / "repodata_shards.msgpack.zst", judge(*hosts))


def shard(tmp_path: Path, content: object, name: str = "a") -> Shard:
    path = tmp_path / "shard"
    path.write_bytes(content if isinstance(content, bytes) else packed(content))
    return read_shard(path, name, judge())


def test_a_table(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"x")
    found = table(tmp_path, {"a": digest.digest()})
    assert found.shards == {"a": digest.hexdigest()}
    assert found.address("a") == f"https://example.org/c/noarch/shards/{digest.hexdigest()}.msgpack.zst"
    assert found.info == {"subdir": "noarch"}
    led = table(tmp_path, {"a": digest.digest()}, "cdn.org", shards_base_url="https://cdn.org/s", base_url="../../p")
    assert led.address("a") == f"https://cdn.org/s/{digest.hexdigest()}.msgpack.zst"
    assert led.info == {"subdir": "noarch", "base_url": "../../p"}


@pytest.mark.parametrize(
    ("digests", "more", "why"),
    [
        ({}, {"version": 2}, "its version is 2, known is 1"), ({}, {"version": None}, "its version is None"),
        ([], {}, "no info, or no shards"), ({"a": b"x" * 31}, {}, "the digest of 'a' is none"),
        ({"a": "x" * 32}, {}, "the digest of 'a' is none"), ({"a": None}, {}, "the digest of 'a' is none"),
        ({b"a": b"x" * 32}, {}, "the digest of b'a' is none"), ({}, {"subdir": "linux-64"}, "it is for 'linux-64'"),
        ({}, {"base_url": "https://evil.org/"}, "its info.base_url is https://evil.org/"),
        ({}, {"shards_base_url": "//evil.org/"}, "its info.shards_base_url is //evil.org/"),
        ({}, {"shards_base_url": "http://example.org/"}, "leads elsewhere"), ({}, {"base_url": 3}, "is no address"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(tmp_path: Path, digests: Any, more: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        table(tmp_path, digests, **more)
    assert caught.value.problems[0].remedy


def test_a_shard(tmp_path: Path) -> None:
    digests = {"sha256": b"\1" * 32, "md5": b"\2" * 16}
    extras = {"extra_depends": {"gpu": ["e"]}, "sha256": b"\3" * 32}
    found = shard(tmp_path, {
        "packages": {"a-1-0.tar.bz2": RECORD}, "packages.conda": {"a-1-0.conda": {**RECORD, **digests}},
        "v3": {"conda": {"a-2-0": {**RECORD, "version": "2", **extras}}}, "removed": ["x"],
    })  # fmt: skip
    assert found.needs == {"b", "c", "d", "e"}
    whole = document(
        Table(base="", info={"subdir": "noarch"}, shards={}), iter([found, Shard(texts={}, needs=frozenset())])
    )
    assert json.loads(whole) == {
        "info": {"subdir": "noarch"}, "packages": {"a-1-0.tar.bz2": RECORD},
        "packages.conda": {"a-1-0.conda": {**RECORD, "sha256": "01" * 32, "md5": "02" * 16}},
        "v3": {
            "conda": {"a-2-0": {**RECORD, "version": "2", **extras, "sha256": "03" * 32}}, "tar.bz2": {},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "EOFError|ZstdError|unpack"), (b"<html>", "ZstdError"), (zstd.compress(b""), "cannot be read"),
        (zstd.compress(b"\xc1"), "cannot be read"), (packed([]), "it is no map"), (packed({"packages": []}), "no map"),
        (packed({"packages.conda": {"a-1-0.conda": 3}}), "is no map"), (packed({"packages": {3: {}}}), "cannot be read"),
        (packed({"packages": {"b-1-0.tar.bz2": {**RECORD, "name": "b"}}}), "the shard of a has a record of 'b'"),
        (packed({"packages": {"a-1-0.tar.bz2": {**RECORD, "x": b"\0"}}}), "cannot be written as JSON"),
        (packed({"packages": {"a-1-0.tar.bz2": {**RECORD, "x": float("nan")}}}), "cannot be written as JSON"),
        (packed({"packages": {"a-1-0.tar.bz2": {**RECORD, "x": msgpack.ExtType(5, b"x")}}}), "cannot be written"),
        (zstd.compress(b"\x82" + 2 * (b"\xa8packages" + b"\x80")), "two values under one key"),
        (zstd.compress(b"\x81\xa1x" + b"\x91" * 100_000 + b"\xc0"), "cannot be read"),
        (zstd.compress(b"\xdf\xff\xff\xff\xff"), "cannot be read"), (zstd.compress(b"\x81\xa1\xff\xc0"), "cannot be read"),
        (packed({})[:-2], "cannot be read"), (zstd.compress(b"\0" * (30 << 20)), "more than 25,165,824 bytes"),
    ],
)  # fmt: skip
def test_shards_that_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        shard(tmp_path, content)
    assert len(caught.value.problems[0].message) < 400
