"""What a plan is made against."""

from __future__ import annotations

from pathlib import Path

from builder.model.recipe import UrlSource
from builder.plan.context import FORMAT, PlanContext, SourceDigests
from builder.source import source_digests
from tests.plan.fakes import CONTEXT, digests


def test_defaults_know_nothing_of_the_channel() -> None:
    assert PlanContext(rootfs_digest="rootfs 1", sources=digests) == CONTEXT
    assert not CONTEXT.known
    assert not CONTEXT.records
    assert CONTEXT.sealed
    assert CONTEXT.epoch is None
    assert CONTEXT.format == FORMAT


def test_the_source_rooms_digests_fit_the_seam(tmp_path: Path) -> None:
    ask: SourceDigests = source_digests
    source = UrlSource(urls=("https://example.org/a.tar.gz",), sha256="0" * 64)
    assert [one.sha256 for one in ask((source,), tmp_path)] == [one.sha256 for one in digests((source,), tmp_path)]
