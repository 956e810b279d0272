"""Says what is wrong with a channel's folder, by other means than the code that writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from backports import zstd


def problems_of(root: Path, *, leftovers: bool = False) -> list[str]:
    """Return what a reader could trip over now; with ``leftovers`` also unfinished files and packages without record."""
    return list(_problems(root, leftovers))


def _problems(root: Path, leftovers: bool) -> Iterator[str]:
    for folder in sorted(path for path in root.glob("[!.]*") if path.is_dir()):
        indexes = dict(_indexes(folder))
        for kind, index in indexes.items():
            yield from (f"{folder.name} {kind}: {problem}" for problem in _misled(folder, index, leftovers))
        if leftovers and len(set(indexes.values())) != 1:
            yield f"{folder.name}: the indexes differ"
    if leftovers:
        yield from (f"left: {path.name}" for path in root.glob("*/.*"))
        yield from (f"left: {path.name}" for path in root.glob(".bakehouse/*.part"))


def _indexes(folder: Path) -> Iterator[tuple[str, bytes]]:
    if (folder / "repodata.json").exists():
        yield "json", (folder / "repodata.json").read_bytes()
    if (folder / "repodata.json.zst").exists():
        yield "zst", zstd.decompress((folder / "repodata.json.zst").read_bytes())


def _misled(folder: Path, index: bytes, complete: bool) -> Iterator[str]:
    files = {path.name: path for path in folder.glob("[!.]*.conda")}
    records = json.loads(index)["packages.conda"]
    for name, record in records.items():
        if name not in files:
            yield f"no file {name}"
        elif hashlib.sha256(files[name].read_bytes()).hexdigest() != record["sha256"]:
            yield f"other bytes in {name}"
    if complete and records.keys() != files.keys():
        yield f"{sorted(files.keys() ^ records.keys())} not in both"
