"""py-rattler-build renders every recipe of the collection to the same packages as we do: names, builds, used variants."""

from __future__ import annotations

import re

import pytest

from builder.matrix import load_variants, render
from builder.model.rendering import Platforms, Rendering
from builder.recipe import load
from tests.recipes.collection import FOLDERS, NAMES, packages, variant_files

PLATFORMS = Platforms(target="linux-64", host="linux-64", build="linux-64")

Identity = tuple[str, str, str, str, tuple[tuple[str, str], ...]]


def ours(recipe: str) -> list[Rendering]:
    config = load_variants(variant_files(recipe), {}, PLATFORMS)
    outputs = render(load(FOLDERS[recipe] / "recipe.yaml"), config, PLATFORMS)
    return [output for output in outputs if output.output.kind == "package"]


def our_identities(recipe: str) -> set[Identity]:
    return {
        (
            rendering.output.name,
            rendering.output.version,
            rendering.build_string,
            rendering.subdir,
            tuple(sorted((key, str(value)) for key, value in rendering.variant.items())),
        )
        for rendering in ours(recipe)
    }


def their_identities(recipe: str) -> set[Identity]:
    """The peer shows keys as they are written in recipes, and hashes them with underscores."""
    return {
        (
            package.name,
            str(package.rendered["package"]["version"]),
            package.rendered["build"]["string"],
            "noarch" if package.rendered["build"].get("noarch") else "linux-64",
            tuple(sorted((re.sub("[-.]", "_", key), str(value)) for key, value in package.used.items())),
        )
        for package in packages()
        if package.recipe == recipe
    }


@pytest.mark.parametrize("recipe", NAMES)
def test_the_peer_renders_the_same(recipe: str) -> None:
    assert our_identities(recipe) == their_identities(recipe)


@pytest.mark.parametrize("recipe", NAMES)
def test_every_package_is_rendered_once(recipe: str) -> None:
    """As often as the peer does, and none is skipped."""
    names = [rendering.output.name for rendering in ours(recipe)]
    assert sorted(names) == sorted(package.name for package in packages() if package.recipe == recipe)
    assert not any(rendering.output.skip for rendering in ours(recipe))
