"""Says what is wrong with a channel's folder, by other means than the code that writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgpack
from backports import zstd


def problems_of(root: Path, *, leftovers: bool = False) -> list[str]:
    """Return what a reader could trip over now; with ``leftovers`` also unfinished files and packages without record."""
    return list(_problems(root, leftovers))


def generation_of(folder: Path) -> int:
    """The generation of a subdir's index."""
    return int(json.loads((folder / "bakehouse_generation.json").read_bytes())["generation"])


def _problems(root: Path, leftovers: bool) -> Iterator[str]:
    for folder in sorted(path for path in root.glob("[!.]*") if path.is_dir()):
        indexes = dict(_indexes(folder))
        for kind, listed in indexes.items():
            yield from (f"{folder.name} {kind}: {problem}" for problem in _misled(folder, listed, leftovers))
        yield from (f"{folder.name}: {problem}" for problem in _unaccounted(folder, leftovers))
        if leftovers:
            yield from (f"{folder.name}: {problem}" for problem in _disagreeing(folder, indexes))
    if leftovers:
        yield from (f"left: {path.name}" for path in (*root.glob("*/.*"), *root.glob("*/shards/.*")))
        yield from (f"left: {path.name}" for path in root.glob(".bakehouse/*") if path.name != "lock")


Listed = dict[str, str]
"""File name → sha256, as an index says."""


def _indexes(folder: Path) -> Iterator[tuple[str, Listed]]:
    if (folder / "repodata.json").exists():
        yield "json", _listed((folder / "repodata.json").read_bytes())
    if (folder / "repodata.json.zst").exists():
        yield "zst", _listed(zstd.decompress((folder / "repodata.json.zst").read_bytes()))
    if (folder / "repodata_shards.msgpack.zst").exists():
        yield "shards", dict(_sharded(folder))


def _listed(index: bytes) -> Listed:
    document = json.loads(index)
    records = document["packages.conda"] | document["packages"]
    return {name: record["sha256"] for name, record in records.items()}


def _sharded(folder: Path) -> Iterator[tuple[str, str]]:
    """Read all shards as CEP 16 says; a shard that is not what its name says fails here."""
    table = msgpack.unpackb(zstd.decompress((folder / "repodata_shards.msgpack.zst").read_bytes()))
    for name, digest in table["shards"].items():
        packed = (folder / table["info"]["shards_base_url"] / f"{digest.hex()}.msgpack.zst").read_bytes()
        assert hashlib.sha256(packed).digest() == digest, name
        shard = msgpack.unpackb(zstd.decompress(packed))
        records = shard["packages.conda"] | shard["packages"]
        assert {record["name"] for record in records.values()} == {name}
        yield from ((file, record["sha256"].hex()) for file, record in records.items())


def _misled(folder: Path, listed: Listed, complete: bool) -> Iterator[str]:
    files = {path.name: path for path in folder.glob("[!.]*") if path.name.endswith((".conda", ".tar.bz2"))}
    for name, digest in listed.items():
        if name not in files:
            yield f"no file {name}"
        elif hashlib.sha256(files[name].read_bytes()).hexdigest() != digest:
            yield f"other bytes in {name}"
    if complete and listed.keys() != files.keys():
        yield f"{sorted(files.keys() ^ listed.keys())} not in both"


def _disagreeing(folder: Path, indexes: Mapping[str, Listed]) -> Iterator[str]:
    """Yield how the forms of an index disagree when no writer is at work: they are of one generation."""
    if (
        set(indexes) != {"json", "zst", "shards"}
        or len({json.dumps(one, sort_keys=True) for one in indexes.values()}) != 1
    ):
        yield "the indexes differ"
    exports = json.loads((folder / "run_exports.json").read_bytes())
    if {**exports["packages"], **exports["packages.conda"]}.keys() != indexes["json"].keys():
        yield "run_exports.json has other packages"
    said = json.loads((folder / "bakehouse_generation.json").read_bytes())
    for name, digest in said["files"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            yield f"{name} is of another generation"


def _unaccounted(folder: Path, complete: bool) -> Iterator[str]:
    """Yield what is wrong with statements: every package has one, and in the end only they have, each its own."""
    packages = {path.name: path for path in (*folder.glob("[!.]*.conda"), *folder.glob("[!.]*.tar.bz2"))}
    statements = {path.name.removesuffix(".intoto.json"): path for path in folder.glob("[!.]*.intoto.json")}
    yield from (f"no statement about {name}" for name in packages.keys() - statements.keys())
    if complete:
        yield from (f"a statement about nothing, {name}" for name in statements.keys() - packages.keys())
        for name, path in packages.items():
            subject = json.loads(statements[name].read_bytes())["subject"]
            if subject != [{"name": name, "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}]:
                yield f"the statement about {name} is about another package"
