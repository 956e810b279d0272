"""The project's own recipes have the identity that py-rattler-build gives them: names, versions, builds, used variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.syntax import Compiler
from tests.conformance.comparison import compared, ours
from tests.conformance.peer import Answer, Job, ask_peer

CHECKOUT = Path(__file__).parents[2]
LINUX, PYTHON = (CHECKOUT / "variants" / f"{name}.yaml" for name in ("linux", "python"))
BOTH = Path(__file__).parent / "both_c_libraries.yaml"
OVER = (("base", (LINUX,)), ("base", (LINUX, BOTH)), ("python", (LINUX, PYTHON)))
"""Folders of recipes, and what they are rendered over."""
JOBS = [
    Job(recipe=recipe, variants=variants)
    for folder, variants in OVER
    for recipe in sorted((CHECKOUT / "recipes" / folder).glob("*/recipe.yaml"))
]


def name(job: Job) -> str:
    return f"{job.recipe.parent.name} over {job.variants[-1].stem}"


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """All answers of one child process."""
    return {name(job): answer for job, answer in zip(JOBS, ask_peer(JOBS), strict=True)}


@pytest.mark.parametrize("job", JOBS, ids=name)
def test_both_render_the_collection_alike(job: Job, answers: dict[str, Answer]) -> None:
    answer = answers[name(job)]
    assert not isinstance(answer, str), answer
    assert answer
    assert compared(job, answer, ours(job, Compiler())).lines == []


def test_the_collection_is_there() -> None:
    assert {"gcc over linux", "clang over linux", "sysroot over both_c_libraries"} <= {name(job) for job in JOBS}
    assert "python over python" in {name(job) for job in JOBS}


def test_the_axes_are_there() -> None:
    """Two compilers, two C libraries, and what repackages Debian's programs is for neither."""
    counts = {name(job): len(ours(job, Compiler())) for job in JOBS if job.recipe.parent.parent.name == "base"}
    assert [counts[f"libzstd over {variants}"] for variants in ("linux", "both_c_libraries")] == [2, 4]
    assert [counts[f"snappy over {variants}"] for variants in ("linux", "both_c_libraries")] == [2, 4]
    assert [counts[f"sysroot over {variants}"] for variants in ("linux", "both_c_libraries")] == [2, 3]
    for recipe in ("binutils", "clang", "compiler-activation", "gcc", "make"):
        assert counts[f"{recipe} over linux"] == counts[f"{recipe} over both_c_libraries"]
