"""Reading a conda package strictly: its metadata, its members, and whether both agree (CEP 34, CEP 35)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from builder.archive.conda import CondaFile
from builder.archive.document import Json, parsed, parsed_object
from builder.archive.extract import Tree
from builder.archive.files import Files, Making, compared
from builder.archive.formats import Members, open_archive
from builder.archive.listing import Seen, check_declared, check_ratio, listing
from builder.archive.member import FILE, Archive, MalformedError, Member, MemberKind, size_of
from builder.archive.metadata import check_index, check_link, for_index, run_exports_of
from builder.archive.policy import PACKAGES, Gate, UnpackLimits
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.store.removal import remove_tree
from builder.store.writing import disk_errors

_DEFAULT = UnpackLimits()
_LARGEST_INFO = 128 << 20
_EXTENSIONS = (".conda", ".tar.bz2")


@contextmanager
def package_errors(name: str) -> Iterator[None]:
    """Turn `MalformedError` into a `SourceError` that names the package."""
    try:
        yield
    except MalformedError as error:
        raise SourceError(
            f"{name}: {error}",
            code="archive.package",
            remedy="get it from its channel again; if it is so there, do not use it, and tell those who built it",
        ) from error


def read_package(path: Path, *, limits: UnpackLimits = _DEFAULT, file: BinaryIO | None = None) -> OpenPackage:
    """Read the info folder of the package ``path``, whose file name must be that of its index.json.

    With ``file``, which must stay open, that is read, and ``path`` only names it.

    Raises:
        SourceError: no package, damaged, or not as CEP 34 and 35 say.
    """
    with package_errors(path.name):
        extension = next((e for e in _EXTENSIONS if path.name.endswith(e)), None)
        if extension is None:
            raise SourceError(
                f"{path.name} is no package: a package's name ends with .conda or .tar.bz2",
                code="archive.no-package",
                remedy="name a package file of a channel",
            )
        info, executables = _info_of(file or path, path.name, limits)
        package = OpenPackage(path, path.name.removesuffix(extension), info, executables, limits, file)
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
    _file: BinaryIO | None = None

    def index(self) -> Json:
        """Return index.json."""
        return self._json("index.json")

    def paths(self) -> tuple[Json, ...]:
        """Return the entries of paths.json; of packages from before it, those that their lists come to."""
        with package_errors(self.path.name):
            return listing(self._info, noarch_python=self.index().get("noarch") == "python")

    def about(self) -> Json:
        """Return about.json, empty when there is none."""
        return self._json("about.json") if "about.json" in self._info else {}

    def run_exports(self) -> dict[str, tuple[str, ...]]:
        """Return the run exports by kind (``weak``, ``strong`` …); a bare list, as old packages have, is weak."""
        with package_errors(self.path.name):
            return run_exports_of(parsed("info/run_exports.json", self._info.get("run_exports.json", b"{}")))

    def info_files(self) -> tuple[str, ...]:
        """Return the names of all info files, sorted."""
        return tuple(sorted(self._info))

    def read_info(self, name: str) -> bytes:
        """Return one info file's bytes; `KeyError` when it is not there."""
        return self._info[name]

    def value_of(self, name: str) -> object:
        """Return what one info file says as JSON, None when it is not there or says nothing that can be read.

        It is for what nobody needs to act upon.
        """
        try:
            return parsed(name, self._info[name])
        except (KeyError, MalformedError):
            return None

    def is_executable(self, name: str) -> bool:
        """Whether one info file (a test's script, say) may be run as it is."""
        return name in self._executables

    def members(self) -> tuple[Member, ...]:
        """Return all members, those of the info folder first, after checking them against paths.json."""
        found: list[Member] = []
        with package_errors(self.path.name):
            seen = self._seen()
            for member, content in self._all():
                path = seen.gate.admit(member)
                if path and member.kind is FILE and (digest := seen.expected(path, member)):
                    for _ in compared(path, content, digest):
                        pass
                seen.passed(member)
                found.append(member)
            seen.finish()
        return tuple(found)

    def extract(self, into: Path, *, making: Making = Files) -> None:
        """Extract payload and info into ``into`` (missing or empty), checked against paths.json; all or nothing.

        ``making`` is what writes there.

        Raises:
            SourceError: a member that the policy refuses, or one that is not as paths.json says.
        """
        if into.exists() and any(into.iterdir()):
            raise ValueError(f"{into} is not empty")
        with disk_errors(into), package_errors(self.path.name):
            into.mkdir(parents=True, exist_ok=True)
            try:
                seen = self._seen()
                with Tree(into, seen.gate, making, seen.expected) as tree:
                    for member, content in self._all():
                        tree.add(member, content)
                        seen.passed(member)
                    tree.finish()
                seen.finish()
            except BaseException:
                remove_tree(into)
                raise

    def check_identity(self) -> None:
        """Raise `MalformedError` unless what installers act on names this package and has the right form."""
        index = parsed_object("info/index.json", self._required("index.json"))
        check_index(index, self.stem)
        if "link.json" in self._info:
            check_link(parsed_object("info/link.json", self._info["link.json"]), index)

    def _seen(self) -> Seen:
        entries = self.paths()
        packed = size_of(self._file or self.path)
        check_declared(entries, packed, self._limits)
        return Seen(Gate(self.path.name, PACKAGES, self._limits, packed=packed), entries)

    def _all(self) -> Members:
        return open_archive(self._file or self.path, self.path.name, self._limits, package=True).members

    def _json(self, name: str) -> Json:
        with package_errors(self.path.name):
            return parsed_object(f"info/{name}", self._required(name))

    def _required(self, name: str) -> bytes:
        if name not in self._info:
            raise MalformedError(f"it has no info/{name}")
        return self._info[name]


def package_record(package: Path | OpenPackage, *, sha256: str, md5: str, size: int) -> str:
    """Return the package's index record (CEP 36) as canonical JSON: index.json, digests, size, run exports if any."""
    opened = read_package(package) if isinstance(package, Path) else package
    record: Json = {**for_index(opened.index()), "sha256": sha256, "md5": md5, "size": size}
    if exports := opened.run_exports():
        record["run_exports"] = exports
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _info_of(archive: Archive, name: str, limits: UnpackLimits) -> tuple[dict[str, bytes], frozenset[str]]:
    """Return all info files and which are executable; of a .tar.bz2 that means reading all of it."""
    if name.endswith(".conda"):
        outside = CondaFile(archive, limits)
        if f"{outside.stem}.conda" != name:
            raise MalformedError(f"the archives in it are those of {outside.stem[:200]!r}")
        members = outside.info()
    else:
        members = open_archive(archive, name, limits, package=True).members
    gate = Gate(name, PACKAGES, limits)
    whole = size_of(archive)
    info: dict[str, bytes] = {}
    executables: set[str] = set()
    size = 0
    for member, content in members:
        tidy = gate.admit(member)
        check_ratio(gate.size, whole, limits)
        if tidy is None or not tidy.startswith("info/"):
            continue
        if member.kind is not MemberKind.FILE:
            if tidy.count("/") == 1 and member.kind is not MemberKind.DIRECTORY:
                raise MalformedError(f"{tidy!r} is a {member.kind}; what describes a package is in files of its own")
            continue
        size += member.size
        if size > _LARGEST_INFO:
            raise MalformedError(f"its info folder holds more than {_LARGEST_INFO:,} bytes")
        inside = tidy.removeprefix("info/")
        info[inside] = b"".join(content)
        if member.mode & 0o100:
            executables.add(inside)
    return info, frozenset(executables)
