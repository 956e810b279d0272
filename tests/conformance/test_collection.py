"""The project's own recipes have the identity that py-rattler-build gives them: names, versions, builds, used variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.syntax import Compiler
from tests.conformance.comparison import differences, ours
from tests.conformance.peer import Answer, Job, ask_peer

CHECKOUT = Path(__file__).parents[2]
VARIANTS = tuple(sorted((CHECKOUT / "variants").glob("*.yaml")))
JOBS = [Job(recipe=recipe, variants=VARIANTS) for recipe in sorted((CHECKOUT / "recipes").glob("*/*/recipe.yaml"))]


def name(job: Job) -> str:
    return job.recipe.parent.name


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """All answers of one child process, by the recipe's folder."""
    return {name(job): answer for job, answer in zip(JOBS, ask_peer(JOBS), strict=True)}


@pytest.mark.parametrize("job", JOBS, ids=name)
def test_both_render_the_collection_alike(job: Job, answers: dict[str, Answer]) -> None:
    answer = answers[name(job)]
    assert not isinstance(answer, str), answer
    assert answer
    assert [str(one) for one in differences(job, answer, ours(job, Compiler()))] == []


def test_the_collection_is_there() -> None:
    assert {"gcc", "binutils", "sysroot", "zlib"} <= {name(job) for job in JOBS}
    assert VARIANTS
