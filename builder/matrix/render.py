"""The room's one entry: a recipe's text over a variant configuration, for given platforms."""

from __future__ import annotations

from collections.abc import Mapping

from builder.errors import Place
from builder.matrix.branches import DEFAULT_LIMIT, Evaluate, Expansion
from builder.matrix.collisions import refuse_collisions, without_twins
from builder.matrix.config import VariantConfig
from builder.matrix.renderer import Renderer
from builder.matrix.space import Space
from builder.model.rendering import Override, Platforms, Rendering
from builder.model.variant import VariantValue
from builder.recipe import Ask, Evaluated, OutputText, RecipeScope, RecipeText, Request, evaluate, scope_for

_AS_WRITTEN = Override()


def render(
    recipe: RecipeText,
    config: VariantConfig,
    platforms: Platforms,
    *,
    ask: Ask | None = None,
    limit: int = DEFAULT_LIMIT,
    override: Override = _AS_WRITTEN,
) -> tuple[Rendering, ...]:
    """Render every output of ``recipe`` over the values that ``config`` has for the variant keys that it uses.

    Skipped outputs are among the renderings, marked; staging outputs too. Outputs come in declared order, their
    variants in the order of the values. ``override`` counts more than what the recipe says. Raises `RecipeError` for
    what is wrong in the recipe, for more than ``limit`` renderings of one output, and when two renderings would have
    the same file name.
    """
    expansion = Expansion(
        space=Space(config),
        evaluate=evaluator(platforms, ask, override),
        subdir=platforms.target,
        place=Place(file=str(recipe.file.path)),
        limit=limit,
    )
    renderer = Renderer(file=recipe.file, platforms=platforms, expansion=expansion, prefix=override.build_string_prefix)
    renderings = without_twins(renderer.render(recipe.outputs))
    refuse_collisions(renderings)
    return tuple(renderings)


def evaluator(platforms: Platforms, ask: Ask | None, override: Override) -> Evaluate:
    """Return what evaluates the outputs of one recipe; each remembers what no variant has touched yet."""
    scopes: dict[int, RecipeScope] = {}

    def evaluate_for(output: OutputText, variant: Mapping[str, VariantValue], build_hash: str | None) -> Evaluated:
        number = override.build_number
        request = Request(variant=variant, platforms=platforms, hash=build_hash, ask=ask, build_number=number)
        if output.index not in scopes:
            scopes[output.index] = scope_for(request)
        return evaluate(output, request, scopes[output.index])

    return evaluate_for
