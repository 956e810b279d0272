"""A ``recipe.yaml`` as the division into CI jobs sees it: rattler-build's renderings over the migrated variants.

conda-smithy writes all variants into a file for rattler-build, as text but for truth values and for what
``variants.yaml`` has as numbers, and finds the variants of each rendering by the values that it used
(``rattler_build_conda_compat/render.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from builder.feedstock.seen import Seen, Sight
from builder.feedstock.spec import JobSpec
from builder.matrix import VariantConfig, render
from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.config import Values
from builder.matrix.keys import variant_key
from builder.matrix.v0.config import PASSED_ON, values_of
from builder.matrix.v0.space import Axis, LegacySpace, Row, space_of
from builder.model.rendering import Rendering
from builder.model.variant import Origin, VariantValue
from builder.recipe import Ask, RecipeText
from builder.syntax.file import read_file
from builder.syntax.node import Mapping as MappingNode
from builder.syntax.node import Scalar, is_null
from builder.syntax.reader import MAX_BYTES, decoded, read_text

_ORIGIN = Origin(source="the migrated variants")
_NO_FEEDSTOCK = "None"
_PLATFORM = "target_platform"


def sight_of_recipe(recipe: RecipeText, spec: JobSpec, ask: Ask | None = None, limit: int = DEFAULT_LIMIT) -> Sight:
    """Return the outputs of a ``recipe.yaml`` for one platform. Raises `RecipeError`."""
    space = space_of(spec.config())
    rendered = render(recipe, variant_config(spec), spec.job.platforms, ask=ask, limit=limit)
    packages = [one for one in rendered if one.output.kind == "package" and not one.output.skip]
    names = frozenset(variant_key(one.output.name) for one in packages)
    spaces: dict[tuple[tuple[str, str], ...], LegacySpace] = {}
    found = [_seen(one, names, space, spaces) for one in packages]
    text = _text_of(recipe)
    outputs = tuple(sorted(found, key=lambda one: one.stem)) or _nothing_seen(text, str(recipe.file.path), space)
    return Sight(outputs=outputs, space=space, text=text, numbers=spec.numbers)


def variant_config(spec: JobSpec) -> VariantConfig:
    """Return the migrated variants as rattler-build reads the file that conda-smithy writes of them."""
    config = spec.config()
    values: dict[str, Values] = {}
    for key, held in config.values.items():
        if key not in PASSED_ON and not isinstance(held, Mapping):
            typed = tuple(_typed(key, text, spec.numbers) for text in values_of(held))
            values[variant_key(key)] = Values(typed, (_ORIGIN,) * len(typed))
    groups = [tuple(variant_key(key) for key in group) for group in config.zip_keys]
    made = VariantConfig(
        values={key: found for key, found in values.items() if len(found)},
        zip_keys=tuple(groups),
        zip_places=(None,) * len(groups),
        known=frozenset(values),
    )
    for key in (_PLATFORM, "build_platform"):
        made = made.with_key(key, spec.job.subdir, _ORIGIN)
    return made.checked()


def _nothing_seen(text: str, file: str, space: LegacySpace) -> tuple[Seen, ...]:
    """Return what conda-smithy takes for an output when all of them are skipped: the recipe, as it is written.

    It has a job nevertheless, unless the recipe itself says anything about skipping.
    """
    root = read_text(text, file)
    build, extra = (root.get(name) if isinstance(root, MappingNode) else None for name in ("build", "extra"))
    if isinstance(build, MappingNode) and not is_null(build.get("skip")):
        return ()
    named = extra.get("feedstock-name") if isinstance(extra, MappingNode) else None
    nothing = frozenset[str]()
    return (
        Seen(
            stem="",
            feedstock=named.text if isinstance(named, Scalar) else _NO_FEEDSTOCK,
            is_noarch=isinstance(build, MappingNode) and not is_null(build.get("noarch")),
            used=nothing,
            used_at_top=nothing,
            variant={},
            space=_agreeing(space, {}),
        ),
    )


def _text_of(recipe: RecipeText) -> str:
    path = recipe.file.path
    return decoded(read_file(path, MAX_BYTES), str(path))


def _typed(key: str, text: str, numbers: frozenset[tuple[str, str]]) -> VariantValue:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if (key, text) in numbers else text


def _seen(
    one: Rendering,
    names: frozenset[str],
    space: LegacySpace,
    spaces: dict[tuple[tuple[str, str], ...], LegacySpace],
) -> Seen:
    is_noarch = one.output.build.noarch is not None
    left_out = names | {_PLATFORM} if is_noarch else names
    variant = {key: _text(value) for key, value in one.variant.items() if key not in left_out}
    chosen = tuple(sorted(variant.items()))
    if chosen not in spaces:
        spaces[chosen] = _agreeing(space, variant)
    feedstock = dict(one.output.extra).get("feedstock-name")
    return Seen(
        stem=one.stem,
        feedstock=feedstock if isinstance(feedstock, str) else _NO_FEEDSTOCK,
        is_noarch=is_noarch,
        used=frozenset(variant),
        used_at_top=frozenset(variant),
        variant=variant,
        space=spaces[chosen],
    )


def _agreeing(space: LegacySpace, variant: Mapping[str, str]) -> LegacySpace:
    """Return the variants with the values that a rendering used; of other keys, unless zipped, the first value."""
    return LegacySpace(fixed=space.fixed, axes=tuple(_rows_of(space.axes, variant)))


def _rows_of(axes: Iterable[Axis], variant: Mapping[str, str]) -> Iterable[Axis]:
    for axis in axes:
        used = [place for place, key in enumerate(axis.keys) if key in variant]
        if not used:
            yield axis if len(axis.keys) > 1 or len(axis.rows) == 1 else Axis(axis.keys, axis.rows[:1])
            continue
        wanted = [variant[axis.keys[place]] for place in used]
        rows: tuple[Row, ...] = tuple(row for row in axis.rows if [row[place] for place in used] == wanted)
        yield Axis(axis.keys, rows or axis.rows)


def _text(value: VariantValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
