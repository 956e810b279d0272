"""A task on its way: which script it runs, its folders, what it tells."""

from __future__ import annotations

from builder.model.recipe import Build, Inherit, Script
from builder.report.events import LogLine, Noted
from tests.pipeline.making import Stage


def test_the_recipes_script_wins_over_a_file_beside_it(stage: Stage) -> None:
    rendering = stage.rendering(build=Build(script=Script(content=("make install",))))
    (rendering.recipe.folder / "build.sh").touch()
    script = stage.work(stage.task(rendering)).script
    assert script is not None
    assert (script.content, script.file) == (("make install",), None)


def test_a_file_beside_the_recipe_is_the_script_when_it_names_none(stage: Stage) -> None:
    rendering = stage.rendering(build=Build())
    work = stage.work(stage.task(rendering))
    assert work.script is None
    (rendering.recipe.folder / "build.sh").mkdir()
    assert work.script is None, "a folder is no script"
    (rendering.recipe.folder / "build.sh").rmdir()
    (rendering.recipe.folder / "build.sh").touch()
    assert work.script == Script(file="build.sh")


def test_what_inherits_files_does_not_run_the_script_again(stage: Stage) -> None:
    rendering = stage.rendering(build=Build(), inherit=Inherit(staging="dough"))
    (rendering.recipe.folder / "build.sh").touch()
    assert stage.work(stage.task(rendering)).script is None
    named = stage.rendering(build=Build(script=Script(file="build.sh")), inherit=Inherit(staging="dough"))
    assert stage.work(stage.task(named)).script == Script(file="build.sh")


def test_folders_are_the_tasks_own(stage: Stage) -> None:
    work = stage.work()
    (work.folder("x") / "file").touch()
    assert work.folder("x") == work.scratch / "x"
    assert (work.folder("x") / "file").exists(), "asking again empties nothing"


def test_what_it_tells_says_who_speaks(stage: Stage) -> None:
    work = stage.work()
    work.say("compiling")
    work.note("a package wants a script run")
    name = work.task.id
    assert stage.told == [
        LogLine(task_id=name, line="compiling"), Noted(text=f"{name}: a package wants a script run"),
    ]  # fmt: skip


def test_shortcuts_lead_to_the_rendering(stage: Stage) -> None:
    work = stage.work()
    assert work.rendering is work.task.rendering
    assert work.output is work.task.rendering.output


def test_a_script_without_lines_is_none_and_none_beside_the_recipe_takes_its_place(stage: Stage) -> None:
    rendering = stage.rendering(build=Build(script=Script(content=())))
    (rendering.recipe.folder / "build.sh").touch()
    assert stage.work(stage.task(rendering)).script is None
    steps = stage.rendering(build=Build(script=Script(content=(), steps=(Script(content=("make",)),))))
    assert stage.work(stage.task(steps)).script is not None
