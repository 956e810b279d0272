"""Outputs that go on in one work folder: what the next one finds there, really run in every way there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.channel import Channel
from builder.model.outcome import Ending, Outcome
from builder.model.recipe import Build, Inherit, PathSource, Script
from builder.model.task import Task, TaskState
from builder.pipeline import run_task, staged
from tests.pipeline.making import Stage, installs
from tests.pipeline.places import Place

FIRST = (
    "echo more >>text.txt",
    "rm gone.txt",
    "mkdir -p made/empty made/full",
    "echo new >made/full/file",
    "ln -s full made/link",
    "printf '#!/bin/sh\\necho ran\\n' >tool",
    "chmod +x tool",
    'echo "$SRC_DIR" >where.txt',
    'mkdir -p "$PREFIX/share"',
    'cp text.txt "$PREFIX/share/first"',
)
SECOND = (
    'mkdir -p "$PREFIX/share"',
    'test "$(./tool)" = ran',
    "test ! -e gone.txt",
    "test -d made/empty",
    'test "$(cat made/link/file)" = new',
    'test "$(cat where.txt)" = "$SRC_DIR"',
    'test ! -e "$PREFIX/share/first"',
    "rm -r made",
    "mkdir emptied && touch emptied/file",
    'cp text.txt "$PREFIX/share/second"',
)
THIRD = ('mkdir -p "$PREFIX/share"', "test ! -e made", "rm emptied/file", 'ls >"$PREFIX/share/third"')
FOURTH = ('mkdir -p "$PREFIX/share"', "test -d emptied", 'ls emptied >"$PREFIX/share/fourth"')


def task_of(stage: Stage, name: str, lines: Sequence[str], before: Task | None, **changes: object) -> Task:
    """One output with the script ``lines``, which goes on after another."""
    source = stage.folder / "recipes" / name / "src"
    source.mkdir(parents=True, exist_ok=True)
    for file in ("text.txt", "gone.txt"):
        (source / file).write_text(f"{file}\n")
    script = Script(content=tuple(lines))
    rendering = stage.rendering(name, build=Build(script=script), source=(PathSource(path="src"),))
    if before is not None:
        rendering = replace(rendering, follows=before.id)
        changes = {"needs": (before.id,), **changes}
    return stage.task(rendering, **changes)


def content(outcome: Outcome, path: str) -> str:
    """A file of a package."""
    assert outcome.package is not None, outcome.problems
    package = read_package(outcome.package.path)
    into = outcome.package.path.parent / f"{outcome.package.path.name}.files"
    package.extract(into)
    return (into / path).read_text()


def test_scripts_go_on_where_the_one_before_ended(every: Place) -> None:
    """Files that were changed, removed, made; links, programs, empty folders; and nothing of the prefix."""
    stage, bench = every.stage, every.bench
    one = task_of(stage, "one", FIRST, None, followed=True)
    two = task_of(stage, "two", SECOND, one, followed=True)
    three = task_of(stage, "three", THIRD, two, followed=True)
    four = task_of(stage, "four", FOURTH, three)
    first = asyncio.run(run_task(one, [], bench))
    assert content(first, "share/first") == "text.txt\nmore\n"
    second = asyncio.run(run_task(two, [first], bench))
    assert content(second, "share/second") == "text.txt\nmore\n"
    third = asyncio.run(run_task(three, [second], bench))
    assert content(third, "share/third") == "emptied\ntext.txt\ntool\nwhere.txt\n"
    fourth = asyncio.run(run_task(four, [third], bench))
    assert content(fourth, "share/fourth") == ""
    again = asyncio.run(run_task(two, [first], bench))
    assert again.good, "what was kept is not used up"


def test_nothing_is_kept_through_a_link_that_leads_out(every: Place, tmp_path: Path) -> None:
    """What one script leaves as links the next may have as folders, and the other way round."""
    stage, bench = every.stage, every.bench
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    makes = (f"ln -s {outside} a", f"ln -s {outside}/file b", "mkdir c && touch c/file", 'touch "$PREFIX/one"')
    turns = (
        "rm a b && mkdir a b && echo mine >a/file && echo mine >b/file",
        f"rm -r c && ln -s {outside} c",
        'touch "$PREFIX/two"',
    )
    looks = ("test ! -L a", 'test "$(cat a/file)" = mine', "test -L c", "rm c && mkdir c", 'touch "$PREFIX/three"')
    ends = ('test ! -L c && test -z "$(ls c)"', 'touch "$PREFIX/four"')
    done: list[Outcome] = []
    before: Task | None = None
    for name, lines in (("one", makes), ("two", turns), ("three", looks), ("four", ends)):
        task = task_of(stage, name, lines, before, followed=name != "four")
        outcome = asyncio.run(run_task(task, done[-1:], bench))
        assert outcome.good, outcome.problems
        done, before = [*done, outcome], task
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "precious"


def test_the_folder_is_kept_only_where_somebody_goes_on(stage: Stage) -> None:
    stage.sandbox = installs({"share/x": b"x"}, work={"made.txt": b"made"})
    alone = stage.run(task_of(stage, "one", FIRST, None))
    assert alone.build_key is not None
    assert staged.load(stage.store, alone.build_key) is None
    kept = stage.run(task_of(stage, "one", FIRST, None, followed=True), channel=Channel(stage.folder / "other"))
    assert kept.build_key == alone.build_key, "who goes on after it changes nothing about a package"
    found = staged.load(stage.store, kept.build_key)
    assert found is not None
    assert sorted(path.name for path in found.source.folder.iterdir()) == ["gone.txt", "made.txt", "text.txt"]
    assert found.installed.entries == ()


def test_a_package_that_is_there_with_its_folder_is_not_built_again(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({"share/x": b"x"})
    task = task_of(stage, "one", FIRST, None, followed=True)
    assert stage.run(task).ending is Ending.BUILT
    again = stage.run(task)
    assert (again.ending, len(sandbox.commands)) == (Ending.REUSED, 1)
    only = replace(task, followed=False, state=TaskState.BUILD)
    assert stage.run(only).ending is Ending.BUILT, "the plan decides where nobody goes on"


@pytest.mark.parametrize("state", [TaskState.BUILD, TaskState.AFTER])
def test_a_package_that_is_there_without_its_folder_is_built_again(stage: Stage, state: TaskState) -> None:
    stage.sandbox = sandbox = installs({"share/x": b"x"})
    task = task_of(stage, "one", FIRST, None)
    assert stage.run(task).ending is Ending.BUILT
    assert stage.run(replace(task, followed=True, state=state)).ending is Ending.BUILT
    assert len(sandbox.commands) == 2


def test_what_went_before_is_in_the_build_key(stage: Stage) -> None:
    stage.sandbox = installs({"share/x": b"x"})
    one = task_of(stage, "one", FIRST, None, followed=True)
    first = stage.run(one)
    other = replace(one, explanation=(("the recipe's build", "changed"),))
    changed = stage.run(other, channel=Channel(stage.folder / "other"))
    two = task_of(stage, "two", SECOND, one)
    keys = {stage.run(two, [before]).build_key for before in (first, changed)}
    assert None not in keys
    assert len(keys) == 2


def test_a_folder_that_is_gone_says_what_to_do(stage: Stage) -> None:
    one = task_of(stage, "one", FIRST, None)
    lost = Outcome(task_id=one.id, ending=Ending.REUSED, build_key="f" * 64)
    outcome = stage.run(task_of(stage, "two", SECOND, one), [lost])
    (problem,) = outcome.problems
    assert "linux-64/one-1-h0000000_0 is no longer in the store" in problem.message
    assert problem.remedy == "run the same command again"


def test_what_is_staged_and_not_packed_is_there_for_the_script_alone(stage: Stage) -> None:
    """Not even what the script changed of it: a package holds what its script added (conda-build's rule)."""
    stage.sandbox = installs({"share/staged": b"old", "share/both": b"old"})
    parent = stage.task(stage.rendering("dough", kind="staging"))
    ended = stage.run(parent)
    stage.sandbox = installs({"share/own": b"own", "share/both": b"new"})

    def packed(**output: object) -> list[str]:
        inherit = Inherit(staging="dough", packed=False)
        rendering = replace(stage.rendering("bun", inherit=inherit, **output), staging=parent.id)
        outcome = stage.run(stage.task(rendering, needs=(parent.id,)), [ended])
        assert outcome.package is not None, outcome.problems
        return [str(entry["_path"]) for entry in read_package(outcome.package.path).paths()]

    assert packed(build=Build(script=Script(content=("bake",)))) == ["share/own"]
    assert packed(build=Build(script=Script(content=()))) == []


def test_what_the_sources_were_is_kept_with_the_folder(stage: Stage) -> None:
    stage.sandbox = installs({"share/x": b"x"})
    one = task_of(stage, "one", FIRST, None, followed=True)
    first = stage.run(one)
    assert first.build_key is not None
    kept = staged.load(stage.store, first.build_key)
    assert kept is not None
    assert [(digest.url, digest.contents_sha256 is not None) for digest in kept.source.digests] == [("src", True)]
