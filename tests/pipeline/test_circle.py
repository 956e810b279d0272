"""Packages that need each other to run are tested by the last of them and published together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from builder.model.environment import Environment
from builder.model.outcome import Ending, Outcome
from builder.model.package import Package
from builder.model.recipe import Build, Requirements, Script, ScriptTest
from builder.model.task import TaskState
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Command
from tests.pipeline.making import Stage, Table, upper_of

BREAD, BUTTER = "linux-64/bread-1-h0000000_0", "linux-64/butter-1-h0000000_0"
FILES = {"bread-1-h0000000_0.conda", "butter-1-h0000000_0.conda"}


def kitchen(**codes: int) -> FakeSandbox:
    """A build leaves a file; a package's test ends with the code that stands under its name."""

    def play(command: Command, opened: Opened, output: Output) -> int:
        name = opened.env["PKG_NAME"]
        if opened.env["CONDA_BUILD_STATE"] == "TEST":
            output(f"tasting {name}\n".encode())
            return codes.get(name, 0)
        place = upper_of(opened, "host_env") / "share" / f"{name}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x\n")
        return 0

    return FakeSandbox(play=play)


def baked(stage: Stage, name: str, other: str, *inputs: Outcome, **changes: object) -> Outcome:
    rendering = stage.rendering(
        name,
        build=Build(script=Script(content=("make",))),
        requirements=Requirements(run=(other,)),
        tests=(ScriptTest(script=Script(content=("taste",))),),
    )
    return stage.run(stage.task(rendering, recipe_key=f"key-{name}", **changes), inputs, test="native")


def in_channel(stage: Stage) -> set[str]:
    return {path.name for path in (stage.folder / "channel").glob("*/*.conda")}


def both(stage: Stage, **codes: int) -> tuple[Outcome, Outcome]:
    stage.sandbox = kitchen(**codes)
    first = baked(stage, "bread", "butter", tested_by=BUTTER)
    assert in_channel(stage) == set()
    return first, baked(stage, "butter", "bread", first)


def test_the_first_one_waits_outside_the_channel(stage: Stage) -> None:
    stage.sandbox = sandbox = kitchen()
    outcome = baked(stage, "bread", "butter", tested_by=BUTTER)
    assert (outcome.ending, outcome.good, outcome.tests) == (Ending.WAITING, True, ())
    assert outcome.package is not None
    assert outcome.package.path.is_relative_to(stage.store.root)
    assert outcome.package.path.is_file()
    assert len(sandbox.opened) == 1, "nothing was tested"


def test_the_last_one_tests_all_and_publishes_all(stage: Stage) -> None:
    first, last = both(stage)
    assert (last.ending, [test.passed for test in last.tests]) == (Ending.BUILT, [True])
    (settled,) = last.settled
    assert (settled.task_id, settled.ending, [test.passed for test in settled.tests]) == (BREAD, Ending.BUILT, [True])
    assert in_channel(stage) == FILES
    assert settled.package is not None
    assert settled.package.path.parent == stage.folder / "channel" / "linux-64"
    assert first.package is not None
    assert not first.package.path.exists()
    assert stage.lines() == ["tasting butter", "tasting bread"]
    assert settled.timings == first.timings


def test_each_is_offered_to_the_other(stage: Stage) -> None:
    offered: list[list[str]] = []

    class Watching(Table):
        async def solve(
            self,
            specs: Sequence[str],
            *,
            subdir: str,
            loose: Sequence[Package] = (),
            constraints: Sequence[str] = (),
        ) -> Environment:
            offered.append([package.name for package in loose])
            return await super().solve(specs, subdir=subdir, loose=loose, constraints=constraints)

    stage.solver = Watching()
    both(stage)
    assert [names for names in offered if names] == [["butter", "bread"], ["bread", "butter"]]


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ({"bread": 1}, {BREAD: "its test failed", BUTTER: "it needs bread-1-h0000000_0.conda to run, which failed"}),
        ({"butter": 1}, {BREAD: "it needs butter-1-h0000000_0.conda to run, which failed", BUTTER: "its test failed"}),
        ({"bread": 1, "butter": 1}, {BREAD: "its test failed", BUTTER: "its test failed"}),
    ],
    ids=str,
)
def test_none_is_published_when_one_fails(stage: Stage, codes: dict[str, int], words: Mapping[str, str]) -> None:
    _, last = both(stage, **codes)
    for outcome in (last, *last.settled):
        assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
        assert words[outcome.task_id] in outcome.problems[0].message
    assert in_channel(stage) == set()
    assert {path.name for path in (stage.folder / "broken" / "linux-64").iterdir()} == FILES


def test_one_that_is_reused_still_tests_the_others(stage: Stage) -> None:
    stage.sandbox = kitchen()
    baked(stage, "butter", "bread")
    first = baked(stage, "bread", "butter", tested_by=BUTTER)
    last = baked(stage, "butter", "bread", first, state=TaskState.AFTER)
    assert (last.ending, [one.ending for one in last.settled]) == (Ending.REUSED, [Ending.BUILT])
    assert in_channel(stage) == FILES


def test_one_that_is_reused_stays_when_the_others_fail(stage: Stage) -> None:
    stage.sandbox = kitchen(bread=1)
    baked(stage, "butter", "bread")
    first = baked(stage, "bread", "butter", tested_by=BUTTER)
    last = baked(stage, "butter", "bread", first, state=TaskState.AFTER)
    assert (last.ending, [one.ending for one in last.settled]) == (Ending.REUSED, [Ending.FAILED])
    assert in_channel(stage) == {"butter-1-h0000000_0.conda"}


def test_without_tests_nobody_waits(stage: Stage) -> None:
    stage.sandbox = kitchen()
    rendering = stage.rendering("bread", build=Build(script=Script(content=("make",))))
    outcome = stage.run(replace(stage.task(rendering), tested_by=BUTTER), test="skip")
    assert outcome.ending is Ending.BUILT
    assert in_channel(stage) == {"bread-1-h0000000_0.conda"}
