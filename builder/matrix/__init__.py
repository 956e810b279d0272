"""Recipe and variant files → renderings: each output over its own variant keys, with build hash and build string."""

from __future__ import annotations

from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.collisions import last_of_each, refuse_collisions, replaced
from builder.matrix.config import VariantConfig
from builder.matrix.document import rendering_document
from builder.matrix.files import load_variants, variant_files
from builder.matrix.identity import build_hash, hash_input, value_text
from builder.matrix.keys import variant_key
from builder.matrix.render import render

__all__ = [
    "DEFAULT_LIMIT",
    "VariantConfig",
    "build_hash",
    "hash_input",
    "last_of_each",
    "load_variants",
    "refuse_collisions",
    "render",
    "rendering_document",
    "replaced",
    "value_text",
    "variant_files",
    "variant_key",
]
