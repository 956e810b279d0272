"""Small real packages and channels for the tests of this room, written without the code that they test."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backports import zstd

from builder.model.package import Package

EPOCH = 1_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What to put into a package: ``files`` maps a path to its bytes, ``links`` to a symlink's target.

    ``prefixed`` maps a path to the placeholder that its bytes hold and to ``text`` or ``binary``. ``time`` is when it
    was made, in seconds since 1970. ``more`` is what else its index.json says, ``keys`` its
    ``info/bakehouse/keys.json``.
    """

    name: str
    version: str = "1.0"
    build: str = "h1_0"
    build_number: int = 0
    subdir: str = "linux-64"
    depends: Sequence[str] = ()
    constrains: Sequence[str] = ()
    noarch: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: Sequence[str] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    prefixed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    run_exports: Mapping[str, Sequence[str]] | None = None
    entry_points: Sequence[str] = ()
    site_packages: str | None = None
    time: int | None = EPOCH
    keys: bytes | None = None
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.build}.conda"

    def index(self) -> dict[str, object]:
        found: dict[str, object] = {
            "name": self.name, "version": self.version, "build": self.build, "build_number": self.build_number,
            "subdir": self.subdir, "depends": list(self.depends), "constrains": list(self.constrains),
        }  # fmt: skip
        if self.time is not None:
            found["timestamp"] = self.time * 1000
        if self.noarch:
            found["noarch"] = self.noarch
        if self.site_packages:
            found["python_site_packages_path"] = self.site_packages
        return found | dict(self.more)


def write(made: Made, folder: Path) -> Path:
    """Write the package below ``folder``, in its subdir."""
    place = folder / made.subdir / made.file_name
    place.parent.mkdir(parents=True, exist_ok=True)
    stem = made.file_name.removesuffix(".conda")
    info = {"info/index.json": _json(made.index()), "info/paths.json": _json(_paths(made))}
    if made.run_exports:
        info["info/run_exports.json"] = _json(made.run_exports)
    if made.noarch == "python":
        link = {"noarch": {"type": "python", "entry_points": list(made.entry_points)}, "package_metadata_version": 1}
        info["info/link.json"] = _json(link)
    if made.keys is not None:
        info["info/bakehouse/keys.json"] = made.keys
    with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (
            ("metadata.json", b'{"conda_pkg_format_version": 2}'),
            (f"pkg-{stem}.tar.zst", _tar(made.files, made.links, made.executable)),
            (f"info-{stem}.tar.zst", _tar(info, {}, ())),
        ):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return place


def record(path: Path, made: Made, *, with_run_exports: bool = True) -> dict[str, object]:
    """Return the package's index record."""
    content = path.read_bytes()
    found = made.index() | {
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content).hexdigest(),
        "size": len(content),
    }
    if with_run_exports:
        found["run_exports"] = dict(made.run_exports or {})
    return found


def channel(folder: Path, *packages: Made, with_run_exports: bool = True) -> Path:
    """Write a channel of these packages with its indexes; packages that it has already stay."""
    for made in packages:
        write(made, folder)
    subdirs = {"noarch", "linux-64"} | {made.subdir for made in packages}
    for subdir in subdirs:
        place = folder / subdir / "repodata.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        old = json.loads(place.read_text()) if place.exists() else {"packages.conda": {}}
        records = old["packages.conda"] | {
            made.file_name: record(folder / subdir / made.file_name, made, with_run_exports=with_run_exports)
            for made in packages
            if made.subdir == subdir
        }
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": records, "repodata_version": 1}
        fresh = place.with_suffix(".new")
        fresh.write_bytes(_json(index))
        fresh.rename(place)
    return folder


def loose(folder: Path, made: Made) -> Package:
    """Write a package that is in no channel."""
    path = write(made, folder)
    found = record(path, made)
    return Package(
        path=path, file_name=made.file_name, name=made.name, version=made.version, build=made.build,
        subdir=made.subdir, sha256=str(found["sha256"]), md5=str(found["md5"]), size=len(path.read_bytes()),
        record=json.dumps(found), recipe_key="0" * 64, build_key="0" * 64,
    )  # fmt: skip


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()


def _paths(made: Made) -> dict[str, object]:
    entries: list[dict[str, object]] = []
    for path, content in made.files.items():
        entry: dict[str, object] = {
            "_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }  # fmt: skip
        if path in made.prefixed:
            placeholder, mode = made.prefixed[path]
            entry |= {"prefix_placeholder": placeholder, "file_mode": mode}
        entries.append(entry)
    entries += [{"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
                for path in made.links]  # fmt: skip
    return {"paths": entries, "paths_version": 1}


def _tar(files: Mapping[str, bytes], links: Mapping[str, str], executable: Sequence[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mtime, member.mode = len(content), EPOCH, 0o755 if path in executable else 0o644
            archive.addfile(member, io.BytesIO(content))
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname, member.mtime, member.mode = tarfile.SYMTYPE, target, EPOCH, 0o777
            archive.addfile(member)
    return zstd.compress(buffer.getvalue())
