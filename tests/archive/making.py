"""Makes archives for tests, good and bad ones, with other tools than ours."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backports import zstd

from builder.archive.elsewhere import Line, Passing

EPOCH = 1_600_000_000


@dataclass(frozen=True, slots=True)
class T:
    """One member of a tar archive to make, as `tarfile` understands it."""

    name: str
    data: bytes = b""
    type: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644
    mtime: float = EPOCH


def folder(name: str, mode: int = 0o755) -> T:
    return T(name, type=tarfile.DIRTYPE, mode=mode)


def symlink(name: str, target: str) -> T:
    return T(name, type=tarfile.SYMTYPE, link=target, mode=0o777)


def hardlink(name: str, target: str) -> T:
    return T(name, type=tarfile.LNKTYPE, link=target)


def tar(members: Iterable[T], form: int = tarfile.GNU_FORMAT) -> bytes:
    """Return an uncompressed tar archive, written by the standard library."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.size = len(member.data)
            info.type, info.linkname, info.mode, info.mtime = member.type, member.link, member.mode, member.mtime
            info.uid = info.gid = 1234
            archive.addfile(info, io.BytesIO(member.data))
    return out.getvalue()


def ar(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return an ar archive such as ``dpkg-deb`` writes."""
    out = b"!<arch>\n"
    for name, data in members:
        out += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        out += str(len(data)).encode().ljust(10) + b"`\n" + data + b"\n" * (len(data) % 2)
    return out


def zipped(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


INDEX = {"name": "foo", "version": "1.0", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": []}
STEM = "foo-1.0-0"
METADATA = b'{"conda_pkg_format_version": 2}'


def path_entry(path: str, data: bytes, **more: object) -> dict[str, object]:
    import hashlib

    return {"_path": path, "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data), **more}


def paths_json(entries: Iterable[Mapping[str, object]]) -> bytes:
    return json.dumps({"paths": list(entries), "paths_version": 1}).encode()


def info(entries: Iterable[Mapping[str, object]] = (), index: Mapping[str, object] = INDEX) -> list[T]:
    """The members of a small, right info archive."""
    return [T("info/index.json", json.dumps(index).encode()), T("info/paths.json", paths_json(entries))]


def conda(
    folder: Path,
    payload: bytes | None = None,
    info_tar: bytes | None = None,
    *,
    names: Iterable[str] = ("metadata.json", f"pkg-{STEM}.tar.zst", f"info-{STEM}.tar.zst"),
    metadata: bytes = METADATA,
    compression: int = zipfile.ZIP_STORED,
    file_name: str = f"{STEM}.conda",
) -> Path:
    """Write a package; by default a right one with one payload file."""
    data = b"hello\n"
    payload = tar([T("bin/hello", data, mode=0o755)]) if payload is None else payload
    info_tar = tar(info([path_entry("bin/hello", data)])) if info_tar is None else info_tar
    contents = {"metadata": metadata, "pkg": zstd.compress(payload), "info": zstd.compress(info_tar)}
    path = folder / file_name
    members = [
        (name, next((data for start, data in contents.items() if name.startswith(start)), b"")) for name in names
    ]
    path.write_bytes(zipped(members, compression))
    return path


def tree(folder: Path) -> dict[str, object]:
    """What lies below ``folder``: bytes of files, ``-> target`` of links, None for folders."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = None
        else:
            found[name] = path.read_bytes()
    return found


def writer(line: Line) -> int:
    """Fork off the process that writes; return its number."""
    other = os.fork()
    if other == 0:
        try:
            line.write()
        finally:
            os._exit(0)
    return other


@contextmanager
def elsewhere() -> Iterator[Passing]:
    """Pass what is made to a second process, which has ended after the block."""
    line = Line()
    other = writer(line)
    try:
        yield line.passing()
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
