"""Recipes of conda-build's format, ``meta.yaml``: what their text comes to for one variant."""

from __future__ import annotations

from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.output import package_output
from builder.recipe.v0.outputs import OutputMetadata, output_metadata, outputs_of
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.scope import Scope
from builder.recipe.v0.text import MetaText, load_meta

__all__ = [
    "MetaText", "Metadata", "OutputMetadata", "Remarks", "Scope", "load_meta", "output_metadata", "outputs_of",
    "package_output",
]  # fmt: skip
