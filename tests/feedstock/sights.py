"""What the recipes of ``matrices/`` look like for one platform."""

from __future__ import annotations

from functools import cache

from builder.cli.jobs import feedstock_settings
from builder.feedstock.seen import Sight
from builder.feedstock.seen_v0 import sight_of_meta
from builder.feedstock.seen_v1 import sight_of_recipe
from builder.feedstock.spec import JobSpec, SpecReader
from builder.recipe import load
from builder.recipe.v0 import load_meta
from tests.feedstock.recorded import MATRICES, PINNING


class Beside:
    """Answers a recipe from its folder; no variable is set but that of the milk."""

    def __init__(self, name: str) -> None:
        self._folder = MATRICES / f"{name}-feedstock" / "recipe"

    def environment(self, name: str) -> str | None:
        return "blue" if name == "MILK_JUG" else None

    def file(self, path: str) -> bytes:
        return (self._folder / path).read_bytes()

    def git(self, question: str, url: str) -> str:
        raise AssertionError(f"{question} of {url}")


@cache
def spec(name: str, subdir: str) -> JobSpec:
    """Return what one platform of a feedstock is rendered with."""
    settings = feedstock_settings(MATRICES / f"{name}-feedstock")
    (place,) = (one for one in settings.platforms() if one.subdir == subdir)
    return SpecReader(settings, PINNING).read(place)


@cache
def sight(name: str, subdir: str) -> Sight:
    """Return what one platform of a feedstock looks like."""
    recipe = MATRICES / f"{name}-feedstock" / "recipe"
    if (recipe / "recipe.yaml").exists():
        return sight_of_recipe(load(recipe / "recipe.yaml"), spec(name, subdir), ask=Beside(name))
    return sight_of_meta(load_meta(recipe / "meta.yaml", Beside(name).file), spec(name, subdir))
