"""The outside of a ``.conda`` file: a stored zip of metadata.json and two compressed tar archives (CEP 35)."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator

from builder.archive.decompress import decompressed
from builder.archive.member import Archive, MalformedError, Member, reading
from builder.archive.policy import UnpackLimits
from builder.archive.tar import Pieces, Stream, read_tar
from builder.archive.zipdata import nothing_else
from builder.archive.zips import zip_errors

METADATA = b'{"conda_pkg_format_version": 2}'
_VERSION = 2
_LARGEST_METADATA = 4096


class CondaFile:
    """A ``.conda`` file whose outside has been judged: exactly three stored entries whose names agree."""

    def __init__(self, archive: Archive, limits: UnpackLimits) -> None:
        """Judge the file's outside; `MalformedError` for anything that CEP 35 does not describe."""
        self._archive = archive
        self._limits = limits
        with reading(archive) as bare, zip_errors(), zipfile.ZipFile(bare) as file:
            entries = file.infolist()
            self.stem = _stem([entry.filename for entry in entries])
            for entry in entries:
                if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
                    raise MalformedError(f"{entry.filename!r} is not stored as it is")
            nothing_else(bare, file)
            if file.getinfo("metadata.json").file_size > _LARGEST_METADATA:
                raise MalformedError("metadata.json is too large")
            _check_version(file.read("metadata.json"))

    def info(self) -> Iterator[tuple[Member, Pieces]]:
        """Yield the members of the info archive; all lie below ``info/``."""
        for member, content in self._part("info"):
            if not member.path.startswith("info/"):
                raise MalformedError(f"payload file {member.path[:200]!r} lies in the info archive")
            yield member, content

    def payload(self) -> Iterator[tuple[Member, Pieces]]:
        """Yield the members of the payload archive; none lies below ``info/``."""
        for member, content in self._part("pkg"):
            if f"{member.path}/".startswith(("info/", "./info/")):
                raise MalformedError(f"info file {member.path[:200]!r} lies in the payload archive")
            yield member, content

    def members(self) -> Iterator[tuple[Member, Pieces]]:
        """Yield all members."""
        yield from self.info()
        yield from self.payload()

    def _part(self, which: str) -> Iterator[tuple[Member, Pieces]]:
        name = f"{which}-{self.stem}.tar.zst"
        with zip_errors(), zipfile.ZipFile(self._archive) as archive, archive.open(name) as file:

            def read(count: int) -> bytes:
                with zip_errors():  # contents are read by whoever takes them, outside of this function
                    return file.read(count)

            plain = decompressed(read, "zstd", self._limits, single=True)
            yield from read_tar(Stream(plain), whole=True)


def _stem(names: list[str]) -> str:
    """Return the ``name-version-build`` on which all three entries agree."""
    stems = {
        part: [
            n.removeprefix(part).removesuffix(".tar.zst")
            for n in names
            if n.startswith(part) and n.endswith(".tar.zst")
        ]
        for part in ("pkg-", "info-")
    }
    packages, infos = stems["pkg-"], stems["info-"]
    if len(names) != 3 or len(packages) != 1 or packages != infos or "metadata.json" not in names:
        raise MalformedError(
            f"it must hold metadata.json, one pkg- and one info- archive, but holds {sorted(names)[:8]}"
        )
    return packages[0]


def _check_version(metadata: bytes) -> None:
    try:
        found = json.loads(metadata)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("conda_pkg_format_version") != _VERSION:
        raise MalformedError(f"metadata.json does not say format version {_VERSION}")
