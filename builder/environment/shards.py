"""Sharded indexes (CEP 16): a small table of all names, and for each name one document, called by its digest."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urljoin

from builder.environment.judge import SECTIONS, Judge, Section
from builder.environment.records import needed_names
from builder.model.frozen import frozen

TABLE = "repodata_shards.msgpack.zst"
MOST = 24 << 20
"""Bytes of a table or of a shard, unpacked; conda-forge's table has a tenth of it."""

_VERSION = 1
_DIGEST_SIZE = 32
_BINARY = ("sha256", "md5")


@frozen
class Table:
    """The table of a subdir: ``shards`` gives the sha256 of each name's, ``base`` is where they lie.

    ``info`` is what an index of JSON would have there.
    """

    base: str
    info: Mapping[str, object]
    shards: Mapping[str, str]

    def address(self, name: str) -> str:
        """Return the address of the shard of a name."""
        return urljoin(self.base, f"{self.shards[name]}.msgpack.zst")


@frozen
class Shard:
    """The records of one name, each map of them as the inside of an object of JSON; ``needs`` are others' names."""

    texts: Mapping[Section, str]
    needs: frozenset[str]


def read_table(path: Path, judge: Judge) -> Table:
    """Return what a table says; UsageError for one that cannot be read, or leads elsewhere."""
    document = _unpacked(path, judge)
    info, shards = document.get("info"), document.get("shards")
    if document.get("version") != _VERSION:
        raise judge.refusal(f"its version is {document.get('version')!r:.80}, known is {_VERSION}")
    if not isinstance(info, dict) or not isinstance(shards, dict):
        raise judge.refusal("it has no info, or no shards")
    judge.top("info", info)
    digests = dict[str, str]()
    for name, digest in shards.items():
        if not isinstance(name, str) or not isinstance(digest, bytes) or len(digest) != _DIGEST_SIZE:
            raise judge.refusal(f"the digest of {name!r:.80} is none")
        digests[name] = digest.hex()
    base = judge.allow(info.get("shards_base_url") or "", "info.shards_base_url")
    kept = {key: value for key, value in info.items() if key == "base_url" and value}
    return Table(base=f"{base.rstrip('/')}/", info={**kept, "subdir": judge.subdir}, shards=digests)


def read_shard(path: Path, name: str, judge: Judge) -> Shard:
    """Return the records of a shard; UsageError for one that cannot be read, or has other names' records."""
    document = _unpacked(path, judge)
    texts, needs = dict[Section, str](), set[str]()
    for section in SECTIONS:
        lines = []
        for key, record in _records(document, section, judge):
            if record.get("name", name) != name:
                raise judge.refusal(f"the shard of {name} has a record of {record['name']!r:.80}")
            needs |= needed_names(record)
            lines.append(f"{json.dumps(key)}:{_text(record, judge)}")
        if lines:
            texts[section] = ",".join(lines)
    return Shard(texts=texts, needs=frozenset(needs))


def document(table: Table, shards: Iterator[Shard]) -> bytes:
    """Return an index of JSON with the records of ``shards``."""
    found: dict[Section, list[str]] = {section: [] for section in SECTIONS}
    for shard in shards:
        for section, text in shard.texts.items():
            found[section].append(text)
    parts = [f'"info":{json.dumps(table.info)}']
    maps = {section: f"{json.dumps(section[-1])}:{{{','.join(texts)}}}" for section, texts in found.items()}
    parts += [text for section, text in maps.items() if len(section) == 1]
    inner = [text for section, text in maps.items() if len(section) > 1]
    parts.append(f'"v3":{{{",".join(inner)}}}')
    return f"{{{','.join(parts)}}}".encode()


def _records(document: Mapping[str, object], section: Section, judge: Judge) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the records of a section by their keys, digests as text."""
    found = cast("Mapping[object, object]", document)
    for part in section:
        below = found.get(part, {})
        if not isinstance(below, dict):
            raise judge.refusal(f"{part!r} is no map")
        found = below
    for key, record in found.items():
        if not isinstance(key, str) or not isinstance(record, dict):
            raise judge.refusal(f"the record {key!r:.80} is no map")
        digests = {name: record[name].hex() for name in _BINARY if isinstance(record.get(name), bytes)}
        yield key, record | digests


def _text(record: Mapping[str, object], judge: Judge) -> str:
    try:
        return json.dumps(record, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise judge.refusal(f"a record of {record.get('name')!r:.80} cannot be written as JSON: {error}") from None


def _unpacked(path: Path, judge: Judge) -> Mapping[str, object]:
    """Return the map that a packed file holds."""
    import msgpack
    from backports import zstd

    try:
        with zstd.open(path, "rb") as file:
            data = cast("io.BufferedIOBase", file).read(MOST + 1)
        if len(data) > MOST:
            raise judge.refusal(f"it has more than {MOST:,} bytes, unpacked")
        found: object = msgpack.unpackb(data, object_pairs_hook=_unique, strict_map_key=True)
    except (zstd.ZstdError, EOFError, ValueError, msgpack.UnpackException) as error:
        raise judge.refusal(f"{type(error).__name__} {error}"[:200]) from error
    if not isinstance(found, dict):
        raise judge.refusal("it is no map")
    return found


def _unique(pairs: list[tuple[object, object]]) -> dict[object, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it has two values under one key")
    return found
