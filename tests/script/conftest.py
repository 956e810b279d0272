"""Values for the script room's tests: a small rendering, and a real sandbox with prefixes to activate."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.model.inside import SEALED
from builder.model.recipe import Build, Output
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.variant import Variant, VariantValue
from builder.script import Stage


def rendering(**variant: VariantValue) -> Rendering:
    """Return a rendering of one package with these used variant keys."""
    return Rendering(
        recipe=RecipeFile(path=Path("/r/recipe.yaml"), folder=Path("/r")),
        output=Output(kind="package", name="zlib", version="1.3.1", build=Build(number=2)),
        variant=Variant.of({"target_platform": "linux-64", **variant}),
        platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
        subdir="linux-64",
        hash="1234567",
        build_string="h1234567_2",
    )


@pytest.fixture
def stage() -> Stage:
    return Stage(inside=SEALED, epoch=1_700_000_000, cores=2)
