"""From the paths and options of a command line to renderings; shared by every verb that starts with recipes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from builder.cli.asking import asking
from builder.cli.collection import Collection, find_collection, recipe_files
from builder.cli.options import Places
from builder.cli.selection import Selection
from builder.errors import BakehouseError, Problem, RecipeError
from builder.matrix import VariantConfig, load_variants, render, variant_files
from builder.model.frozen import frozen
from builder.model.rendering import Rendering
from builder.model.variant import VariantRule
from builder.recipe import RecipeText, load
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


def selected_files(selection: Selection, collection: Collection) -> tuple[Path, ...]:
    """Return the recipe files that a selection means, each once."""
    if Path("-") not in selection.wanted and not selection.recipe_dirs:
        wanted = [place for path in selection.wanted for place in _meant(path, collection)]
        return recipe_files(tuple(wanted))
    from builder.cli.walking import recipe_on_standard_input, recipes_below

    given = [recipe_on_standard_input() if path == Path("-") else path for path in selection.wanted]
    named = recipe_files(tuple(place for path in given for place in _meant(path, collection)))
    walked = (file for folder in selection.recipe_dirs for file in recipes_below(folder))
    return tuple(dict.fromkeys((*named, *walked)))


def _meant(path: Path, collection: Collection) -> tuple[Path, ...]:
    """Return where the recipes of ``path`` are: for a collection's root where its file says, else there."""
    if (path / "recipe.yaml").is_file() or collection.root != path.resolve():
        return (path,)
    return collection.recipes or (path,)


def render_files(
    files: Sequence[Path], selection: Selection, collection: Collection, places: Places | None = None
) -> Rendered:
    """Render ``files`` and tell of what has no effect in them on standard error.

    Variant files count in this order: the collection's, the one beside the recipe, those given.
    """
    platforms = selection.platforms()
    renderings: list[Rendering] = []
    errors: list[BakehouseError] = []
    for file in files:
        try:
            text, config = inputs(file, selection, collection)
            _warn(text.warnings)
            ask = asking(file, selection, collection, places)
            rendered = render(text, config, platforms, ask=ask, override=selection.override)
            _warn(warning for one in rendered for warning in one.warnings)
            renderings += rendered
        except BakehouseError as error:
            errors.append(error)
    return Rendered(collection=collection, renderings=tuple(renderings), errors=tuple(errors))


def _warn(warnings: Iterable[Problem]) -> None:
    for warning in dict.fromkeys(warnings):
        write_text(warning_text(warning), sys.stderr)


def inputs(file: Path, selection: Selection, collection: Collection) -> tuple[RecipeText, VariantConfig]:
    """Return what a recipe is rendered from: its text, and the values of all variant files that count for it."""
    beside = variant_files(file.parent) if selection.recipe_variants else ()
    files = (*collection.variants, *beside, *selection.variant_files)
    text = load(file, switches=selection.switches)
    config = load_variants(files, selection.overrides(), selection.platforms(), os.environ)
    rules = collection.rules.union(map(VariantRule, selection.rules))
    return text, replace(config, rules=rules)
