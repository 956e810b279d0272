"""py-rattler-build is asked in this run: about the recipes of this folder, and whether the recorded facts are still so."""

from __future__ import annotations

import pytest

from builder.syntax import Compiler
from tests.conformance.comparison import compared, ours
from tests.conformance.facts import fact_of, jobs, recorded, title
from tests.conformance.peer import Answer, Job, ask_peer

JOBS = jobs()


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """All answers of one child process, by title."""
    return {title(job): answer for job, answer in zip(JOBS, ask_peer(JOBS), strict=True)}


@pytest.mark.parametrize("job", JOBS, ids=title)
def test_both_render_alike(job: Job, answers: dict[str, Answer]) -> None:
    assert compared(job, answers[title(job)], ours(job, Compiler())).lines == []


def test_the_facts_are_what_the_peer_says_today(answers: dict[str, Answer]) -> None:
    assert {name: fact_of(answer) for name, answer in answers.items()} == recorded()
