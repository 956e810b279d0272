"""From the paths and options of a command line to renderings; shared by every verb that starts with recipes."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from builder.cli.collection import Collection, find_collection, recipe_files
from builder.cli.options import Selection
from builder.errors import BakehouseError, RecipeError, UsageError
from builder.matrix import load_variants, render, variant_files
from builder.model.frozen import frozen
from builder.model.rendering import Platforms, Rendering
from builder.model.target import TARGETS
from builder.recipe import load
from builder.report import write_text
from builder.report.trouble import warning_text

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
    wanted = [place for path in selection.wanted for place in _meant(path, collection)]
    return render_files(recipe_files(tuple(wanted)), selection, collection)


def _meant(path: Path, collection: Collection) -> tuple[Path, ...]:
    """Return where the recipes of ``path`` are: for a collection's root where its file says, else there."""
    if (path / "recipe.yaml").is_file() or collection.root != path.resolve():
        return (path,)
    return collection.recipes or (path,)


def render_files(files: Sequence[Path], selection: Selection, collection: Collection) -> Rendered:
    """Render ``files`` and tell of what has no effect in them on standard error.

    Variant files count in this order: the collection's, the one beside the recipe, those given.
    """
    host = _known(selection.target_platform or BUILD_PLATFORM)
    platforms = Platforms(target=host, host=host, build=BUILD_PLATFORM)
    renderings: list[Rendering] = []
    errors: list[BakehouseError] = []
    for file in files:
        given = (*variant_files(file.parent), *selection.variant_files)
        try:
            config = load_variants((*collection.variants, *given), selection.overrides(), platforms, os.environ)
            text = load(file)
            for warning in text.warnings:
                write_text(warning_text(warning), sys.stderr)
            renderings += render(text, config, platforms)
        except BakehouseError as error:
            errors.append(error)
    return Rendered(collection=collection, renderings=tuple(renderings), errors=tuple(errors))


def _known(platform: str) -> str:
    if platform in TARGETS:
        return platform
    close = difflib.get_close_matches(platform, TARGETS, n=1)
    raise UsageError(
        f"{platform!r} is not a platform",
        code="cli.platform",
        remedy=f"did you mean {close[0]!r}?" if close else "--target-platform takes a subdir, as linux-64",
    )
