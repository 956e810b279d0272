"""The testing phase: a package is tried before it is published, and set aside when it fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from builder.model.outcome import Ending
from builder.model.package import TestResult
from builder.model.recipe import PackageContentsTest, Script, ScriptTest
from builder.model.task import Phase
from builder.pipeline.trying import set_aside
from builder.report.events import PhaseStarted
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Command
from tests.pipeline.making import Stage, upper_of
from tests.report.values import package

CONTENTS = PackageContentsTest(files=("share/bun.txt",))
SCRIPT = ScriptTest(script=Script(content=("taste",)))


def kitchen(*, bake: str = "share/bun.txt", taste: int = 0) -> FakeSandbox:
    """The build leaves a file; the test ends with a code."""

    def play(command: Command, opened: Opened, output: Output) -> int:
        if opened.env["CONDA_BUILD_STATE"] == "TEST":
            output(b"tasting\n")
            return taste
        place = upper_of(opened, "host_env") / bake
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"bun\n")
        return 0

    return FakeSandbox(play=play)


def test_a_package_that_passes_is_published_with_its_results(stage: Stage) -> None:
    stage.sandbox = kitchen()
    outcome = stage.run(stage.task(stage.rendering(tests=(CONTENTS, SCRIPT))), test="native")
    assert outcome.ending is Ending.BUILT, outcome.problems
    assert [test.passed for test in outcome.tests] == [True, True]
    assert "tasting" in stage.lines()
    assert len(list((stage.folder / "channel" / "linux-64").glob("*.conda"))) == 1


def test_a_package_that_fails_is_set_aside_and_both_places_are_said(stage: Stage) -> None:
    stage.sandbox = kitchen(taste=1)
    outcome = stage.run(stage.task(stage.rendering(tests=(SCRIPT,))), test="native")
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
    (problem,) = outcome.problems
    assert "stays out of the channel: its test failed" in problem.message
    assert "│ tasting" in problem.message
    place = stage.folder / "broken" / "linux-64" / "bun-1-h0000000_0.conda"
    assert place.is_file()
    assert str(place) in str(problem.remedy)
    (result,) = outcome.tests
    assert result.log is not None
    assert result.log.is_relative_to(stage.folder / "logs")
    assert str(result.log) in str(problem.remedy)
    assert result.log.read_text() == "tasting\n"
    assert list((stage.folder / "channel").glob("*/*.conda")) == []
    assert Phase.CHANNEL not in [event.phase for event in stage.told if isinstance(event, PhaseStarted)]


def test_the_environment_of_a_test_is_a_fresh_one_with_the_package_beside_the_channels(stage: Stage) -> None:
    stage.sandbox = sandbox = kitchen()
    stage.run(stage.task(stage.rendering(tests=(SCRIPT,))), test="native")
    build, test = sandbox.opened
    assert not {mount.inside for mount in test.mounts} & {
        mount.inside for mount in build.mounts if "host" in str(mount.inside)
    }
    assert "TOKEN" not in test.env


def test_skipping_tests_is_a_choice(stage: Stage) -> None:
    stage.sandbox = kitchen(taste=1)
    outcome = stage.run(stage.task(stage.rendering(tests=(SCRIPT,))), test="skip")
    assert (outcome.ending, outcome.tests) == (Ending.BUILT, ())


def test_no_tests_are_no_failure(stage: Stage) -> None:
    stage.sandbox = kitchen()
    outcome = stage.run(test="native")
    assert (outcome.ending, outcome.tests) == (Ending.BUILT, ())


def test_contents_that_are_missing_fail_without_a_sandbox(stage: Stage) -> None:
    stage.sandbox = sandbox = kitchen(bake="share/cake.txt")
    outcome = stage.run(stage.task(stage.rendering(tests=(CONTENTS,))), test="native")
    assert outcome.ending is Ending.FAILED
    assert "share/bun.txt" in outcome.problems[0].message
    assert len(sandbox.opened) == 1


def test_several_results_are_counted_and_failed_ones_quoted(stage: Stage, tmp_path: Path) -> None:
    made = package("bun")
    (tmp_path / "packed").mkdir()
    path = tmp_path / "packed" / made.file_name
    path.write_bytes(b"bytes")
    results = [
        TestResult(what="script 0", passed=True, seconds=1),
        TestResult(what="script 1", passed=False, seconds=1, log=tmp_path / "one.log", tail="first\nsecond"),
        TestResult(what="contents 2", passed=False, seconds=1, tail="nothing matches"),
    ]
    (problem,) = asyncio.run(set_aside(stage.work(), replace(made, path=path), results))
    assert (
        "2 of 3 tests failed\n  script 1:\n  │ first\n  │ second\n  contents 2:\n  │ nothing matches" in problem.message
    )
    assert str(problem.remedy).endswith(f"; logs: {tmp_path / 'one.log'}")
    assert not path.exists()
    assert (stage.folder / "broken" / made.subdir / made.file_name).read_bytes() == b"bytes"


def test_an_older_broken_package_is_replaced(stage: Stage) -> None:
    place = stage.folder / "broken" / "linux-64" / "bun-1-h0000000_0.conda"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"old")
    stage.sandbox = kitchen(taste=1)
    stage.run(stage.task(stage.rendering(tests=(SCRIPT,))), test="native")
    assert place.read_bytes() != b"old"
