"""Packages that lie in no channel as an index of their own: what a test is made with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from builder.environment.index import LOOSE, Index, IndexReader
from builder.model.package import Package
from builder.store import Store

_REVISION = 3
_KINDS = {"packages": ".tar.bz2", "packages.conda": ".conda"}


def loose_index(packages: Sequence[Package], subdir: str, reader: IndexReader, store: Store) -> Index | None:
    """Return an index of loose packages, None if none of them is for ``subdir``."""
    records = {package.file_name: json.loads(package.record) for package in packages if package.subdir == subdir}
    if not records:
        return None
    new = {name: record for name, record in records.items() if record.get("schema_version") == _REVISION}
    content: dict[str, object] = {
        kind: {name: record for name, record in records.items() if name.endswith(extension) and name not in new}
        for kind, extension in _KINDS.items()
    }
    if new:  # rattler looks for flags and extras nowhere else (CEP 48)
        content["v3"] = {
            extension: {
                name.removesuffix(f".{extension}"): record
                for name, record in new.items()
                if name.endswith(f".{extension}")
            }
            for extension in ("conda", "tar.bz2")
        }
    text = json.dumps({"info": {"subdir": subdir}} | content, sort_keys=True).encode()
    with store.scratch("index") as folder:
        copy = folder / "repodata.json"
        copy.write_bytes(text)
        return reader.mapped(LOOSE, subdir, copy, hashlib.sha256(text).hexdigest())
