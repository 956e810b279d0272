"""Rendering of ``meta.yaml`` over variants, as conda-build does it before a solve."""

from __future__ import annotations

from builder.matrix.v0.config import LegacyConfig, combined
from builder.matrix.v0.files import LegacyFiles, read_config
from builder.matrix.v0.render import render_meta

__all__ = ["LegacyConfig", "LegacyFiles", "combined", "read_config", "render_meta"]
