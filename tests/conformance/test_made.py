"""Recipes made at random are rendered by both alike; the same ones in every run, more of them by a greater number."""

from __future__ import annotations

from pathlib import Path
from random import Random

from builder.syntax import Compiler
from tests.conformance.comparison import Comparison, compared, ours, summary
from tests.conformance.made import PLATFORMS, Maker
from tests.conformance.peer import Job, ask_peer

NUMBER = 60


def comparisons(folder: Path, seed: int, number: int = NUMBER) -> list[Comparison]:
    """Both sides of ``number`` recipes that ``seed`` makes below ``folder``."""
    random = Random(seed)
    maker, jobs = Maker(random), []
    for index in range(number):
        recipe = maker.made().write(folder / str(index))
        jobs.append(Job(recipe=recipe, platform=random.choice(PLATFORMS)))
    return [compared(job, answer, ours(job, Compiler())) for job, answer in zip(jobs, ask_peer(jobs), strict=True)]


def test_both_render_made_recipes_alike(tmp_path: Path) -> None:
    found = comparisons(tmp_path, seed=5)
    assert [(one.job.recipe.read_text(), one.lines) for one in found if one.lines] == []
    counted = summary(found)
    assert counted.outputs["identical"] > 2 * NUMBER
    assert counted.jobs["both render"] > NUMBER * 3 / 4
