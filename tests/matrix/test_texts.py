"""Renderings as text: whatever is shared, each is written as if it were the only one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix import load_variants, render, rendering_document, variant_files
from builder.matrix.document import value_in_a_line
from builder.matrix.texts import RenderingTexts
from builder.model.rendering import Platforms, Rendering
from builder.model.variant import VariantValue
from builder.recipe import load
from tests.matrix.fakes import config, rendered
from tests.matrix.test_renderer import Make

CHECKOUT = Path(__file__).parents[2]
RECIPES = (
    *sorted(CHECKOUT.glob("recipes/*/*/recipe.yaml")),
    *sorted(CHECKOUT.glob("tests/conformance/recipes/*/recipe.yaml")),
)


def check(renderings: Sequence[Rendering]) -> None:
    texts = RenderingTexts()
    for one in renderings:
        assert texts.document(one) == json.dumps(rendering_document(one), ensure_ascii=False)
        pairs = [pair for pair in one.variant.items() if pair[0] != "target_platform"]
        assert texts.variant(one) == ", ".join(value_in_a_line(key, value) for key, value in pairs)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.parent.name)
def test_every_recipe_here(recipe: Path) -> None:
    shared = [CHECKOUT / "variants" / "linux.yaml"] if recipe.is_relative_to(CHECKOUT / "recipes") else []
    for target in ("linux-64", "osx-arm64", "win-64"):
        platforms = Platforms(target=target, host=target, build="linux-64")
        found = load_variants((*shared, *variant_files(recipe.parent)), {}, platforms)
        with contextlib.suppress(RecipeError):  # some are for one platform only, some are refused on purpose
            check(render(load(recipe), found, platforms))


VALUES: st.SearchStrategy[VariantValue] = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=4), st.integers(-3, 3), st.booleans()
)


@given(
    st.lists(VALUES, min_size=1, max_size=4, unique_by=repr), st.lists(VALUES, min_size=1, max_size=4, unique_by=repr)
)
def test_values_of_any_kind(some: list[VariantValue], others: list[VariantValue]) -> None:
    outputs = [
        Make(name="one", reads=("some", "others"), run=("__glibc >=2.17",)),
        Make(name="two", reads=("others",), exact=("one",)),
        Make(name="three", reads=("some",), noarch="generic", string="x_${{ hash }}"),
    ]
    check(rendered(outputs, config({"some": some, "others": others})))


def test_more_outputs_than_are_remembered() -> None:
    many: list[VariantValue] = [str(number) for number in range(200)]
    check(rendered([Make(name="a", reads=("n",), string="n_${{ hash }}")], config({"n": many})))
