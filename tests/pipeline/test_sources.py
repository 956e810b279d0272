"""What is told of a package's sources."""

from __future__ import annotations

from pathlib import Path

from builder.model.finding import Finding, Severity
from builder.model.source import SourceDigest, SourceTree
from builder.pipeline.sources import UNHASHED, UNPUBLISHABLE, of_packages, of_sources

ODD = Finding(check="source", severity=Severity.WARNING, message="a.tar: member 'x' is odd")
KNOWN = SourceDigest(url="https://example.org/a", sha256="a" * 64, kind="url")
CAME = SourceDigest(url="https://example.org/b", sha256="b" * 64, kind="url", unhashed=True)


def tree(*digests: SourceDigest, findings: tuple[Finding, ...] = ()) -> SourceTree:
    return SourceTree(folder=Path("work"), digests=digests, findings=findings)


def test_nothing_of_what_the_recipe_vouches_for() -> None:
    assert of_sources(tree(KNOWN)) == ()
    assert of_sources() == ()


def test_a_source_that_nobody_vouches_for() -> None:
    [finding] = of_sources(tree(KNOWN, CAME))
    assert (finding.check, finding.severity) == (UNHASHED, Severity.WARNING)
    assert "https://example.org/b" in finding.message
    assert "never to be published" in finding.message
    assert f"`sha256: {'b' * 64}`" in (finding.remedy or "")


def test_odd_archives_come_first_and_a_staging_outputs_before_its_packages() -> None:
    other = Finding(check="source", severity=Severity.WARNING, message="b.tar: member 'y' is odd")
    found = of_sources(tree(CAME, findings=(ODD,)), tree(CAME, findings=(other,)))
    assert found[:2] == (ODD, other)
    assert [finding.check for finding in found[2:]] == [UNHASHED]


def test_packages_that_are_never_to_be_published() -> None:
    assert of_packages(()) == ()
    first, second = of_packages(("a-1-0.conda", "b-1-0.conda"))
    assert (first.check, first.severity) == (UNPUBLISHABLE, Severity.WARNING)
    assert "built with a-1-0.conda" in first.message
    assert "b-1-0.conda" in (second.remedy or "")
