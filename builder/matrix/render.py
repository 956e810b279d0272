"""The room's one entry: a recipe's text over a variant configuration, for given platforms."""

from __future__ import annotations

from collections.abc import Mapping

from builder.errors import Place
from builder.matrix.branches import DEFAULT_LIMIT, Expansion
from builder.matrix.collisions import refuse_collisions
from builder.matrix.config import VariantConfig
from builder.matrix.renderer import Renderer
from builder.matrix.space import Space
from builder.model.rendering import Platforms, Rendering
from builder.model.variant import VariantValue
from builder.recipe import Ask, Evaluated, OutputText, RecipeText, Request, evaluate


def render(
    recipe: RecipeText,
    config: VariantConfig,
    platforms: Platforms,
    *,
    ask: Ask | None = None,
    limit: int = DEFAULT_LIMIT,
) -> tuple[Rendering, ...]:
    """Render every output of ``recipe`` over the values that ``config`` has for the variant keys that it uses.

    Skipped outputs are among the renderings, marked; staging outputs too. Outputs come in declared order, their
    variants in the order of the values. Raises `RecipeError` for what is wrong in the recipe, for more than ``limit``
    renderings of one output, and when two renderings would have the same file name.
    """

    def ask_recipe(output: OutputText, variant: Mapping[str, VariantValue], build_hash: str | None) -> Evaluated:
        return evaluate(output, Request(variant=variant, platforms=platforms, hash=build_hash, ask=ask))

    expansion = Expansion(
        space=Space(config),
        evaluate=ask_recipe,
        subdir=platforms.target,
        place=Place(file=str(recipe.file.path)),
        limit=limit,
    )
    renderings = Renderer(file=recipe.file, platforms=platforms, expansion=expansion).render(recipe.outputs)
    refuse_collisions(renderings)
    return tuple(renderings)
