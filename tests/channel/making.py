"""Small real packages for the channel's tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from builder.archive import ArchiveMember, package_record, read_package, write_conda, write_tar_bz2
from builder.model.package import Package

EPOCH = 1_700_000_000


def recipe_key(name: str, version: str = "1.0") -> str:
    return hashlib.sha256(f"recipe {name} {version}".encode()).hexdigest()


def build_key(name: str, content: bytes) -> str:
    return hashlib.sha256(f"build {name}".encode() + content).hexdigest()


def make_package(
    folder: Path,
    name: str,
    *,
    version: str = "1.0",
    content: bytes = b"content\n",
    depends: tuple[str, ...] = (),
    extra: dict[str, object] | None = None,
) -> Package:
    """Write ``folder/NAME-VERSION-h0_0.conda``; ``extra`` may hold ``build``, ``subdir``, ``suffix`` …"""
    options = dict(extra or {})
    subdir, suffix = str(options.pop("subdir", "linux-64")), str(options.pop("suffix", ".conda"))
    exports, own = options.pop("run_exports", None), options.pop("keys", True)
    variant, publishable = options.pop("hash_input", None), bool(options.pop("publishable", True))
    build = str(options.pop("build", "h0_0"))
    index = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "subdir": subdir,
        "depends": list(depends),
        "constrains": [],
        "timestamp": EPOCH * 1000,
        "schema_version": 2,
        **options,
    }
    where = f"share/{name}.txt"
    listed = {
        "_path": where,
        "path_type": "hardlink",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_in_bytes": len(content),
    }
    keys = {"recipe_key": recipe_key(name, version), "build_key": build_key(name, content)} if own else {}
    said = keys if publishable else {**keys, "publishable": False}
    files: dict[str, object] = {"index.json": index, "paths.json": {"paths_version": 1, "paths": [listed]}}
    if own:
        files["bakehouse/keys.json"] = said
    if variant is not None:
        files["hash_input.json"] = variant
    if exports is not None:
        files["run_exports.json"] = exports
    info = [ArchiveMember(path=f"info/{file}", content=json.dumps(files[file]).encode()) for file in sorted(files)]
    stem = f"{name}-{version}-{build}"
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{stem}{suffix}"
    write = write_conda if suffix == ".conda" else write_tar_bz2
    written = write(out, stem=stem, payload=[ArchiveMember(path=where, content=content)], info=info, epoch=EPOCH)
    record = package_record(read_package(out), sha256=written.sha256, md5=written.md5, size=written.size)
    return Package(
        path=out,
        file_name=out.name,
        name=name,
        version=version,
        build=build,
        subdir=subdir,
        sha256=written.sha256,
        md5=written.md5,
        size=written.size,
        record=record,
        recipe_key=keys.get("recipe_key", ""),
        build_key=keys.get("build_key", ""),
        statement=about(out.name, written.sha256),
        publishable=publishable,
    )


def about(file_name: str, sha256: str) -> str:
    """As much of an in-toto statement as the channel looks at."""
    return json.dumps({"subject": [{"name": file_name, "digest": {"sha256": sha256}}]})
