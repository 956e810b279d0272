"""The readers of conda packages: what is taken agrees with its own metadata and with what rattler extracts."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

from backports import zstd

from builder.archive import package_record, read_package
from builder.errors import BakehouseError
from builder.store import remove_tree
from tests.fuzz import tars, zips
from tests.fuzz.archives import LIMITS, tree
from tests.fuzz.damage import damaged
from tests.fuzz.reader import Box, FoundError, Parts, Reader
from tests.fuzz.texts import altered_json

STEM = "demo-1.0-h123_0"
INDEX = {
    "name": "demo", "version": "1.0", "build": "h123_0", "build_number": 0, "subdir": "linux-64", "arch": "x86_64",
    "platform": "linux", "depends": ["libdemo >=1,<2", "python"], "constrains": [], "license": "MIT", "timestamp": 1,
}  # fmt: skip
INFO = ("index.json", "paths.json", "about.json", "run_exports.json")
PAYLOAD, EXTRA, METADATA = len(INFO), len(INFO) + 1, len(INFO) + 2
"""Where the parts lie that are no JSON of info/: the archive of the payload, what else info holds, metadata.json."""


def readers() -> Iterator[Reader]:
    """Yield a reader for both formats."""
    yield Reader(name="conda", seeds=seeds, alter=_alter, wrap=_conda, read=partial(_read, f"{STEM}.conda"))
    yield Reader(name="tar.bz2-package", seeds=seeds, alter=_alter, wrap=_bz2, read=partial(_read, f"{STEM}.tar.bz2"))


def seeds() -> list[Parts]:
    """Return packages with a program, a link, a file with a prefix."""
    entries = (
        tars.header(name=b"bin/demo", kind=b"0", size=6) + tars.padded(b"hello\n"),
        tars.header(name=b"lib/libdemo.so", kind=b"2", size=0, link=b"libdemo.so.1"),
        tars.header(name=b"lib/libdemo.so.1", kind=b"0", size=9) + tars.padded(b"\x7fELF/opt/"),
    )
    payload = b"".join(entries) + bytes(1024)
    about, exports = {"license": "MIT", "home": "https://example.org"}, {"weak": ["demo >=1.0,<2"]}
    documents = (INDEX, {"paths": _paths(payload), "paths_version": 1}, about, exports)
    extra = tars.header(name=b"info/licenses/LICENSE", kind=b"0", size=4) + tars.padded(b"MIT\n")
    metadata = b'{"conda_pkg_format_version": 2}'
    return [(*(json.dumps(one).encode() for one in documents), payload, extra, metadata)]


def _paths(payload: bytes) -> list[dict[str, object]]:
    """Return the entries of paths.json that a payload should have."""
    found: list[dict[str, object]] = []
    with tarfile.open(fileobj=io.BytesIO(payload), mode="r:", errors="surrogateescape") as archive:
        for member in archive:
            if member.isdir():
                continue
            file = None if member.issym() else archive.extractfile(member)
            content = file.read() if file is not None else b""
            entry: dict[str, object] = {
                "_path": member.name, "path_type": "softlink" if member.issym() else "hardlink",
                "sha256": hashlib.sha256(content).hexdigest(), "size_in_bytes": len(content),
            }  # fmt: skip
            found.append(entry)
    return found


def _alter(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    found = list(parts)
    match dice.randrange(6):
        case 0 | 1:
            at = dice.randrange(PAYLOAD)
            found[at] = altered_json(found[at], dice) if dice.random() < 0.9 else damaged(found[at], other[at], dice)
        case 2 | 3 | 4:
            found[PAYLOAD] = tars.altered(found[PAYLOAD], dice, canary)
            if dice.random() < 0.7:
                found[1] = _repaired(found[1], found[PAYLOAD])
        case _:
            at = dice.choice((EXTRA, EXTRA, METADATA))
            changed = tars.altered(found[at], dice, canary) if at == EXTRA else altered_json(found[at], dice)
            found[at] = changed
    return tuple(found)


def _repaired(paths: bytes, payload: bytes) -> bytes:
    """Return a paths.json that lists what the payload holds, so that it is not refused for that alone."""
    try:
        return json.dumps({**json.loads(paths), "paths": _paths(payload)}).encode("utf-8", "surrogatepass")
    except (
        ValueError,
        TypeError,
        tarfile.TarError,
        OSError,
        EOFError,
        KeyError,
        RecursionError,
        OverflowError,
        MemoryError,
    ):
        return paths


def _info(parts: Parts, dice: Random) -> bytes:
    files = list(zip(INFO, parts, strict=False))
    if dice.random() < 0.05:
        files.append(dice.choice(files))
    members = [
        tars.header(name=f"info/{name}".encode(), kind=b"0", size=len(data)) + tars.padded(data) for name, data in files
    ]
    return b"".join(members) + parts[EXTRA]


def _conda(parts: Parts, dice: Random) -> bytes:
    def level() -> int:
        return dice.choice((1, 3, 19))

    entries = [
        ("metadata.json", parts[METADATA]),
        (f"pkg-{STEM}.tar.zst", zstd.compress(parts[PAYLOAD], level())),
        (f"info-{STEM}.tar.zst", zstd.compress(_info(parts, dice) + bytes(1024), level())),
    ]
    if dice.random() < 0.05:
        entries.append(dice.choice(entries))
    if dice.random() < 0.05:
        del entries[dice.randrange(len(entries))]
    out = io.BytesIO()
    method = zipfile.ZIP_STORED if dice.random() < 0.95 else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(
                zipfile.ZipInfo(name) if name not in archive.namelist() else zipfile.ZipInfo(f"{name}x"), data
            )
    data = out.getvalue()
    match dice.randrange(10):
        case 0:
            return zips.altered(data, dice, Path("/canary"))
        case 1:
            return damaged(data, data, dice)
    return data


def _bz2(parts: Parts, dice: Random) -> bytes:
    return bz2.compress(_info(parts, dice) + parts[PAYLOAD])


def _read(name: str, data: bytes, box: Box) -> None:
    path = box.input(name, data)
    package = read_package(path, limits=LIMITS)
    package_record(package, sha256="0" * 64, md5="0" * 32, size=len(data)).encode("utf-8", "surrogatepass")
    package.about()
    package.run_exports()
    members = package.members()
    try:
        package.extract(box.target)
    except BakehouseError as error:
        raise FoundError(f"its members can be listed, but not extracted: {error}") from error
    ours = tree(box.target)
    remove_tree(box.target)
    files = {one for one in members if one.kind != "directory"}
    if len(files) != sum(1 for content in ours.values() if content is not None):
        raise FoundError(f"{len(files)} members, but {len(ours)} files came out")
    theirs = _by_rattler(path, box)
    if theirs is not None and (differing := _differing(ours, theirs)):
        raise FoundError(f"rattler extracts something else: {differing}")


def _by_rattler(path: Path, box: Box) -> dict[str, bytes | str | None] | None:
    from rattler.package_streaming import extract

    try:
        extract(path, box.target)
        return {
            str(file.relative_to(box.target)): f"-> {file.readlink()}" if file.is_symlink() else file.read_bytes()
            for file in sorted(box.target.rglob("*"))
            if file.is_symlink() or file.is_file()
        }
    except Exception:  # noqa: BLE001 - it takes less than we do, and says so in many ways
        return None
    finally:
        remove_tree(box.target)


def _differing(ours: dict[str, bytes | str | None], theirs: dict[str, bytes | str | None]) -> list[str]:
    files = {name: content for name, content in ours.items() if content is not None}
    return sorted(name for name in {**files, **theirs} if files.get(name) != theirs.get(name))[:4]
