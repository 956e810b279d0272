"""Reading a conda package strictly: its metadata, its members, and whether both agree (CEP 34, CEP 35)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.archive.conda import CondaFile
from builder.archive.extract import Tree
from builder.archive.formats import Members, open_archive
from builder.archive.member import MalformedError, Member, MemberKind, archive_errors
from builder.archive.policy import PACKAGES, Gate, UnpackLimits
from builder.archive.tar import Pieces
from builder.model.frozen import frozen
from builder.store import disk_errors, remove_tree

Json = dict[str, Any]

_DEFAULT = UnpackLimits()
_LARGEST_INFO = 256 << 20
_EXTENSIONS = (".conda", ".tar.bz2")


def read_package(path: Path, *, limits: UnpackLimits = _DEFAULT) -> OpenPackage:
    """Read the info folder of the package ``path``, whose file name must be that of its index.json.

    Raises:
        SourceError: no package, damaged, or not as CEP 34 and 35 say.
    """
    with archive_errors(path.name):
        extension = next((e for e in _EXTENSIONS if path.name.endswith(e)), None)
        if extension is None:
            raise MalformedError("a package's name ends with .conda or .tar.bz2")
        info, executables = _info_of(path, limits)
        package = OpenPackage(path, path.name.removesuffix(extension), info, executables, limits)
        package.check_identity()
    return package


@frozen(kw_only=False)
class OpenPackage:
    """A package whose info folder has been read; the payload is read when it is asked for.

    ``stem`` is ``name-version-build``. Names of info files are relative to ``info/``.
    """

    path: Path
    stem: str
    _info: dict[str, bytes]
    _executables: frozenset[str]
    _limits: UnpackLimits

    def index(self) -> Json:
        """Return index.json."""
        return self._json("index.json")

    def paths(self) -> tuple[Json, ...]:
        """Return the entries of paths.json."""
        with archive_errors(self.path.name):
            return tuple(_paths_of(self._json("paths.json")))

    def about(self) -> Json:
        """Return about.json, empty when there is none."""
        return self._json("about.json") if "about.json" in self._info else {}

    def run_exports(self) -> dict[str, tuple[str, ...]]:
        """Return the run exports by kind (``weak``, ``strong`` …); a bare list, as old packages have, is weak."""
        with archive_errors(self.path.name):
            return _run_exports_of(self._info.get("run_exports.json", b"{}"))

    def info_files(self) -> tuple[str, ...]:
        """Return the names of all info files, sorted."""
        return tuple(sorted(self._info))

    def read_info(self, name: str) -> bytes:
        """Return one info file's bytes; `KeyError` when it is not there."""
        return self._info[name]

    def is_executable(self, name: str) -> bool:
        """Whether one info file (a test's script, say) may be run as it is."""
        return name in self._executables

    def members(self) -> tuple[Member, ...]:
        """Return all members, those of the info folder first, after checking them against paths.json."""
        found: list[Member] = []
        with archive_errors(self.path.name):
            seen = _Seen(Gate(self.path.name, PACKAGES, self._limits))
            for member, content in self._all():
                seen.gate.admit(member)
                for _ in seen.watched(member, content):
                    pass
                found.append(member)
            seen.gate.finish()
            seen.compare(self.paths())
        return tuple(found)

    def extract(self, into: Path) -> None:
        """Extract payload and info into ``into`` (missing or empty), checked against paths.json; all or nothing.

        Raises:
            SourceError: a member that the policy refuses, or one that is not as paths.json says.
        """
        if into.exists() and any(into.iterdir()):
            raise ValueError(f"{into} is not empty")
        with disk_errors(into), archive_errors(self.path.name):
            into.mkdir(parents=True, exist_ok=True)
            try:
                seen = _Seen(Gate(self.path.name, PACKAGES, self._limits))
                with Tree(into, seen.gate) as tree:
                    for member, content in self._all():
                        tree.add(member, seen.watched(member, content))
                    tree.finish()
                seen.compare(self.paths())
            except BaseException:
                remove_tree(into)
                raise

    def check_identity(self) -> None:
        """Raise `MalformedError` unless index.json gives the file's own name and the build string its number."""
        index = self.index()
        parts = [index.get(key) for key in ("name", "version", "build")]
        if not all(isinstance(part, str) and part for part in parts) or "-".join(map(str, parts)) != self.stem:
            raise MalformedError(f"index.json says {parts}, which is not the file's name")
        if not isinstance(index.get("build_number"), int) or not isinstance(index.get("subdir"), str):
            raise MalformedError("index.json has no build_number or no subdir")

    def _all(self) -> Members:
        return open_archive(self.path, self.path.name, self._limits).members

    def _json(self, name: str) -> Json:
        with archive_errors(self.path.name):
            if name not in self._info:
                raise MalformedError(f"it has no info/{name}")
            found = _parsed(name, self._info[name])
            if not isinstance(found, dict):
                raise MalformedError(f"info/{name} is no object")
            return found


