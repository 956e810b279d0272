"""What is to be told of what a package is made of: odd archives, sources and packages that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterable

from builder.model.finding import Finding, Severity
from builder.model.source import SourceDigest, SourceTree

UNHASHED = "unhashed"
"""The check's name of sources without a sha256."""

UNPUBLISHABLE = "unpublishable"
"""The check's name of packages that are built with such as are never to be published."""


def of_sources(*trees: SourceTree) -> tuple[Finding, ...]:
    """Return the findings about the sources that a package's files come from, a staging output's among them."""
    digests = dict.fromkeys(digest for one in trees for digest in one.digests if digest.unhashed)
    return (*(finding for one in trees for finding in one.findings), *map(_unhashed, digests))


def of_packages(names: Iterable[str]) -> tuple[Finding, ...]:
    """Return a finding for each package of the environments that is never to be published."""
    return tuple(
        Finding(
            check=UNPUBLISHABLE,
            severity=Severity.WARNING,
            message=f"it is built with {name}, which is never to be published, so it is not either",
            remedy=f"give each source of {name} its sha256 and build it again",
        )
        for name in names
    )


def _unhashed(digest: SourceDigest) -> Finding:
    return Finding(
        check=UNHASHED,
        severity=Severity.WARNING,
        message=f"{digest.url} has no sha256 in the recipe, so the package is never to be published",
        remedy=f"compare what came with what its author publishes, then write `sha256: {digest.sha256}`",
    )
