"""The digests of bytes on their way past: sha256, md5 and size in one pass."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.errors import SourceError
from builder.model.frozen import frozen

_BLOCK = 1 << 18


@frozen
class Digest:
    """Digests in lower-case hexadecimal and ``size`` in bytes of one file."""

    sha256: str
    md5: str
    size: int

    def expect(self, sha256: str | None) -> None:
        """Raise `SourceError` unless the sha256 is the one expected; None expects nothing."""
        if sha256 is not None and self.sha256 != sha256.lower():
            raise SourceError(
                f"sha256 is {self.sha256} ({self.size} bytes), expected {sha256}",
                code="source.digest",
                remedy="check the address and the digest in the recipe; upstream may have replaced the file",
            )


class Digester:
    """Takes bytes piece by piece and gives their `Digest`."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Take the next piece."""
        self._sha256.update(data)
        self._md5.update(data)
        self.size += len(data)

    def digest(self) -> Digest:
        """Return the digest of all pieces so far."""
        return Digest(sha256=self._sha256.hexdigest(), md5=self._md5.hexdigest(), size=self.size)


def digest_file(path: Path) -> Digest:
    """Return the digests of the file at ``path``, reading it once."""
    digester = Digester()
    buffer = memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digester.update(buffer[:count])
    return digester.digest()
