"""One job among several processes: claimed, waited for, taken over, written down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.farm import Job, Ledger
from builder.farm.claimed import Claimed
from builder.model.outcome import Ending, Outcome
from builder.store import Store
from tests.farm.plans import bad, good, task
from tests.report.values import package


def nothing(recipe_key: str) -> str | None:
    return None


def test_a_good_end_is_written_down_with_its_explanation(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        return Outcome(task_id=job.task.id, ending=Ending.BUILT, file_name="a.conda", build_key="bk")

    with Ledger(Store(tmp_path)) as ledger:
        outcome = asyncio.run(Claimed(ledger, "ch", run=run, known=nothing)(Job(task=task("a"))))
        assert outcome.ending is Ending.BUILT
        assert ledger.done("ch") == {"key-a": "a.conda"}
        assert ledger.explanations("ch") == {"a.conda": task("a").explanation}


def test_a_bad_end_is_written_down(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        return bad(job)

    with Ledger(Store(tmp_path)) as ledger:
        asyncio.run(Claimed(ledger, "ch", run=run, known=nothing)(Job(task=task("a"))))
        assert [(row.state, row.error) for row in ledger.rows("ch")] == [("failed", "it broke")]


def test_what_the_channel_has_meanwhile_is_not_run(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        raise AssertionError("must not run")

    with Ledger(Store(tmp_path)) as ledger:
        claimed = Claimed(ledger, "ch", run=run, known={"key-a": "a.conda"}.get)
        outcome = asyncio.run(claimed(Job(task=task("a"))))
    assert outcome.ending is Ending.REUSED
    assert outcome.file_name == "a.conda"


def test_a_second_process_waits_for_the_first_and_reuses_what_it_made(tmp_path: Path) -> None:
    made: dict[str, str] = {}
    runs: list[str] = []

    async def run(job: Job) -> Outcome:
        runs.append(job.task.id)
        await asyncio.sleep(0.1)
        made[job.task.recipe_key] = "a.conda"
        return good(job)

    async def both(first: Ledger, second: Ledger) -> list[Outcome]:
        jobs = [Claimed(ledger, "ch", run=run, known=made.get)(Job(task=task("a"))) for ledger in (first, second)]
        return await asyncio.gather(*jobs)

    with Ledger(Store(tmp_path)) as first, Ledger(Store(tmp_path)) as second:
        outcomes = asyncio.run(both(first, second))
    assert runs == [task("a").id]
    assert sorted(outcome.ending for outcome in outcomes) == [Ending.BUILT, Ending.REUSED]


def test_after_a_failure_elsewhere_it_is_tried_here(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        return good(job)

    with Ledger(Store(tmp_path)) as first, Ledger(Store(tmp_path)) as second:
        claim = first.claim("ch", "key-a", task("a").id)
        assert claim is not None
        first.fail(claim, "it broke")
        outcome = asyncio.run(Claimed(second, "ch", run=run, known=nothing)(Job(task=task("a"))))
    assert outcome.ending is Ending.BUILT


def test_a_defect_and_a_cancellation_give_the_claim_back(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        raise RuntimeError("defect")

    with Ledger(Store(tmp_path)) as first, Ledger(Store(tmp_path)) as second:
        with pytest.raises(RuntimeError, match="defect"):
            asyncio.run(Claimed(first, "ch", run=run, known=nothing)(Job(task=task("a"))))
        assert second.claim("ch", "key-a", task("a").id) is not None


def waiting(name: str) -> Outcome:
    made = replace(package(name), recipe_key=f"key-{name}")
    return Outcome(task_id=task(name).id, ending=Ending.WAITING, file_name=made.file_name, package=made)


def test_what_waits_for_its_tests_is_not_done_yet(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        return waiting("a")

    with Ledger(Store(tmp_path)) as ledger:
        assert asyncio.run(Claimed(ledger, "ch", run=run, known=nothing)(Job(task=task("a")))) == waiting("a")
        assert ledger.done("ch") == {}
        assert ledger.claim("ch", "key-a", task("a").id) is not None


def test_another_process_that_tested_all_settles_what_waits_here(tmp_path: Path) -> None:
    async def run(job: Job) -> Outcome:
        raise AssertionError("must not run")

    known = {"key-b": "b.conda", "key-a": "a.conda"}
    with Ledger(Store(tmp_path)) as ledger:
        inputs = (waiting("a"), waiting("c"), good(Job(task=task("d"))))
        outcome = asyncio.run(Claimed(ledger, "ch", run=run, known=known.get)(Job(task=task("b"), inputs=inputs)))
    assert outcome.ending is Ending.REUSED
    assert [(one.task_id, one.ending, one.file_name) for one in outcome.settled] == [
        (task("a").id, Ending.REUSED, "a.conda")
    ]


def test_who_wants_the_work_folder_too_is_not_given_the_package_alone(tmp_path: Path) -> None:
    ran: list[str] = []

    async def run(job: Job) -> Outcome:
        ran.append(job.task.id)
        return good(job)

    with Ledger(Store(tmp_path)) as ledger:
        claimed = Claimed(ledger, "ch", run=run, known=lambda _: "a.conda")
        assert asyncio.run(claimed(Job(task=task("a")))).file_name == "a.conda"
        assert ran == []
        asyncio.run(claimed(Job(task=replace(task("a"), followed=True))))
        assert ran == [task("a").id]
