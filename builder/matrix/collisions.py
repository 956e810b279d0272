"""Two packages under one file name: refused, for digits collide and a build string may forget the hash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError
from builder.matrix.identity import hash_input
from builder.model.rendering import Rendering


def without_twins(renderings: Iterable[Rendering]) -> list[Rendering]:
    """Return ``renderings`` without those of noarch Python packages that are one package, built by several Pythons.

    So are they that have one file name and differ in ``python`` alone, which ``use_keys`` makes them count: a job for
    each Python, and any of them may write the package. The first by the value's text stays (rattler-build's choice).
    """
    kept = list(renderings)
    twins: dict[tuple[str, str], Rendering] = {}
    for one in kept:
        what = _but_for_python(one)
        if what is not None and str(one.variant["python"]) < str(twins.get(what, one).variant["python"]):
            twins[what] = one
        elif what is not None:
            twins.setdefault(what, one)
    return [one for one in kept if (what := _but_for_python(one)) is None or twins[what] is one]


def _but_for_python(one: Rendering) -> tuple[str, str] | None:
    """Return the file name and the rest of the variant of a noarch Python package that ``python`` counts for."""
    if one.output.build.noarch != "python" or "python" not in one.variant or one.output.skip:
        return None
    return one.identity, hash_input({key: value for key, value in one.variant.items() if key != "python"})


def last_of_each(renderings: Sequence[Rendering]) -> list[Rendering]:
    """Return ``renderings`` of one recipe without those whose file a later one would replace (conda-build's rule)."""
    last = {one.identity: one for one in renderings if not one.output.skip}
    return [one for one in renderings if one.output.skip or last[one.identity] is one]


def replaced(renderings: Sequence[Rendering], kept: Sequence[Rendering]) -> list[Problem]:
    """Return a warning for each of ``renderings`` of one recipe that is not ``kept``, for another one has its file."""
    if len(kept) == len(renderings):
        return []
    last = {one.identity: one for one in kept}
    gone = (one for one in renderings if not one.output.skip and last[one.identity] is not one)
    return [_replaced(one, last[one.identity]) for one in gone]


def _replaced(one: Rendering, last: Rendering) -> Problem:
    keys = sorted(key for key in {*one.variant, *last.variant} if one.variant.get(key) != last.variant.get(key))
    shown = "; ".join(f"{key} is {_value(one, key)} and {_value(last, key)}" for key in keys)
    return Problem(
        code="plan.replaced",
        message=f"several variants are {one.subdir}/{one.stem}, and only the last is built: {shown}",
        place=Place(file=str(one.recipe.path)),
        remedy="give one value with --variant, or let the build string tell them apart",
    )


def refuse_collisions(renderings: Iterable[Rendering]) -> None:
    """Raise `RecipeError` with one problem for each pair of renderings that would write the same file.

    Skipped renderings write none. Call it with the renderings of several recipes to compare across them.
    """
    seen: dict[str, Rendering] = {}
    problems = []
    for one in renderings:
        if one.output.skip:
            continue
        first = seen.setdefault(one.identity, one)
        if first is not one:
            problems.append(_problem(first, one))
    if problems:
        raise RecipeError.of(problems[:MAX_PROBLEMS])


def _problem(first: Rendering, second: Rendering) -> Problem:
    place = Place(file=str(second.recipe.path))
    what = f"{second.subdir}/{second.stem}"
    if hash_input(first.variant) == hash_input(second.variant):
        other = "another output" if first.recipe == second.recipe else str(first.recipe.path)
        return Problem(
            code="plan.same-package",
            message=f"{what} is made here and by {other}",
            place=place,
            remedy="rename one of them, or give only one of the two recipes",
        )
    keys = sorted({*first.variant, *second.variant})
    differing = [key for key in keys if first.variant.get(key) != second.variant.get(key)]
    shown = "; ".join(f"{key} = {_value(first, key)} and {_value(second, key)}" for key in differing)
    return Problem(
        code="variant.collision",
        message=f"two variants would both be {what}: {shown}",
        place=place,
        remedy=_remedy(first, second, differing),
    )


def _value(rendering: Rendering, key: str) -> str:
    return str(rendering.variant.get(key, "(not used)"))


def _remedy(first: Rendering, second: Rendering, differing: list[str]) -> str:
    if first.hash == second.hash:
        return "their build hashes are equal by chance: leave one of the values out, or use one more variant key"
    if first.recipe != second.recipe:
        return "rename one of them, or give only one of the two recipes"
    return f"let build.string hold ${{{{ hash }}}} or {', '.join(f'${{{{ {key} }}}}' for key in differing)}"
