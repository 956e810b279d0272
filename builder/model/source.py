"""A fetched, verified, patched source tree."""

from __future__ import annotations

from pathlib import Path

from builder.model.finding import Finding
from builder.model.frozen import frozen


@frozen
class SourceDigest:
    """What one source entry was, for keys, the SBOM and provenance: ``url`` is the address as the recipe gives it.

    ``sha256`` is the file's for an address; for a path it knows names and executable bits too. Then ``contents_sha256``
    is what others can compute: CEP 19's hash of a folder, the plain sha256 of a file. A git source is its ``commit``,
    and ``sha256`` stands for that. ``unhashed`` says that the recipe has no sha256: it is that of what came.
    """

    url: str
    sha256: str
    kind: str
    contents_sha256: str | None = None
    commit: str | None = None
    unhashed: bool = False


@frozen
class SourceTree:
    """The tree that a script starts in.

    ``newest`` is the newest member or commit time of the hashed sources (seconds since 1970), None without such.
    ``findings`` tell what was odd about archives and not refused.
    """

    folder: Path
    digests: tuple[SourceDigest, ...] = ()
    newest: int | None = None
    findings: tuple[Finding, ...] = ()
