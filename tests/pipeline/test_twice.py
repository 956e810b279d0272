"""Everything built twice: what embeds its surroundings is not published, and told with its place and both sides."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.errors import Problem
from builder.model.outcome import Ending, Outcome
from builder.model.package import Package
from builder.model.packaging import Packaging
from builder.model.recipe import Build, Inherit
from builder.model.task import Task
from builder.pack.reading import read_back
from builder.pack.statement import Machine
from builder.pipeline.bench import Account
from builder.pipeline.ready import Ready
from builder.pipeline.twice import compare, other_cores
from builder.pipeline.work import Work
from builder.report.events import Found, Noted
from builder.sandbox.confined import confine
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Command, Exit
from builder.sandbox.varied import TOOLS, Surroundings
from tests.pack.test_difference import conda
from tests.pipeline.making import Stage, Table, upper_of
from tests.pipeline.test_repacking import task
from tests.pipeline.test_scripting import ready
from tests.sandbox.forbidding import without_writing

AROUND = Surroundings(tools=Path("/tools"), variations=("date", "processors"), processors="1", apart=0)
ACCOUNT = Account(
    invocation="run", clock=lambda: 1_600_000_000.0, machine=Machine(kernel="6.1", architecture="x86_64", cores=2)
)

Content = Callable[[int], bytes]


def plays(content: Content, *, path: str = "share/x", code: Callable[[int], int] = lambda _: 0) -> FakeSandbox:
    """A sandbox whose scripts leave a file in the host prefix; which, goes by the number of the build, from 1."""
    builds: list[Opened] = []

    def play(command: Command, opened: Opened, output: Output) -> Exit | int:
        builds.append(opened)
        place = upper_of(opened, "host_env") / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content(len(builds)))
        output(b"build %d\n" % len(builds))
        return code(len(builds))

    return FakeSandbox(play=play)


def fails_once_more(stage: Stage, sandbox: FakeSandbox, *, cores: int = 2) -> Problem:
    stage.sandbox = sandbox
    outcome = stage.run(around=AROUND, cores=cores)
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
    assert not list((stage.folder / "channel").rglob("*.conda"))
    assert not list((stage.folder / "channel").rglob("*.json"))
    [problem] = outcome.problems
    return problem


def test_what_is_the_same_is_published_and_says_so(stage: Stage) -> None:
    stage.sandbox = plays(lambda _: b"always")
    outcome = stage.run(around=AROUND, account=ACCOUNT)
    assert (outcome.ending, outcome.reproducible) == (Ending.BUILT, True)
    assert outcome.package is not None
    details = json.loads(outcome.package.statement)["predicate"]["runDetails"]
    assert details["bakehouse_reproducible"] == {"varied": ["date", "processors"]}
    beside = outcome.package.path.with_name(outcome.package.path.name + ".intoto.json")
    assert beside.read_text() == outcome.package.statement


def test_unless_it_is_asked_for_nothing_is_built_twice(stage: Stage) -> None:
    sandbox = stage.sandbox = plays(lambda number: b"%d" % number)
    outcome = stage.run(account=ACCOUNT)
    assert (outcome.ending, outcome.reproducible) == (Ending.BUILT, None)
    assert len(sandbox.commands) == 1
    assert outcome.package is not None
    assert "bakehouse_reproducible" not in outcome.package.statement


def test_the_second_build_has_other_surroundings_and_the_same_inputs(stage: Stage) -> None:
    sandbox = stage.sandbox = plays(lambda _: b"")
    stage.run(around=AROUND, cores=4)
    one, two = sandbox.opened
    assert [command.argv[0] for command in sandbox.commands] == ["/bin/bash", "/bakehouse/again/taskset"]
    assert sandbox.commands[1].argv[3:] == sandbox.commands[0].argv
    assert {mount.inside for mount in two.mounts} - {mount.inside for mount in one.mounts} == {TOOLS}
    assert (one.env["CPU_COUNT"], two.env["CPU_COUNT"]) == ("4", "3")
    differing = {name for name in {*one.env, *two.env} if one.env.get(name) != two.env.get(name)}
    assert differing == {"CPU_COUNT", *AROUND.variables}


def test_environments_are_solved_once(stage: Stage) -> None:
    stage.sandbox = plays(lambda _: b"")
    solver = stage.solver = Table()
    stage.run()
    once = len(solver.asked)
    (stage.folder / "channel" / "linux-64" / "bun-1-h0000000_0.conda").unlink()
    stage.run(around=AROUND)
    assert len(solver.asked) == 2 * once


def test_a_difference_is_told_with_its_place_and_both_sides(stage: Stage) -> None:
    problem = fails_once_more(stage, plays(lambda number: b"same\nmade on 2026-01-%02d\n" % number))
    assert problem.code == "reproducible.differs"
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("bun-1-h0000000_0.conda: share/x", 2)
    assert "the date and the number of processors" in problem.message
    assert "line 2 of share/x (in pkg-bun-1-h0000000_0.tar.zst)" in problem.message
    assert "the time of the build" in problem.message
    assert problem.message.endswith("\n  │ first  made on 2026-01-01\n  │ second made on 2026-01-02")
    assert "SOURCE_DATE_EPOCH" in (problem.remedy or "")


def test_both_packages_are_kept_where_the_remedy_says(stage: Stage) -> None:
    problem = fails_once_more(stage, plays(lambda number: b"%d" % number))
    words = (problem.remedy or "").split()
    one, two = (Path(word) for word in words if word.endswith(".conda"))
    kept = stage.store.failed_place("linux-64/bun-1-h0000000_0")
    assert one.is_relative_to(kept)
    assert two.is_relative_to(kept)
    assert hashlib.sha256(one.read_bytes()).digest() != hashlib.sha256(two.read_bytes()).digest()


def test_the_number_of_processors_is_known(stage: Stage) -> None:
    problem = fails_once_more(stage, plays(lambda number: b"%d" % (9 - number)), cores=8)
    assert "looks like the number of processors" in problem.message


def test_a_second_build_that_fails(stage: Stage) -> None:
    problem = fails_once_more(stage, plays(lambda _: b"", code=lambda number: number - 1))
    assert problem.code == "reproducible.failed"
    assert problem.message.startswith(
        "bun-1-h0000000_0 can be built, but not once more in other surroundings (the date"
    )
    assert "ended with exit code 1" in problem.message
    log = stage.folder / "logs" / "again" / "bun-1-h0000000_0.log"
    assert str(log) in (problem.remedy or "")
    assert log.read_text() == "build 2\n"
    assert (stage.folder / "logs" / "bun-1-h0000000_0.log").read_text() == "build 1\n"


def test_a_first_build_that_fails_is_not_tried_again(stage: Stage) -> None:
    sandbox = stage.sandbox = plays(lambda _: b"", code=lambda _: 3)
    assert stage.run(around=AROUND).problems[0].code == "script"
    assert len(sandbox.commands) == 1


def test_findings_are_told_once(stage: Stage) -> None:
    stage.sandbox = plays(lambda _: b"x", path="share/a file")
    stage.run(around=AROUND)
    found = [event.finding for event in stage.told if isinstance(event, Found)]
    assert len(found) == len(set(found))
    assert any("once more" in event.text for event in stage.told if isinstance(event, Noted))


def test_what_is_there_in_another_format_is_built_all_the_same(stage: Stage) -> None:
    sandbox = stage.sandbox = plays(lambda _: b"x")
    bzip2 = Packaging(file_type="tar.bz2", level=9)
    assert stage.run(task(stage, Packaging())).reproducible is None
    assert stage.run(task(stage, bzip2), packaging=bzip2, around=AROUND).reproducible
    assert len(sandbox.commands) == 3


@pytest.mark.parametrize(("cores", "other"), [(1, 2), (2, 1), (8, 7)])
def test_other_cores(cores: int, other: int) -> None:
    assert other_cores(cores) == other


def staging(stage: Stage) -> tuple[Task, Task]:
    """A staging output and a package that takes its files."""
    first = stage.rendering("dough", kind="staging")
    rest = replace(stage.rendering("bun", inherit=Inherit(staging="dough"), build=Build()), staging=first.identity)
    return stage.task(first), stage.task(rest, needs=(first.identity,))


def run_both(stage: Stage) -> Sequence[Outcome]:
    dough, bun = staging(stage)
    made = stage.run(dough, around=AROUND)
    assert made.ending in {Ending.STAGED, Ending.REUSED}, made
    return made, stage.run(bun, [made], around=AROUND)


def test_a_staging_output_is_built_twice_and_its_packages_of_both(stage: Stage) -> None:
    stage.sandbox = plays(lambda number: b"%d" % number)
    _, outcome = run_both(stage)
    assert (outcome.ending, outcome.problems[0].code) == (Ending.FAILED, "reproducible.differs")
    assert "share/x" in outcome.problems[0].message


def test_what_differs_in_a_staging_output_and_in_no_package_does_no_harm(stage: Stage) -> None:
    """What is never packed, for example."""
    stage.sandbox = plays(lambda number: b"%d" % number, path="share/info/dir")
    _, outcome = run_both(stage)
    assert (outcome.ending, outcome.reproducible) == (Ending.BUILT, True)


def test_a_staging_output_that_was_built_once_is_built_a_second_time(stage: Stage) -> None:
    sandbox = stage.sandbox = plays(lambda number: b"%d" % number)
    dough, _ = staging(stage)
    assert stage.run(dough).ending is Ending.STAGED
    assert len(sandbox.commands) == 1
    made, outcome = run_both(stage)
    assert made.ending is Ending.REUSED
    assert len(sandbox.commands) == 2
    assert outcome.ending is Ending.FAILED
    run_both(stage)
    assert len(sandbox.commands) == 2, "both are in the store now"


def test_a_staging_output_that_cannot_be_built_twice(stage: Stage) -> None:
    stage.sandbox = plays(lambda _: b"", code=lambda number: number - 1)
    dough, _ = staging(stage)
    outcome = stage.run(dough, around=AROUND)
    assert outcome.problems[0].code == "reproducible.failed"


def test_another_process_unpacks_what_is_compared(stage: Stage) -> None:
    """Ours may write no file but the store's locks."""
    work = stage.work(around=AROUND)
    one, other = (read_back(conda(work.scratch / name, {"x": name.encode()})) for name in ("one", "other"))
    confine(stage.store).extract(one.path, stage.folder / "free")
    locks = stage.store.root / "locks"
    locks.mkdir(exist_ok=True)

    async def make(again: Work, needed: Ready) -> Package:
        return other

    said = without_writing(lambda: asyncio.run(compare(work, ready(stage), one, make)), locks)
    assert "it came out with other bytes" in said
    assert "the first difference is line 1 of x (in pkg-a-1-0.tar.zst)" in said
    assert (work.scratch / "compared").exists() is False
    assert "PermissionError" in without_writing(lambda: read_package(one.path).extract(stage.folder / "here"), locks)
