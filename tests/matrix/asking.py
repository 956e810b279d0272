"""Explanations of recipes that a test writes, and the places of what it wrote."""

from __future__ import annotations

from pathlib import Path

from builder.matrix import load_variants
from builder.matrix.explanation import Question, explain
from builder.model.explanation import Explanation, Reason, UnusedKey, UsedKey
from builder.model.rendering import Override, Platforms
from builder.recipe import load

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def explained(
    folder: Path, recipe: str, *variants: str, override: Override | None = None, **options: tuple[str, ...]
) -> tuple[Explanation, ...]:
    """Explain ``recipe`` over variant files, later ones over earlier ones, and over options KEY=VALUES."""
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    files = [folder / f"variants{number}.yaml" for number in range(1, len(variants) + 1)]
    for file, text in zip(files, variants, strict=True):
        file.write_text(text, encoding="utf-8")
    config = load_variants(files, options, LINUX)
    question = Question(recipe=load(folder), config=config, platforms=LINUX, override=override or Override())
    return explain(question)


def used(one: Explanation, key: str) -> UsedKey:
    """Return what an explanation says of a key of the hash."""
    return next(found for found in one.used if found.key == key)


def unused(one: Explanation, key: str) -> UnusedKey:
    """Return what an explanation says of a key that is not in the hash."""
    return next(found for found in one.unused if found.key == key)


def at(text: str, fragment: str, number: int = 1) -> tuple[int, int]:
    """Return line and column of the fragment's occurrence of that number."""
    place = -1
    for _ in range(number):
        place = text.index(fragment, place + 1)
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def place(reason: Reason | UnusedKey) -> tuple[int, int]:
    """Return line and column of a reason."""
    assert reason.place is not None
    assert reason.place.line is not None
    assert reason.place.column is not None
    return reason.place.line, reason.place.column
