"""Changes to a ``meta.yaml`` from files beside it: ``recipe_append.yaml`` adds, ``recipe_clobber.yaml`` replaces.

conda-build's rules (``merge_or_update_dict``): mappings are merged key by key, by both. A list is appended to the one
that is there, or replaces it; so does whatever else stands there. A key that is set to nothing is removed.
"""

from __future__ import annotations

from builder.errors import Place, RecipeError
from builder.syntax.legacy.data import Plain

APPEND, CLOBBER = "recipe_append.yaml", "recipe_clobber.yaml"
AMENDING = (APPEND, CLOBBER)
"""The files, in the order in which they count."""


def amended(values: Plain, changes: Plain, file: str) -> Plain:
    """Return the ``values`` of a recipe with the ``changes`` of a file of that name; neither is changed itself."""
    if changes is None:
        return values
    if not isinstance(changes, dict) or not isinstance(values, dict | None):
        raise RecipeError(
            f"{file} must be a mapping, as the recipe that it changes",
            code="recipe.shape",
            place=Place(file=file),
            remedy="write sections and keys as in meta.yaml",
        )
    return _merged(values or {}, changes, append=file.endswith(APPEND))


def _merged(values: dict[str, Plain], changes: dict[str, Plain], *, append: bool) -> dict[str, Plain]:
    found = dict(values)
    for key, change in changes.items():
        there = found.get(key)
        if isinstance(change, dict):
            found[key] = _merged(there if isinstance(there, dict) else {}, change, append=append)
        elif isinstance(change, list) and append and isinstance(there, list) and there != change:
            found[key] = [*there, *change]
        elif change is None:
            found.pop(key, None)
        else:
            found[key] = change
    return found
