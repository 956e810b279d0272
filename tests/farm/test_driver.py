"""The walk over a plan: order, failures, what is settled without running."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.farm import Job, LocalExecutor, drive
from builder.model.outcome import Ending, Outcome
from builder.model.task import Plan, Task, TaskState
from builder.report.events import Event, Finished
from tests.farm.plans import bad, good, plan, task


class Recorder:
    """Runs jobs by a function and remembers the order in which they began and ended."""

    def __init__(self, end: Callable[[Job], Outcome] = good) -> None:
        self.end = end
        self.began: list[str] = []
        self.jobs: dict[str, Job] = {}
        self.at_once = 0
        self.most_at_once = 0

    async def __call__(self, job: Job) -> Outcome:
        self.began.append(job.task.id)
        self.jobs[job.task.id] = job
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return self.end(job)


def walk(
    made: Plan, run: Recorder, *, slots: int = 2, keep_going: bool = False
) -> tuple[dict[str, Outcome], list[Event]]:
    told: list[Event] = []
    outcomes = asyncio.run(drive(made, LocalExecutor(run, slots), keep_going=keep_going, emit=told.append))
    assert [outcome.task_id for outcome in outcomes] == [task.id for task in made.tasks]
    return {outcome.task_id.split("/")[1].split("-")[0]: outcome for outcome in outcomes}, told


def test_a_task_starts_after_what_it_needs_and_gets_their_ends() -> None:
    run = Recorder()
    ended, told = walk(plan(task("a"), task("b", "a"), task("c", "a", "b")), run)
    assert run.began == [task("a").id, task("b").id, task("c").id]
    assert [outcome.task_id for outcome in run.jobs[task("c").id].inputs] == [task("a").id, task("b").id]
    assert all(outcome.ending is Ending.BUILT for outcome in ended.values())
    assert [event.done for event in told if isinstance(event, Finished)] == [1, 2, 3]


def test_the_most_awaited_task_goes_first() -> None:
    run = Recorder()
    walk(plan(task("a"), task("b"), task("c", "b"), task("d", "c")), run, slots=1)
    assert run.began == [task(name).id for name in ("b", "c", "a", "d")]


def test_never_more_jobs_than_slots() -> None:
    run = Recorder()
    walk(plan(*(task(f"p{i}") for i in range(9))), run, slots=3)
    assert run.most_at_once == 3


def test_a_failure_stops_what_is_not_yet_started_and_says_so() -> None:
    run = Recorder(lambda job: bad(job) if job.task.rendering.output.name == "a" else good(job))
    ended, _ = walk(plan(task("a"), task("b", "a"), task("c")), run, slots=1)
    assert run.began == [task("a").id]
    assert ended["a"].ending is Ending.FAILED
    assert ended["b"].problems[0].message == f"not started: it needs {task('a').id}, which did not succeed"
    assert "--keep-going" in (ended["c"].problems[0].remedy or "")


def test_keep_going_builds_everything_that_does_not_depend_on_the_failure() -> None:
    run = Recorder(lambda job: bad(job) if job.task.rendering.output.name == "a" else good(job))
    ended, _ = walk(plan(task("a"), task("b", "a"), task("c"), task("d", "b"), task("e", "c")), run, keep_going=True)
    endings = {name: outcome.ending for name, outcome in ended.items()}
    assert endings == {
        "a": Ending.FAILED, "b": Ending.BLOCKED, "c": Ending.BUILT, "d": Ending.BLOCKED, "e": Ending.BUILT,
    }  # fmt: skip


def test_what_the_plan_reuses_never_runs_and_lets_its_dependants_start() -> None:
    run = Recorder()
    ended, _ = walk(plan(task("a", state=TaskState.REUSE), task("b", "a")), run)
    assert run.began == [task("b").id]
    assert ended["a"].ending is Ending.REUSED
    assert ended["a"].file_name == "a-1.0-hb0f4dca_0.conda"


def test_tests_need_counts_too() -> None:
    run = Recorder()
    made = plan(task("lib"), task("tool", tests_need=(task("lib").id,)))
    walk(made, run)
    assert run.began == [task("lib").id, task("tool").id]


def test_a_staging_output_runs_only_when_somebody_needs_it() -> None:
    stage = task("stage", kind="staging")
    run = Recorder()
    ended, _ = walk(plan(stage, task("p", stage.id, state=TaskState.REUSE)), run)
    assert run.began == []
    assert ended["stage"].ending is Ending.SKIPPED
    run = Recorder()
    walk(plan(stage, task("p", stage.id)), run)
    assert run.began == [stage.id, task("p").id]


def test_an_empty_plan_ends_at_once() -> None:
    assert asyncio.run(drive(plan(), LocalExecutor(Recorder(), 1), keep_going=False, emit=lambda event: None)) == ()


def test_cancelling_the_walk_cancels_what_runs() -> None:
    cancelled: list[str] = []

    async def run(job: Job) -> Outcome:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(job.task.id)
            raise
        return good(job)

    async def main() -> None:
        walking = asyncio.create_task(
            drive(plan(task("a"), task("b")), LocalExecutor(run, 2), keep_going=False, emit=lambda event: None)
        )
        await asyncio.sleep(0.01)
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking

    asyncio.run(main())
    assert sorted(cancelled) == [task("a").id, task("b").id]


def test_a_defect_in_a_job_goes_up_and_leaves_nothing_running() -> None:
    async def run(job: Job) -> Outcome:
        if job.task.rendering.output.name == "a":
            raise RuntimeError("defect")
        await asyncio.sleep(60)
        return good(job)

    with pytest.raises(RuntimeError, match="defect"):
        asyncio.run(drive(plan(task("a"), task("b")), LocalExecutor(run, 2), keep_going=True, emit=lambda event: None))


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=1, max_size=25), st.integers(1, 5), st.integers(0, 24)
)
def test_every_task_ends_exactly_once_and_in_order(edges: list[list[int]], slots: int, poison: int) -> None:
    tasks: list[Task] = [task(f"p{i}", *sorted({f"p{j}" for j in needs if j < i})) for i, needs in enumerate(edges)]
    run = Recorder(lambda job: bad(job) if job.task.rendering.output.name == f"p{poison}" else good(job))
    ended, _ = walk(plan(*tasks), run, slots=slots, keep_going=True)
    place = {name: index for index, name in enumerate(run.began)}
    assert len(place) == len(run.began)
    for made in tasks:
        outcome = ended[made.rendering.output.name]
        needs_good = all(ended[need.split("/")[1].split("-")[0]].good for need in made.needs)
        assert (outcome.ending is Ending.BLOCKED) == (not needs_good)
        assert all(place[need] < place[made.id] for need in made.needs if made.id in place)


def circle(job: Job) -> Outcome:
    """``b`` tests ``a`` too: the end of ``a`` comes with that of ``b``."""
    name = job.task.rendering.output.name
    if name == "a":
        return Outcome(task_id=job.task.id, ending=Ending.WAITING, file_name="a.conda")
    if name == "b":
        (waiting,) = job.inputs
        assert waiting.ending is Ending.WAITING
        return replace(good(job), settled=(replace(waiting, ending=Ending.BUILT),))
    return good(job)


ROUND = plan(
    replace(task("a"), tested_by=task("b").id),
    replace(task("b"), tests_need=(task("a").id,)),
    replace(task("c", "a"), tests_need=(task("b").id,)),
)


def test_what_waits_for_its_tests_ends_with_who_runs_them() -> None:
    run = Recorder(circle)
    ended, told = walk(ROUND, run)
    assert {name: one.ending for name, one in ended.items()} == dict.fromkeys("abc", Ending.BUILT)
    events = [event for event in told if isinstance(event, Finished)]
    assert [(event.outcome.task_id, event.done) for event in events] == [
        (task("a").id, 1), (task("b").id, 2), (task("c").id, 3),
    ]  # fmt: skip
    assert [one.ending for one in run.jobs[task("c").id].inputs] == [Ending.BUILT, Ending.BUILT]


@pytest.mark.parametrize("keep_going", [False, True])
def test_what_nobody_tested_is_no_success(keep_going: bool) -> None:
    run = Recorder(lambda job: bad(job) if job.task.rendering.output.name == "b" else circle(job))
    ended, told = walk(ROUND, run, keep_going=keep_going)
    endings = {name: outcome.ending for name, outcome in ended.items()}
    assert endings == {"a": Ending.BLOCKED, "b": Ending.FAILED, "c": Ending.BLOCKED}
    (problem,) = ended["a"].problems
    assert problem.message == f"built and not tested: it needs {task('b').id} to run, which did not succeed"
    assert len([event for event in told if isinstance(event, Finished)]) == 3


def test_a_package_that_fails_the_tests_that_another_ran_stops_the_walk() -> None:
    def end(job: Job) -> Outcome:
        found = circle(job)
        settled = tuple(replace(one, ending=Ending.FAILED) for one in found.settled)
        return replace(found, settled=settled)

    ended, _ = walk(ROUND, Recorder(end))
    endings = {name: outcome.ending for name, outcome in ended.items()}
    assert endings == {"a": Ending.FAILED, "b": Ending.BUILT, "c": Ending.BLOCKED}
