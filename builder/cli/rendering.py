"""From the paths and options of a command line to renderings; shared by every verb that starts with recipes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from builder.cli.collection import Collection, find_collection
from builder.cli.inputs import Inputs
from builder.cli.options import Places
from builder.cli.recipe_paths import selected_files
from builder.cli.selection import Selection
from builder.errors import BakehouseError, Problem, RecipeError
from builder.matrix import last_of_each, replaced
from builder.model.frozen import frozen
from builder.model.rendering import Rendering
from builder.report import write_text
from builder.report.trouble import warning_text


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


def render_selection(selection: Selection, places: Places | None = None) -> Rendered:
    """Render every recipe that the selection names, over the collection's variants and those given.

    With ``--up-to`` only what that output needs is left. ``places`` matter to recipes that ask git.
    """
    collection = find_collection((*selection.wanted, *selection.recipe_dirs)[0])
    rendered = render_files(selected_files(selection, collection), selection, collection, places)
    if selection.up_to is None:
        return rendered
    from builder.plan.subset import needed_for

    return replace(rendered, renderings=needed_for(rendered.renderings, selection.up_to))


def render_files(
    files: Sequence[Path], selection: Selection, collection: Collection, places: Places | None = None
) -> Rendered:
    """Render ``files`` and tell of what has no effect in them on standard error.

    Variant files count in this order: the collection's, the one beside the recipe, those given. Of renderings of one
    recipe that would be one file the last one is left.
    """
    inputs = Inputs(selection, collection, places)
    renderings: list[Rendering] = []
    errors: list[BakehouseError] = []
    for file in files:
        try:
            recipe = inputs.recipe(file)
            _warn(recipe.warnings)
            rendered = recipe.render()
            _warn(warning for one in rendered for warning in one.warnings)
            kept = last_of_each(rendered)
            _warn(replaced(rendered, kept))
            renderings += kept
        except BakehouseError as error:
            errors.append(error)
    return Rendered(collection=collection, renderings=tuple(renderings), errors=tuple(errors))


def _warn(warnings: Iterable[Problem]) -> None:
    for warning in dict.fromkeys(warnings):
        write_text(warning_text(warning), sys.stderr)
