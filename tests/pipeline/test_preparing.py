"""Preparing: all that comes before a script, kept in the place of a failure, without running anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.errors import SourceError, UnsolvableError
from builder.model.recipe import PathSource, Requirements, Script
from builder.pipeline import kept
from tests.pipeline.making import Stage, Table
from tests.pipeline.places import SOURCES, Place

pytestmark = pytest.mark.sandbox


def test_the_tree_is_there_and_nothing_ran(every: Place) -> None:
    every.prepared(every.task(("touch ran",)))
    folder = every.folder(every.task())
    assert {path.name: path.read_bytes() for path in (folder / "work").iterdir()} == SOURCES
    assert (folder / "run" / "run.sh").is_file()
    assert not (every.stage.folder / "logs").exists(), "no log, for there was no script"


def test_patches_are_applied(place: Place) -> None:
    task = place.task()
    patch = "--- a/config.in\n+++ b/config.in\n@@ -1 +1 @@\n-old\n+patched\n"
    (task.rendering.recipe.folder / "p.patch").write_text(patch)
    source = replace(task.rendering.output.source[0], patches=("p.patch",))
    output = replace(task.rendering.output, source=(source,))
    place.prepared(replace(task, rendering=replace(task.rendering, output=output)))
    assert (place.folder(task) / "work" / "config.in").read_text() == "patched\n"


def test_a_task_without_a_script_can_be_entered(place: Place) -> None:
    state = place.prepared(place.task(Script()))
    assert place.enter(state, "ls main.c") == (0, "main.c\n")


def test_it_takes_the_place_of_a_failure(place: Place) -> None:
    place.failed()
    state = place.prepared()
    assert state.said == ""
    assert place.enter(state, "cat config.in") == (0, "old\n")


def test_what_cannot_be_prepared_leaves_what_was_kept(place: Place) -> None:
    state = place.failed()
    src = place.task().rendering.recipe.folder / "src"
    (src / "fifo").symlink_to("main.c")
    for file in src.iterdir():
        file.unlink()
    src.rmdir()
    with pytest.raises(SourceError):
        place.prepared(place.stage.task(place.stage.rendering(source=(PathSource(path="src"),))))
    assert place.enter(state, "cat made.txt") == (0, "made\n")


def test_an_environment_that_cannot_be_solved_is_told(stage: Stage, place: Place) -> None:
    stage.solver = Table(missing=frozenset({"zlib"}))
    with pytest.raises(UnsolvableError):
        place.prepared(place.task(requirements=Requirements(host=("zlib",))))
    assert not kept.there(place.folder(place.task()))
