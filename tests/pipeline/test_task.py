"""One task from its environments to the channel: phases, ends, reuse, staging, and what a failure leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.channel import Channel
from builder.errors import Problem
from builder.model.outcome import Ending, Outcome
from builder.model.recipe import Build, Inherit, PathSource, Requirements, Script
from builder.model.task import Phase, Task, TaskState
from builder.pipeline import run_task
from builder.report.events import Found, PhaseStarted
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Command, Overlay
from tests.pipeline.making import Stage, Table, installs, upper_of

ALL = list(Phase)


def phases(stage: Stage) -> list[Phase]:
    return [event.phase for event in stage.told if isinstance(event, PhaseStarted)]


def names(channel: Channel) -> list[str]:
    return sorted(path.name for path in channel.root.glob("*/*.conda"))


def test_a_task_goes_through_all_phases_into_the_channel(stage: Stage) -> None:
    stage.sandbox = installs({"share/bun.txt": b"bun\n"})
    outcome = stage.run()
    assert (outcome.ending, outcome.exit_code, outcome.problems) == (Ending.BUILT, 0, ())
    assert phases(stage) == ALL
    assert [timing.phase for timing in outcome.timings] == ALL
    assert outcome.file_name == "bun-1-h0000000_0.conda"
    assert outcome.package is not None
    channel = stage.bench().channel
    assert outcome.package.path == channel.root / "linux-64" / "bun-1-h0000000_0.conda"
    assert names(channel) == ["bun-1-h0000000_0.conda"]
    assert channel.keys() == {"r" * 64: "bun-1-h0000000_0.conda"}
    assert channel.build_keys() == {outcome.build_key: "bun-1-h0000000_0.conda"}
    assert stage.lines() == ["the script has spoken"]


def test_nothing_is_left_of_the_tasks_folder(stage: Stage) -> None:
    stage.sandbox = installs({"share/bun.txt": b"bun\n"})
    stage.run()
    (session,) = [path for path in (stage.store.root / "sessions").iterdir() if path.is_dir()]
    assert list(session.iterdir()) == []
    assert not (stage.store.root / "failed").exists()


def test_the_same_task_makes_the_same_bytes(stage: Stage, tmp_path: Path) -> None:
    stage.sandbox = installs({"share/bun.txt": b"bun\n", "bin/run": b"#!/bin/sh\n"})
    digests = set()
    for name in ("one", "two"):
        outcome = stage.run(channel=Channel(tmp_path / name))
        assert outcome.package is not None
        digests.add(outcome.package.sha256)
    assert len(digests) == 1


def test_a_failing_script_keeps_tree_and_log_and_says_both_places(stage: Stage) -> None:
    stage.sandbox = installs({}, work={"config.log": b"no compiler"}, code=7)
    outcome = stage.run()
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
    (problem,) = outcome.problems
    assert problem.code == "script"
    assert "exit code 7" in problem.message
    assert "│ the script has spoken" in problem.message
    tree, log = stage.store.failed_place(stage.task().id), stage.folder / "logs" / "bun-1-h0000000_0.log"
    assert str(tree) in str(problem.remedy)
    assert str(log) in str(problem.remedy)
    assert log.read_text() == "the script has spoken\n"
    assert [path.read_bytes() for path in tree.rglob("config.log")] == [b"no compiler"]
    assert phases(stage) == [Phase.ENVIRONMENT, Phase.SOURCE, Phase.SCRIPT]
    assert names(stage.bench().channel) == []


def test_a_failing_check_tells_its_findings_and_packs_nothing(stage: Stage) -> None:
    stage.sandbox = installs({"share/bun.txt": b"made in /bakehouse/work/src by hand\n"})
    outcome = stage.run()
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
    assert phases(stage)[-1] is Phase.CHECK
    assert [event for event in stage.told if isinstance(event, Found)]
    assert {problem.code.partition(".")[0] for problem in outcome.problems} == {"check"}
    assert names(stage.bench().channel) == []


def test_no_environment_is_the_recipes_matter(stage: Stage) -> None:
    stage.solver = Table(missing=frozenset({"flour"}))
    requirements = Requirements(host=("flour",))
    outcome = stage.run(stage.task(stage.rendering(requirements=requirements)))
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 2)
    assert "flour" in outcome.problems[0].message
    assert phases(stage) == [Phase.ENVIRONMENT]


def test_a_package_whose_dependencies_did_not_change_is_reused(stage: Stage) -> None:
    stage.sandbox = installs({"share/bun.txt": b"bun\n"})
    first = stage.run()
    stage.told.clear()
    after = stage.task(state=TaskState.AFTER, recipe_key="n" * 64)
    second = stage.run(after)
    assert (second.ending, second.file_name, second.build_key) == (Ending.REUSED, first.file_name, first.build_key)
    assert "same bytes" in second.reasons[0]
    assert phases(stage) == [Phase.ENVIRONMENT]
    stage.told.clear()
    assert stage.run(replace(after, state=TaskState.BUILD)).ending is Ending.BUILT, "what must be built is"
    changed = replace(after, explanation=(("the recipe's build", "changed"),))
    assert stage.run(changed).ending is Ending.BUILT


def test_a_defect_of_ours_comes_out(stage: Stage) -> None:
    def play(command: Command, opened: Opened, output: Output) -> int:
        raise RuntimeError("a defect")

    stage.sandbox = FakeSandbox(play=play)
    with pytest.raises(RuntimeError, match="a defect"):
        stage.run()


def test_cancelling_removes_the_tasks_folder_and_keeps_no_tree(stage: Stage) -> None:
    async def cancelled() -> None:
        running = asyncio.current_task()
        assert running is not None

        def play(command: Command, opened: Opened, output: Output) -> int:
            running.cancel()
            return 0

        await run_task(stage.task(), (), stage.bench(sandbox=FakeSandbox(play=play)))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    (session,) = [path for path in (stage.store.root / "sessions").iterdir() if path.is_dir()]
    assert list(session.iterdir()) == []
    assert not (stage.store.root / "failed").exists()


# -- staging outputs ---------------------------------------------------------------------------------------------------


def dough(stage: Stage) -> Task:
    rendering = stage.rendering("dough", kind="staging", build=Build(script=Script(content=("knead",))))
    return stage.task(rendering)


def bun(stage: Stage, parent: Task, **output: object) -> Task:
    values: dict[str, object] = {"inherit": Inherit(staging="dough"), "build": Build(), **output}
    rendering = stage.rendering("bun", **values)
    return stage.task(replace(rendering, staging=parent.id), needs=(parent.id,))


def test_a_staging_output_is_run_once(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({"share/dough.txt": b"dough\n"})
    task = dough(stage)
    first = stage.run(task)
    assert (first.ending, first.file_name, first.package) == (Ending.STAGED, None, None)
    assert phases(stage) == [Phase.ENVIRONMENT, Phase.SOURCE, Phase.SCRIPT]
    stage.told.clear()
    second = stage.run(task)
    assert (second.ending, second.build_key) == (Ending.REUSED, first.build_key)
    assert phases(stage) == [Phase.ENVIRONMENT]
    assert len(sandbox.commands) == 1
    assert names(stage.bench().channel) == []
    stage.run(replace(task, explanation=(("the recipe's build", "changed"),)))
    assert len(sandbox.commands) == 2


def test_a_package_takes_a_staging_outputs_files(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({"share/dough.txt": b"dough\n"})
    parent = dough(stage)
    ended = stage.run(parent)
    outcome = stage.run(bun(stage, parent), [ended])
    assert outcome.ending is Ending.BUILT, outcome.problems
    assert len(sandbox.commands) == 1, "it has no script of its own"
    assert stage.run(bun(stage, parent), [ended]).package == outcome.package, "the store's files are not used up"


def test_its_own_script_works_on_top_of_the_staged_files(stage: Stage) -> None:
    parent = dough(stage)
    stage.sandbox = installs({"share/dough.txt": b"dough\n", "share/both.txt": b"old\n"})
    ended = stage.run(parent)
    stage.sandbox = installs({"share/bun.txt": b"bun\n", "share/both.txt": b"new\n"})
    outcome = stage.run(bun(stage, parent, build=Build(script=Script(content=("bake",)))), [ended])
    assert outcome.package is not None, outcome.problems
    paths = {str(entry["_path"]): entry["sha256"] for entry in read_package(outcome.package.path).paths()}
    assert set(paths) == {"share/dough.txt", "share/bun.txt", "share/both.txt"}
    stage.sandbox = installs({})
    alone = stage.run(bun(stage, parent), [ended], channel=Channel(stage.folder / "other"))
    assert alone.package is not None
    old = {str(entry["_path"]): entry["sha256"] for entry in read_package(alone.package.path).paths()}
    assert old["share/both.txt"] != paths["share/both.txt"], "what is staged stays as it was"


def test_a_staging_output_that_is_gone_says_what_to_do(stage: Stage) -> None:
    parent = dough(stage)
    lost = Outcome(task_id=parent.id, ending=Ending.REUSED, build_key="f" * 64)
    for inputs in ([lost], [], [Outcome(task_id=parent.id, ending=Ending.SKIPPED)]):
        outcome = stage.run(bun(stage, parent), inputs)
        assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
        (problem,) = outcome.problems
        assert isinstance(problem, Problem)
        assert problem.remedy == "run the same command again"


def test_without_a_sandbox_staged_files_name_the_prefix_of_who_takes_them(stage: Stage) -> None:
    prefixes: list[str] = []

    def play(command: Command, opened: Opened, output: Output) -> int:
        prefixes.append(opened.env["PREFIX"])
        place = upper_of(opened, "host_env") / "etc" / "dough.conf"
        place.parent.mkdir(parents=True)
        place.write_text(f"root={prefixes[-1]}\n")
        return 0

    stage.sandbox = replace(FakeSandbox(play=play), sealed=False)
    parent = dough(stage)
    ended = stage.run(parent)
    assert ended.ending is Ending.STAGED, ended.problems
    outcome = stage.run(bun(stage, parent), [ended])
    assert outcome.package is not None, outcome.problems
    (found,) = read_package(outcome.package.path).paths()
    assert (found["_path"], found["file_mode"]) == ("etc/dough.conf", "text")
    assert len(str(found["prefix_placeholder"])) == 255
    assert found["prefix_placeholder"] not in prefixes, "the package's own, of which its files speak"


def test_what_a_script_leaves_in_the_work_folder_is_staged_too(stage: Stage) -> None:
    seen: list[bool] = []

    def play(command: Command, opened: Opened, output: Output) -> int:
        place = upper_of(opened, "work")
        seen.append(any((layer / "built.o").is_file() for layer in layers(opened)))
        (place / "built.o").write_bytes(b"object")
        (upper_of(opened, "host_env") / "x.txt").write_bytes(b"x")
        return 0

    stage.sandbox = FakeSandbox(play=play)
    parent = dough(stage)
    ended = stage.run(parent)
    outcome = stage.run(bun(stage, parent, build=Build(script=Script(content=("bake",)))), [ended])
    assert outcome.ending is Ending.BUILT, outcome.problems
    assert seen == [False, True]


def layers(opened: Opened) -> tuple[Path, ...]:
    return next(mount.lower for mount in opened.mounts if isinstance(mount, Overlay) and mount.inside.name == "work")


def test_sources_lie_in_the_work_folder(stage: Stage) -> None:
    found: list[bytes] = []

    def play(command: Command, opened: Opened, output: Output) -> int:
        found.extend((layer / "flour.txt").read_bytes() for layer in layers(opened))
        (upper_of(opened, "host_env") / "x.txt").write_bytes(b"x")
        return 0

    stage.sandbox = FakeSandbox(play=play)
    rendering = stage.rendering(source=(PathSource(path="flour.txt"),))
    (rendering.recipe.folder / "flour.txt").write_bytes(b"flour")
    assert stage.run(stage.task(rendering)).ending is Ending.BUILT
    assert found == [b"flour"]
