"""This project renders the recipes of this folder as py-rattler-build 0.73 was seen to."""

from __future__ import annotations

import json

import pytest

from builder.syntax import Compiler
from tests.conformance.comparison import ours
from tests.conformance.facts import Fact, jobs, recorded, title
from tests.conformance.peer import Job

FACTS = recorded()


@pytest.mark.parametrize("job", jobs(), ids=title)
def test_our_rendering_is_the_recorded_one(job: Job) -> None:
    rendered = ours(job, Compiler())
    assert not isinstance(rendered, str), rendered
    assert by_text(list(rendered)) == by_text(FACTS[title(job)])


def by_text(fact: Fact) -> list[str]:
    return sorted({json.dumps(one, sort_keys=True) for one in fact})


def test_every_fact_has_its_recipe_and_there_are_many() -> None:
    assert set(FACTS) == {title(job) for job in jobs()}
    assert sum(len(outputs) for outputs in FACTS.values()) > 180
    hashes = {str(output["hash"]) for outputs in FACTS.values() for output in outputs}
    assert len(hashes) > 140
