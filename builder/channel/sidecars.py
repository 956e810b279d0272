"""The attestations beside packages, ``<file>.sigs`` (CEP 50), and what the index says of them to those who install.

Whoever attests to a package puts the file there and indexes the channel. A copy under the digest of its content never
changes, so whoever has an index finds the attestations that it speaks of.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from builder.channel import index
from builder.store import atomic_write, digest_file

SUFFIX = ".sigs"
_FIELD = "attestations_sha256"
_MARK = f'"{_FIELD}":'


def advertised(folder: Path, record: str, file_name: str, beside: Collection[str]) -> str:
    """Return a package's record as it must be with what lies beside it; ``beside`` are the names of all attestations.

    The copy under its digest is made where it is missing.
    """
    if file_name + SUFFIX not in beside:
        return _without(record) if _MARK in record else record
    path = folder / (file_name + SUFFIX)
    digest = digest_file(path).sha256
    copy = path.with_name(f"{path.name}.{digest}")
    if not copy.is_file() or digest_file(copy).sha256 != digest:
        atomic_write(copy, path.read_bytes())
    if f'{_MARK}"{digest}"' in record:
        return record
    return index.canonical({**json.loads(record), _FIELD: digest})


def _without(record: str) -> str:
    return index.canonical({key: value for key, value in json.loads(record).items() if key != _FIELD})
