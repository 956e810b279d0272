"""What is kept of a failure: one plain tree, what the script did to it, no secret, and nothing once it is mended."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import ScriptError
from builder.model.inside import SEALED
from builder.model.outcome import Ending
from builder.model.payload import Installed
from builder.model.recipe import Build, Script
from builder.pipeline import keeping, kept
from builder.pipeline.scripting import run_build
from builder.report.events import Noted
from builder.sandbox import Bind, Command, Overlay
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from tests.pipeline.making import Stage
from tests.pipeline.places import Place
from tests.pipeline.test_scripting import parent_of, ready, tree

pytestmark = pytest.mark.sandbox


def test_the_tree_is_one_plain_folder(every: Place) -> None:
    state = every.failed()
    folder = every.folder(every.task())
    assert isinstance(state.mount(state.start), Bind)
    assert sorted(path.name for path in (folder / "work").iterdir()) == ["config.in", "made.txt", "main.c", "tool.sh"]
    assert (folder / "work" / "config.in").read_text() == "new\n"
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert not names & {"tree", "work-changes"}, "nothing is kept twice"


def test_what_the_script_did_is_remembered(every: Place) -> None:
    state = every.failed()
    assert [one.path for one in state.touched] == ["config.in"]
    assert state.removed == ("gone.txt",)
    assert state.said == "the script ended with exit code 3"


def test_the_error_names_the_command_that_enters(place: Place) -> None:
    outcome = place.run(place.task())
    (problem,) = outcome.problems
    recipe = place.task().rendering.recipe.folder
    assert problem.remedy is not None
    assert f"`bakehouse debug {recipe}` enters it" in problem.remedy
    assert str(place.folder(place.task())) in problem.remedy


def test_a_recipe_of_another_name_is_named_by_its_file(place: Place) -> None:
    task = place.task()
    recipe = replace(task.rendering.recipe, path=task.rendering.recipe.folder / "other name.yaml")
    outcome = place.run(replace(task, rendering=replace(task.rendering, recipe=recipe)))
    assert f"`bakehouse debug '{recipe.path}'`" in str(outcome.problems[0].remedy)


def test_no_secret_is_written(every: Place) -> None:
    script = Script(content=('echo "$TOKEN" >/dev/null; exit 1',), secrets=("TOKEN",))
    every.failed(every.task(script), secrets={"TOKEN": "hunter2-hunter2"})
    kept_files = [path for path in every.folder(every.task()).rglob("*") if path.is_file() and not path.is_symlink()]
    assert kept_files
    assert not [path for path in kept_files if b"hunter2" in path.read_bytes()]


def test_a_script_that_was_filled_with_a_secret_is_masked(stage: Stage) -> None:
    """Interpreters other than shells get the values of names themselves, in the file that they run."""

    def play(command: Command, opened: Opened, output: Output) -> int:
        (script,) = (mount for mount in opened.mounts if isinstance(mount, Bind) and mount.inside == SEALED.script)
        (script.source / "script.py").write_text("print('hunter2-hunter2')\n")
        return 1

    stage.sandbox = FakeSandbox(play=play)
    script = Script(content=("x",), secrets=("TOKEN",))
    outcome = stage.run(stage.task(stage.rendering(build=Build(script=script))), secrets={"TOKEN": "hunter2-hunter2"})
    assert outcome.ending is Ending.FAILED
    folder = stage.store.failed_place(outcome.task_id)
    assert (folder / "run" / "script.py").read_text() == "print('********')\n"


def test_a_check_that_fails_keeps_the_state_too(place: Place) -> None:
    script = ('mkdir -p "$PREFIX/lib"', 'ln -s /etc/passwd "$PREFIX/lib/link"', "touch made.txt")
    state = place.failed(place.task(script))
    assert "outside of the prefix" in state.said
    assert place.enter(state, 'ls made.txt; readlink "$PREFIX/lib/link"') == (0, "made.txt\n/etc/passwd\n")


def test_an_error_before_the_script_keeps_nothing_to_enter(place: Place) -> None:
    task = place.task()
    for file in (task.rendering.recipe.folder / "src").iterdir():
        file.unlink()
    (task.rendering.recipe.folder / "src").rmdir()
    assert place.run(task).ending is Ending.FAILED
    assert not kept.there(place.folder(task))


def test_a_good_end_forgets_the_failure(every: Place) -> None:
    every.failed()
    assert every.run(every.task(("true",))).good
    assert not every.folder(every.task()).exists()


def test_a_good_end_leaves_what_was_prepared(place: Place) -> None:
    """Somebody may be at work in it."""
    place.prepared()
    assert place.run(place.task(("true",))).good
    assert kept.there(place.folder(place.task()))
    keeping.forget(place.stage.store, "never heard of")


def test_folders_that_are_files_now_and_files_that_are_folders(every: Place) -> None:
    script = ("rm main.c && mkdir main.c && touch main.c/x", "mkdir -p d/e && rm -r d && touch d", "exit 1")
    every.failed(every.task(script))
    work = every.folder(every.task()) / "work"
    assert (work / "main.c" / "x").is_file()
    assert (work / "d").is_file()


def test_nothing_is_made_to_last_where_nothing_was_noted(stage: Stage, tmp_path: Path) -> None:
    keeping.made_to_last(tmp_path, stage.sandbox, stage.store, "said", {})
    assert list(tmp_path.iterdir()) == []


def test_the_first_error_is_told_when_keeping_fails_too(stage: Stage) -> None:
    """Here the noted document is gone bad meanwhile."""

    def play(command: Command, opened: Opened, output: Output) -> int:
        (script,) = (mount for mount in opened.mounts if isinstance(mount, Bind) and mount.inside == SEALED.script)
        (script.source.parent / kept.FILE).write_text("{")
        return 3

    stage.sandbox = FakeSandbox(play=play)
    outcome = stage.run()
    assert "exit code 3" in outcome.problems[0].message
    assert any("cannot be entered" in str(event) for event in stage.told)
    assert not kept.there(stage.store.failed_place(outcome.task_id))


def test_a_state_over_staged_files_stays_layers(place: Place) -> None:
    """Those of a staging output are shared: they are not copied for each failure."""
    stage = place.stage
    nothing = stage.folder / "nothing"
    nothing.mkdir()
    parent = replace(parent_of(stage), installed=Installed(folder=nothing, entries=()))
    parent.source.folder.mkdir()
    (parent.source.folder / "staged.txt").write_text("staged\n")
    work = stage.work(place.task(("rm staged.txt; touch own; exit 1",)), root=place.bench.root)
    with pytest.raises(ScriptError):
        asyncio.run(run_build(work, tree(stage), ready(stage, parent)))
    keeping.made_to_last(work.scratch, stage.sandbox, stage.store, "said", {})
    state = kept.read(work.scratch, stage.store)
    mount = state.mount(state.start)
    assert isinstance(mount, Overlay)
    assert len(mount.lower) == 2
    assert state.removed == ("staged.txt",)


GOOD = ("echo made > made.txt", "sed -i s/old/new/ config.in", 'echo bread > "$PREFIX/bread"')


def test_a_build_that_went_well_is_kept_when_the_user_asks(place: Place) -> None:
    task = place.task(GOOD)
    outcome = place.run(task, keep=True)
    assert outcome.ending is Ending.BUILT
    folder = place.folder(task)
    state = kept.read(folder, place.stage.store)
    assert state.said == ""
    assert (folder / "work" / "config.in").read_text() == "new\n"
    (told,) = [event.text for event in place.stage.told if isinstance(event, Noted)]
    recipe = task.rendering.recipe.folder
    assert told == f"{task.id}: its build folder is kept: {folder} (`bakehouse debug {recipe}` enters it)"
    place.run(task)
    assert kept.there(folder), "what somebody asked for is not swept away by the next build"


def test_without_being_asked_nothing_of_a_good_build_stays(place: Place) -> None:
    task = place.task(GOOD)
    place.failed(place.task())
    assert place.run(task).ending is Ending.BUILT
    assert not place.folder(task).exists()


def test_more_trees_are_kept_on_request_than_of_failures(place: Place) -> None:
    tasks = [place.task(GOOD, f"bun{number}") for number in range(7)]
    for task in tasks:
        assert place.run(task, keep=True).ending is Ending.BUILT
    assert all(kept.there(place.folder(task)) for task in tasks)


def test_a_tree_that_cannot_be_kept_spoils_no_package(stage: Stage) -> None:
    task = stage.task()
    store = stage.store.root
    store.mkdir(exist_ok=True)
    (store / "failed").write_bytes(b"in the way")
    outcome = stage.run(task, (), keep=True)
    assert outcome.ending is Ending.BUILT
    assert any("its build folder cannot be kept" in event.text for event in stage.told if isinstance(event, Noted))
