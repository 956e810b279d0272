"""What the recipes of one selection are rendered from; what several of them share is read once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli.asking import Asking, asking
from builder.cli.collection import Collection
from builder.cli.selection import Selection
from builder.matrix import VariantConfig, load_variants, variant_files
from builder.model.rendering import Platforms
from builder.model.variant import VariantRule
from builder.recipe import RecipeText, load
from builder.syntax import Compiler

if TYPE_CHECKING:  # see `builder.cli.asking`
    from builder.cli.options import Places


class Inputs:
    """Reads recipes and variant files for a selection in a collection."""

    def __init__(self, selection: Selection, collection: Collection, places: Places | None = None) -> None:
        """Read nothing yet; `UsageError` for platforms that are none."""
        self.selection = selection
        self.collection = collection
        self.platforms: Platforms = selection.platforms()
        self._places = places
        self._compiler = Compiler()
        self._configs: dict[tuple[Path, ...], VariantConfig] = {}

    def text(self, file: Path) -> RecipeText:
        """Return the recipe's text."""
        return load(file, self._compiler, self.selection.switches)

    def config(self, file: Path) -> VariantConfig:
        """Return the values of all variant files that count for a recipe.

        They count in this order: the collection's, the one beside the recipe, those given.
        """
        beside = variant_files(file.parent) if self.selection.recipe_variants else ()
        files = (*self.collection.variants, *beside, *self.selection.variant_files)
        if files in self._configs:
            return self._configs[files]
        rules = self.collection.rules.union(map(VariantRule, self.selection.rules))
        config = replace(load_variants(files, self.selection.overrides(), self.platforms, os.environ), rules=rules)
        if not beside:  # those with a file of their own are not met again
            self._configs[files] = config
        return config

    def ask(self, file: Path) -> Asking:
        """Return what the recipe is told of the machine."""
        return asking(file, self.selection, self.collection, self._places)