def package_record(package: Path | OpenPackage, *, sha256: str, md5: str, size: int) -> str:
    """Return the package's index record (CEP 36) as canonical JSON: index.json, digests, size, run exports if any."""
    opened = read_package(package) if isinstance(package, Path) else package
    record: Json = {**opened.index(), "sha256": sha256, "md5": md5, "size": size}
    if exports := opened.run_exports():
        record["run_exports"] = exports
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class _Seen:
    """What went past while a package was read, to be compared with what paths.json says."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._files: dict[str, tuple[str, int]] = {}
        self._links: set[str] = set()
        self._folders: set[str] = set()

    def watched(self, member: Member, content: Pieces) -> Pieces:
        """Note a member of the payload and return its content, which is digested as it goes past."""
        path = member.path.removeprefix("./").removesuffix("/")
        if path == "info" or path.startswith("info/"):
            return content
        match member.kind:
            case MemberKind.FILE:
                return self._digested(path, content)
            case MemberKind.HARDLINK:
                self._files[path] = self._files[self.gate.original(member)]
            case MemberKind.SYMLINK:
                self._links.add(path)
            case MemberKind.DIRECTORY:
                self._folders.add(path)
        return content

    def _digested(self, path: str, content: Pieces) -> Pieces:
        digest, size = hashlib.sha256(), 0
        for piece in content:
            digest.update(piece)
            size += len(piece)
            yield piece
        self._files[path] = (digest.hexdigest(), size)

    def compare(self, listed: tuple[Json, ...]) -> None:
        """Raise `MalformedError` unless ``listed`` is what was seen; folders need not be listed."""
        missing = self._files.keys() | self._links
        for entry in listed:
            path = entry["_path"]
            found = self._files.get(path)
            if found is not None:
                said = (entry.get("sha256") or found[0], entry.get("size_in_bytes", found[1]))
                if said != found:
                    raise MalformedError(f"{path[:200]!r} has not the digest and size that paths.json says")
            elif path not in self._links and path not in self._folders:
                raise MalformedError(f"paths.json lists {path[:200]!r}, which is not there")
            missing.discard(path)
        if missing:
            raise MalformedError(f"{min(missing)[:200]!r} is not listed in paths.json")


def _info_of(path: Path, limits: UnpackLimits) -> tuple[dict[str, bytes], frozenset[str]]:
    """Return all info files and which are executable; of a .tar.bz2 that means reading all of it."""
    members = (
        CondaFile(path, limits).info()
        if path.name.endswith(".conda")
        else open_archive(path, path.name, limits).members
    )
    gate = Gate(path.name, PACKAGES, limits)
    info: dict[str, bytes] = {}
    executables: set[str] = set()
    size = 0
    for member, content in members:
        tidy = gate.admit(member)
        if tidy is None or not tidy.startswith("info/") or member.kind is not MemberKind.FILE:
            continue
        size += member.size
        if size > _LARGEST_INFO:
            raise MalformedError(f"its info folder holds more than {_LARGEST_INFO} bytes")
        name = tidy.removeprefix("info/")
        info[name] = b"".join(content)
        if member.mode & 0o100:
            executables.add(name)
    return info, frozenset(executables)


def _parsed(name: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"info/{name} is no JSON: {error}") from error


def _paths_of(document: Json) -> Iterator[Json]:
    entries = document.get("paths")
    if not isinstance(entries, list) or not all(
        isinstance(e, dict) and isinstance(e.get("_path"), str) for e in entries
    ):
        raise MalformedError("info/paths.json lists no paths")
    for entry in entries:
        parts = entry["_path"].split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or parts[0] == "info":
            raise MalformedError(f"info/paths.json lists {entry['_path'][:200]!r}")
        yield entry


def _run_exports_of(data: bytes) -> dict[str, tuple[str, ...]]:
    found = _parsed("run_exports.json", data)
    kinds = {"weak": found} if isinstance(found, list) else found
    if not isinstance(kinds, dict):
        raise MalformedError("info/run_exports.json is no object")
    return {kind: tuple(map(str, specs)) for kind, specs in sorted(kinds.items()) if isinstance(specs, list) and specs}
