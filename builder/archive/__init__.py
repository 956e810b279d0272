"""Archives in and out under one member policy: tar, zip, wheel, ``.deb``, ``.conda``, ``.tar.bz2``."""

from __future__ import annotations

from builder.archive.formats import is_archive
from builder.archive.member import ArchiveMember, Member, MemberKind
from builder.archive.package import OpenPackage, package_record, read_package
from builder.archive.policy import UnpackLimits
from builder.archive.unpack import Unpacked, lay_out, unpack
from builder.archive.write import DEFAULT_COMPRESSION, Compression, Written, write_conda, write_tar_bz2

__all__ = [
    "DEFAULT_COMPRESSION",
    "ArchiveMember",
    "Compression",
    "Member",
    "MemberKind",
    "OpenPackage",
    "UnpackLimits",
    "Unpacked",
    "Written",
    "is_archive",
    "lay_out",
    "package_record",
    "read_package",
    "unpack",
    "write_conda",
    "write_tar_bz2",
]
