"""A fetched, verified, patched source tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDigest:
    """What one source entry was, for keys, the SBOM and provenance: ``url`` is the address as the recipe gives it."""

    url: str
    sha256: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """The tree that a script starts in.

    ``newest`` is the newest member time of the hashed sources (seconds since 1970), None without hashed sources.
    """

    folder: Path
    digests: tuple[SourceDigest, ...] = ()
    newest: int | None = None
