"""Packs a relocated payload into a package with all its metadata, the same bytes every time."""

from __future__ import annotations

from builder.pack.pack import pack
from builder.pack.reading import read_back
from builder.pack.request import Inherited, PackRequest, TestFile, Tool

__all__ = ["Inherited", "PackRequest", "TestFile", "Tool", "pack", "read_back"]
