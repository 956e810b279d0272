"""Explains renderings: renders the recipe as usual, then evaluates each once more with a trace of all that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from builder.errors import Place
from builder.matrix.branches import DEFAULT_LIMIT, Branch, Chosen, Expansion
from builder.matrix.case import Case
from builder.matrix.collisions import without_twins
from builder.matrix.config import Values, VariantConfig
from builder.matrix.identity import hash_input
from builder.matrix.naming import name_parts
from builder.matrix.obstacles import obstacles
from builder.matrix.reasons import inheritance, reasons
from builder.matrix.render import evaluator
from builder.matrix.renderer import Renderer
from builder.matrix.siblings import Finished
from builder.matrix.space import Space
from builder.model.explanation import Explanation, Reason, Setting, UsedKey
from builder.model.frozen import frozen
from builder.model.rendering import Override, Platforms, Rendering
from builder.model.variant import VariantValue
from builder.recipe import Ask, OutputText, RecipeText, Request, evaluate
from builder.recipe.trace import Trace

_AS_WRITTEN = Override()


@frozen
class Question:
    """A recipe over a variant configuration, as `builder.matrix.render` takes them."""

    recipe: RecipeText
    config: VariantConfig
    platforms: Platforms
    ask: Ask | None = None
    override: Override = _AS_WRITTEN
    limit: int = DEFAULT_LIMIT

    def traced(self, output: OutputText, variant: Mapping[str, VariantValue], build_hash: str) -> Trace:
        """Evaluate an output of the recipe once more and return all that it read."""
        trace, number = Trace(), self.override.build_number
        evaluate(output, Request(variant=variant, platforms=self.platforms, hash=build_hash, ask=self.ask,
                                 build_number=number, trace=trace))  # fmt: skip
        return trace


def explain(question: Question, wanted: Callable[[Rendering], bool] | None = None) -> tuple[Explanation, ...]:
    """Return an explanation of every rendering that is ``wanted``, in the order of `builder.matrix.render`.

    Two renderings under one name are no error here: what they differ in is what one wants to know then.
    """
    space = Space(question.config)
    witnesses = _Witnesses(question, space)
    expansion = Expansion(
        space=space,
        evaluate=evaluator(question.platforms, question.ask, question.override),
        subdir=question.platforms.target,
        place=Place(file=str(question.recipe.file.path)),
        limit=question.limit,
    )
    renderer = Renderer(
        file=question.recipe.file,
        platforms=question.platforms,
        expansion=expansion,
        prefix=question.override.build_string_prefix,
        witness=witnesses.add,
    )
    renderings = without_twins(renderer.render(question.recipe.outputs))
    return tuple(witnesses.explanation(one) for one in renderings if wanted is None or wanted(one))


_Key = tuple[str, str, str, bool]


class _Witnesses:
    """What was seen while rendering, to be evaluated once more for those renderings that somebody asks about."""

    def __init__(self, question: Question, space: Space) -> None:
        self._question = question
        self._space = space
        self._seen: dict[_Key, tuple[Finished, Branch]] = {}
        self._staging: dict[_Key, Case] = {}

    def add(self, finished: Finished, branch: Branch) -> None:
        self._seen.setdefault(_key(finished.rendering), (finished, branch))

    def explanation(self, rendering: Rendering) -> Explanation:
        case, config = self._case(rendering), self._question.config
        unused = obstacles(case)
        mentioned = {*rendering.variant, *(one.key for one in unused)}
        return Explanation(
            rendering=rendering,
            hash_input=hash_input(rendering.variant),
            parts=name_parts(case),
            used=tuple(self._used(case, key, value) for key, value in rendering.variant.items()),
            unused=unused,
            unmentioned=tuple(sorted(key for key in config.known if key not in mentioned)),
            asked=tuple(sorted(config.asked)),
        )

    def _case(self, rendering: Rendering) -> Case:
        question = self._question
        finished, branch = self._seen[_key(rendering)]
        return Case(
            rendering=rendering,
            text=branch.text,
            assigned=branch.assigned,
            chosen=finished.chosen,
            trace=question.traced(branch.text, Chosen(self._space, branch.assigned), rendering.hash),
            space=self._space,
            config=question.config,
            override=question.override,
        )

    def _reasons(self, case: Case, key: str) -> tuple[Reason, ...]:
        """Return the case's own reasons and, for a key of the staging output that it inherits, those of that one."""
        staging = next((one.rendering for (kind, _), one in case.chosen.items() if kind == "staging"), None)
        if staging is None or key not in staging.variant:
            return reasons(case, key)
        if _key(staging) not in self._staging:
            self._staging[_key(staging)] = self._case(staging)
        further = reasons(self._staging[_key(staging)], key)
        return (*reasons(case, key), inheritance(case, staging.output.name, further))

    def _used(self, case: Case, key: str, value: VariantValue) -> UsedKey:
        config, origin = case.config, case.rendering.variant.origin(key)
        values = config.values.get(key) if origin is not None else None
        given = self._space.value(key, case.assigned[key]) if values and key in case.assigned else value
        zipped = next((index for index, group in enumerate(config.zip_keys) if key in group and values), None)
        return UsedKey(
            key=key,
            value=value,
            reasons=self._reasons(case, key),
            origin=origin,
            given=given if given != value else None,
            choices=values.values if values else (),
            replaced=tuple(_replaced(values)),
            zipped=tuple(other for other in config.zip_keys[zipped] if other != key) if zipped is not None else (),
            zip_place=config.zip_places[zipped] if zipped is not None else None,
        )


def _key(rendering: Rendering) -> _Key:
    output = rendering.output
    return (output.kind, rendering.stem, hash_input(rendering.variant), output.skip)


def _replaced(values: Values | None) -> Iterator[Setting]:
    """Yield the settings that were overridden, the latest first."""
    earlier = values.replaced if values else None
    while earlier is not None:
        yield Setting(values=earlier.values, origin=earlier.origins[0])
        earlier = earlier.replaced
