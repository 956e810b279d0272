"""From the paths and options of a command line to renderings; shared by every verb that starts with recipes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from builder.cli.collection import Collection, find_collection, recipe_files
from builder.cli.options import Selection
from builder.errors import BakehouseError, RecipeError
from builder.matrix import load_variants, render, variant_files
from builder.model.frozen import frozen
from builder.model.rendering import Platforms, Rendering
from builder.recipe import load

BUILD_PLATFORM = "linux-64"
"""The platform that scripts run on: the only one so far."""


@frozen
class Rendered:
    """What came of a selection; one broken recipe hides no other."""

    collection: Collection
    renderings: tuple[Rendering, ...]
    errors: tuple[BakehouseError, ...] = ()

    def raise_errors(self) -> None:
        """Raise one error with the problems of all recipes that could not be rendered."""
        if self.errors:
            raise RecipeError.of([problem for error in self.errors for problem in error.problems])


def render_selection(selection: Selection) -> Rendered:
    """Render every recipe that the selection names, over the collection's variants and those given."""
    collection = find_collection(selection.wanted[0])
    files = recipe_files(selection.wanted if selection.given else (_own_folder(collection) or selection.wanted))
    return render_files(files, selection, collection)


def _own_folder(collection: Collection) -> tuple[Path, ...]:
    """Return where recipes are when none is named: here, or those of the collection whose root this is."""
    here = Path()
    if (here / "recipe.yaml").is_file() or collection.root != here.resolve():
        return ()
    return collection.recipes


def render_files(files: Sequence[Path], selection: Selection, collection: Collection) -> Rendered:
    """Render ``files``; variant files count in this order: the collection's, the one beside the recipe, those given."""
    host = selection.target_platform or BUILD_PLATFORM
    platforms = Platforms(target=host, host=host, build=BUILD_PLATFORM)
    renderings: list[Rendering] = []
    errors: list[BakehouseError] = []
    for file in files:
        given = (*variant_files(file.parent), *selection.variant_files)
        try:
            config = load_variants((*collection.variants, *given), selection.overrides(), platforms, os.environ)
            renderings += render(load(file), config, platforms)
        except BakehouseError as error:
            errors.append(error)
    return Rendered(collection=collection, renderings=tuple(renderings), errors=tuple(errors))
