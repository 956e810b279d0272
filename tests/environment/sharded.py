"""Sharded indexes (CEP 16) for tests, written without the code that they test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgpack
from backports import zstd


def shard(folder: Path, info: Mapping[str, str] = MappingProxyType({})) -> dict[str, Path]:
    """Write the shards of every subdir of a channel and take the plain indexes away.

    ``info`` goes into the tables; returned are the shards of linux-64 by name.
    """
    found: dict[str, Path] = {}
    for path in folder.glob("*/repodata.json"):
        document = json.loads(path.read_text("utf-8"))
        names: dict[str, dict[str, dict[str, Any]]] = {}
        for section in ("packages", "packages.conda"):
            for key, record in document.get(section, {}).items():
                shard = names.setdefault(record["name"], {"packages": {}, "packages.conda": {}})
                digests = {name: bytes.fromhex(record[name]) for name in ("sha256", "md5") if name in record}
                shard[section][key] = record | digests
        (path.parent / "shards").mkdir(exist_ok=True)
        digests = {}
        for name, content in names.items():
            data = packed(content)
            digests[name] = hashlib.sha256(data).digest()
            place = path.parent / "shards" / f"{digests[name].hex()}.msgpack.zst"
            place.write_bytes(data)
            if path.parent.name != "noarch":
                found[name] = place
        write_table(path.parent, digests, **info)
        path.unlink()
    return found


def write_table(folder: Path, digests: dict[str, bytes], *, version: object = 1, **info: object) -> None:
    """Write the table of a subdir."""
    about = {"subdir": folder.name, "base_url": "", "shards_base_url": "./shards/", "created_at": "2026-01-01", **info}
    path = folder / "repodata_shards.msgpack.zst"
    path.write_bytes(packed({"version": version, "info": about, "shards": digests}))


def packed(document: object) -> bytes:
    """Return a document as shards are written."""
    data: bytes = msgpack.packb(document)
    return zstd.compress(data)
