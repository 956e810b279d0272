"""Which recipe files a selection means."""

from __future__ import annotations

from pathlib import Path

from builder.cli.collection import Collection, recipe_files
from builder.cli.formats import recipe_in
from builder.cli.selection import Selection


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
    if not collection.recipes or recipe_in(str(path)) or collection.root != path.resolve():
        return (path,)
    return collection.recipes
