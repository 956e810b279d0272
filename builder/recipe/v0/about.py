"""``about`` of a ``meta.yaml``."""

from __future__ import annotations

from builder.model.recipe import About
from builder.recipe.v0.keys import Keys


def about_of(keys: Keys) -> About:
    """Return what the recipe says of the software."""
    return About(
        homepage=_one(keys, "home"),
        repository=_one(keys, "dev_url"),
        documentation=_one(keys, "doc_url"),
        license=keys.text("license"),
        license_file=keys.texts("license_file"),
        license_family=keys.text("license_family"),
        summary=keys.text("summary"),
        description=keys.text("description"),
    )


def _one(keys: Keys, key: str) -> str | None:
    """Return the first of several addresses, of which our ``about`` has one."""
    return next(iter(keys.texts(key)), None)
