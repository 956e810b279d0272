"""Turns a recipe's sources into one verified, patched tree: fetched by hash, unpacked, merged."""

from __future__ import annotations

from builder.source.address import Addresses
from builder.source.digests import source_digests
from builder.source.fetch import Fetcher
from builder.source.prepare import WorkFolder, prepare

__all__ = ["Addresses", "Fetcher", "WorkFolder", "prepare", "source_digests"]
