"""The sharded index of a subdir (CEP 16): what there is of one package name in one file, named by its own digest.

A shard is never changed, so a publication writes those of the names that it touches and the small table of all names.
Both are pure functions of the records.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from backports import zstd

from builder.channel import index, revision
from builder.store import atomic_write

FILE_NAME = "repodata_shards.msgpack.zst"
FOLDER = "shards"
_SUFFIX = ".msgpack.zst"
_LEVEL = 3
_DIGESTS = ("md5", "sha256")
_GRACE = 7 * 24 * 3600
"""Seconds that a shard stays after the last index that names it: readers may still have that index (CEP 16)."""

_LARGEST = 64 << 20
"""Bytes that another's table or shard may have; that of the largest channel there is has 2 MB."""

Digests = dict[str, str]
"""The name of a package → the sha256 of its shard."""


def touched(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    """Return the names of the packages of which ``now`` has other records than ``before`` had."""
    return {name_of(file) for file in before.keys() | now.keys() if before.get(file) != now.get(file)}


def name_of(file: str) -> str:
    """Return the name of the package in a file: what stands before version and build."""
    return file.rsplit("-", 2)[0]


def grouped(records: Mapping[str, str], names: Collection[str] | None = None) -> dict[str, dict[str, str]]:
    """Return the records of each name, or of ``names`` alone."""
    found: dict[str, dict[str, str]] = {}
    for file, record in records.items():
        name = name_of(file)
        if names is None or name in names:
            found.setdefault(name, {})[file] = record
    return found


def render(records: Mapping[str, str]) -> bytes:
    """Return the shard of ``records``, all those of one name; what a package does not export is said too (CEP 21)."""
    new = {name: revision.revised(record) for name, record in records.items() if revision.is_revised(record)}
    shard: dict[str, object] = {}
    for section, suffix in index.SECTIONS:
        shard[section] = {
            name: _packed(records[name]) for name in sorted(records) if name.endswith(suffix) and name not in new
        }
    shard["removed"] = []
    if new:
        shard[revision.NAME] = {
            extension: {stem: _packed(own[stem]) for stem in sorted(own)}
            for extension, own in revision.sections(new).items()
        }
    return _compressed(shard)


def render_table(subdir: str, digests: Digests, generation: int = 0) -> bytes:
    """Return the table of all shards; packages lie beside it, shards in a folder of their own."""
    info = {**index.header(subdir, generation), "base_url": "", "shards_base_url": f"./{FOLDER}/"}
    shards = {name: bytes.fromhex(digests[name]) for name in sorted(digests)}
    return _compressed({"version": 1, "info": info, "shards": shards})


def parse_table(data: bytes) -> Digests:
    """Return what a table says; ValueError for what is none."""
    shards = _unpacked(data).get("shards")
    if not isinstance(shards, dict):
        raise ValueError("it has no shards")
    return {str(name): _digest(digest) for name, digest in shards.items()}


def parse(data: bytes) -> dict[str, str]:
    """Return the sha256 of each package file that a shard lists; ValueError for what is no shard."""
    shard = _unpacked(data)
    found = dict[str, str]()
    try:
        for section, _ in index.SECTIONS:
            found |= {str(name): _digest(record["sha256"]) for name, record in shard.get(section, {}).items()}
        for extension, records in shard.get(revision.NAME, {}).items():
            found |= {f"{stem}.{extension}": _digest(record["sha256"]) for stem, record in records.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it lists something that is no record: {error!r:.80}") from error
    return found


def _digest(value: object) -> str:
    """Return a sha256 in hexadecimal; ValueError for what is none (a number would be that many zero bytes)."""
    if not isinstance(value, bytes) or len(value) != 32:
        raise ValueError(f"a digest that is none: {value!r:.80}")
    return value.hex()


def path_of(folder: Path, digest: str) -> Path:
    """Return where the shard with this sha256 lies, in the subdir's ``folder``."""
    return folder / FOLDER / f"{digest}{_SUFFIX}"


def write(folder: Path, shard: bytes) -> str:
    """Write a shard unless it is there, and return its sha256; one with other bytes than its name says is replaced."""
    digest = hashlib.sha256(shard).hexdigest()
    path = path_of(folder, digest)
    try:
        if path.read_bytes() == shard:
            return digest
    except FileNotFoundError:
        if not path.parent.is_dir():
            path.parent.mkdir()
            path.parent.chmod(0o755)
    atomic_write(path, shard)
    return digest


def release(folder: Path, digests: Iterable[str]) -> None:
    """Let the grace of shards begin that no index names any more: their files count as of now."""
    for digest in digests:
        with suppress(FileNotFoundError):
            os.utime(path_of(folder, digest))


def sweep(folder: Path, table: Path, reference: Path) -> None:
    """Remove the shards that ``table`` does not name and whose grace was over when ``reference`` was written.

    What counts are the times of the file system, so no clock is read.
    """
    if not (folder / FOLDER).is_dir() or not reference.exists():
        return
    latest = reference.stat().st_mtime - _GRACE
    with os.scandir(folder / FOLDER) as entries:
        old = [Path(entry.path) for entry in entries if entry.stat().st_mtime < latest]
    if old:
        named = {path_of(folder, digest) for digest in parse_table(table.read_bytes()).values()}
        for path in set(old) - named:
            path.unlink(missing_ok=True)


def _packed(record: str) -> dict[str, object]:
    """Return a record as shards hold it: digests as bytes, run exports always."""
    found: dict[str, Any] = {"run_exports": {}, **json.loads(record)}
    for key in _DIGESTS:
        if key in found:
            found[key] = bytes.fromhex(found[key])
    return dict(sorted(found.items()))


def _compressed(document: object) -> bytes:
    import msgpack  # it takes 7 ms, and most runs only look whether there is something to do

    packed: bytes = msgpack.packb(document)
    return zstd.compress(packed, _LEVEL)


def _unpacked(data: bytes) -> dict[str, Any]:
    import msgpack

    try:
        document = msgpack.unpackb(zstd.ZstdDecompressor().decompress(data, max_length=_LARGEST))
    except (zstd.ZstdError, msgpack.UnpackException, ValueError, RecursionError) as error:
        raise ValueError(f"it cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("it is no table")
    return document
