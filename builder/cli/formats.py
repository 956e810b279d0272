"""The formats of recipes, told apart by the names of files."""

from __future__ import annotations

import os
import re
from pathlib import Path

from builder.model.variant import BESIDE_RECIPES

RECIPE_NAMES = ("recipe.yaml", "meta.yaml")
"""What is looked for in a folder; where both are, the first counts, as for rattler-build."""

_LEGACY_NAMES = frozenset({"meta.yaml", "meta.yml", "conda.yaml", "conda.yml"})
"""conda-build's names; the last three count only when they are named."""

_CURRENT_TEXT = re.compile(r"\$\{\{|^(?:schema_version|context|recipe|tests):", re.MULTILINE)
_LEGACY_TEXT = re.compile(r"^\s*\{%|\{\{|^test:|#\s*\[[^\]]*\]\s*$", re.MULTILINE)
"""What no recipe has in the other format, and hardly one of this format lacks."""


def is_legacy(file: Path) -> bool:
    """Whether a file is a recipe in conda-build's format."""
    return file.name in _LEGACY_NAMES


def beside_recipe(file: Path) -> tuple[str, ...]:
    """Return the names of variant files that may stand beside a recipe; the first that is there is taken."""
    return ("conda_build_config.yaml",) if is_legacy(file) else BESIDE_RECIPES


def recipe_in(folder: str) -> str | None:
    """Return the recipe file of a folder, None if it has none."""
    for name in RECIPE_NAMES:
        file = f"{folder}/{name}"
        if os.path.isfile(file):  # noqa: PTH113 - as texts, for there are thousands
            return file
    return None


def name_for(text: str) -> str:
    """Return the name of a recipe that came without one: that of the format in which it is written."""
    legacy = _LEGACY_TEXT.search(text) and not _CURRENT_TEXT.search(text)
    return "meta.yaml" if legacy else "recipe.yaml"
