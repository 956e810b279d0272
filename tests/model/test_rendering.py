"""What a rendering is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.model.recipe import Output
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.variant import Variant


def rendering(kind: str = "package", subdir: str = "linux-64") -> Rendering:
    return Rendering(
        recipe=RecipeFile(path=Path("/r/recipe.yaml"), folder=Path("/r")),
        output=Output(kind="staging" if kind == "staging" else "package", name="lib-x", version="1.0"),
        variant=Variant.of({"target_platform": subdir}),
        platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
        subdir=subdir,
        hash="1234567",
        build_string="h1234567_0",
    )


def test_the_stem_is_the_file_name() -> None:
    assert rendering().stem == "lib-x-1.0-h1234567_0"


def test_identities_tell_renderings_apart() -> None:
    assert rendering().identity == "linux-64/lib-x-1.0-h1234567_0"
    assert rendering(subdir="noarch").identity == "noarch/lib-x-1.0-h1234567_0"
    assert rendering("staging").identity == "staging:linux-64/lib-x-1.0-h1234567_0"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("conda-forge", ("conda-forge",)),
        ("conda-forge/label/rust_dev, conda-forge", ("conda-forge/label/rust_dev", "conda-forge")),
        (" , ", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_the_channels_that_a_variant_names(value: str | None, names: tuple[str, ...]) -> None:
    variant = Variant.of({} if value is None else {"channel_sources": value})
    assert replace(rendering(), variant=variant).channel_sources == names


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("recipes/zlib/recipe.yaml", "zlib"),
        ("zlib-feedstock/recipe/meta.yaml", "zlib"),
        ("zlib/recipe/recipe.yaml", "zlib"),
        ("recipes/zlib.yaml", "zlib"),
        ("odd-feedstock/meta.yaml", "odd-feedstock"),
    ],
)
def test_what_people_call_a_recipe(file: str, name: str) -> None:
    path = Path("/r") / file
    assert RecipeFile(path=path, folder=path.parent).called == name
