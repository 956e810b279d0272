"""Patches of kept states: what belongs in them, against what, for which source, and that builds take them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import UsageError
from builder.model.outcome import Ending
from builder.model.recipe import Build, PathSource, Script, Source
from builder.model.task import Task
from builder.pipeline import keeping, kept
from builder.pipeline.kept import Kept
from builder.pipeline.patching import Patched, Wish, make_patch
from builder.pipeline.scripting import run_build
from tests.pipeline.places import Place
from tests.pipeline.test_scripting import parent_of, ready, tree

pytestmark = pytest.mark.sandbox
FIX = "sed -i 's/int b$/int b;/' main.c"
FIXED = b"--- a/main.c\n+++ b/main.c\n@@ -1,2 +1,2 @@\n int a;\n-int b\n+int b;\n"


def patch(place: Place, state: Kept, **wish: Sequence[str]) -> Patched:
    made = Wish(**{name: tuple(globs) for name, globs in wish.items()})
    return asyncio.run(make_patch(state, place.door, place.bench.fetcher, made))


def with_sources(task: Task, *sources: Source) -> Task:
    return replace(task, rendering=replace(task.rendering, output=replace(task.rendering.output, source=sources)))


def test_what_was_changed_by_hand_is_the_patch(every: Place) -> None:
    state = every.failed()
    every.enter(state, FIX)
    made = patch(every, state)
    assert made.text == FIXED
    assert made.files == (("main.c", "changed"),)
    assert made.left_out == ("config.in", "gone.txt", "made.txt")
    assert made.source == 0
    assert patch(every, state) == made, "nothing is touched by it"


def test_a_build_takes_the_patch(every: Place) -> None:
    script = ("grep -vq ';$' main.c && exit 1", "true")
    task = every.task(script)
    state = every.failed(task)
    every.enter(state, FIX)
    folder = task.rendering.recipe.folder
    (folder / "fix.patch").write_bytes(patch(every, state).text)
    patched = with_sources(task, PathSource(path="src", patches=("fix.patch",)))
    assert every.run(patched).ending is Ending.BUILT


def test_a_prepared_state_makes_patches_too(every: Place) -> None:
    state = every.prepared()
    every.enter(state, FIX)
    assert patch(every, state).text == FIXED


def test_a_second_patch_holds_only_what_came_later(place: Place) -> None:
    task = place.task()
    folder = task.rendering.recipe.folder
    (folder / "1.patch").write_bytes(FIXED)
    state = place.failed(with_sources(task, PathSource(path="src", patches=("1.patch",))))
    place.enter(state, "echo more >> main.c")
    assert patch(place, state).text.count(b"\n+") == 1 + 1, "its header, and one line"


def test_a_patch_may_be_made_while_the_recipe_names_it_already(place: Place) -> None:
    """One more change in the same place: the state knows what it was made of."""
    state = place.failed()
    place.enter(state, FIX)
    (state.recipe_folder / "fix.patch").write_bytes(patch(place, state).text)
    place.enter(state, "echo more >> tool.sh")
    assert patch(place, state).files == (("main.c", "changed"), ("tool.sh", "changed"))


def test_globs_take_in_and_leave_out(place: Place) -> None:
    state = place.failed()
    place.enter(state, f"{FIX}; mkdir new; echo x > new/x.c; echo y > new/y.o")
    assert patch(place, state, add=["*.c"]).files == (("new/x.c", "new"), ("main.c", "changed"))
    everything = patch(place, state, add=["*"])
    assert {path for path, _ in everything.files} == {
        "config.in", "gone.txt", "made.txt", "main.c", "new/x.c", "new/y.o",
    }  # fmt: skip
    assert everything.left_out == ()
    assert dict(everything.files)["gone.txt"] == "deleted"
    assert b"deleted file mode" in everything.text
    fewer = patch(place, state, add=["*"], exclude=["new/*", "made.txt"])
    assert {path for path, _ in fewer.files} == {"config.in", "gone.txt", "main.c"}
    with pytest.raises(UsageError):
        patch(place, state, add=["a{b"])


def test_what_the_script_changed_and_a_hand_after_it_belongs(place: Place) -> None:
    state = place.failed()
    place.enter(state, "echo mine >> config.in; rm main.c")
    made = patch(place, state)
    assert made.files == (("config.in", "changed"), ("main.c", "deleted"))
    assert b"-old\n+new\n+mine\n" in made.text


def test_nothing_changed_is_told(place: Place) -> None:
    with pytest.raises(UsageError, match="no file") as caught:
        patch(place, place.failed())
    assert "--add" in str(caught.value.problems[0].remedy)


def test_what_no_patch_can_say_is_named(place: Place) -> None:
    state = place.failed()
    place.enter(state, f"{FIX}; printf 'a\\0b' > tool.sh; rm gone.txt config.in; ln -s main.c config.in")
    with pytest.raises(UsageError) as caught:
        patch(place, state)
    assert {problem.message.split("'")[1] for problem in caught.value.problems} == {"tool.sh", "config.in"}
    assert patch(place, state, exclude=["tool.sh", "config.in"]).text == FIXED


def test_a_mode_alone_is_named(place: Place) -> None:
    state = place.failed()
    place.enter(state, "chmod +x main.c")
    with pytest.raises(UsageError, match="only its mode"):
        patch(place, state)


def test_sources_that_are_no_longer_what_they_were(place: Place) -> None:
    state = place.failed()
    place.enter(state, FIX)
    (state.recipe_folder / "src" / "tool.sh").write_text("another\n")
    with pytest.raises(UsageError, match="has changed since: src") as caught:
        patch(place, state)
    assert "--fresh" in str(caught.value.problems[0].remedy)


def test_patches_that_are_no_longer_what_they_were(place: Place) -> None:
    task = place.task()
    file = task.rendering.recipe.folder / "1.patch"
    file.write_bytes(FIXED)
    state = place.failed(with_sources(task, PathSource(path="src", patches=("1.patch",))))
    place.enter(state, "echo more >> main.c")
    file.write_bytes(FIXED.replace(b"int b;", b"int c;"))
    with pytest.raises(UsageError, match=r"changed since: 1\.patch"):
        patch(place, state)


# -- several sources ---------------------------------------------------------------------------------------------------


def several(place: Place) -> Task:
    task = place.task(("exit 1",))
    vendor = task.rendering.recipe.folder / "vendored"
    vendor.mkdir()
    (vendor / "lib.c").write_text("lib\n")
    (vendor / "x.c").write_text("x\n")
    return with_sources(task, PathSource(path="src"), PathSource(path="vendored", target_directory="third/party"))


def test_the_patch_is_for_the_source_whose_files_were_changed(place: Place) -> None:
    task = several(place)
    state = place.failed(task)
    place.enter(state, "echo changed > third/party/lib.c")
    made = patch(place, state)
    assert made.source == 1
    assert made.text.startswith(b"--- a/lib.c\n")
    assert made.files == (("third/party/lib.c", "changed"),)
    (state.recipe_folder / "lib.patch").write_bytes(made.text)
    first, second = task.rendering.output.source
    assert isinstance(second, PathSource)
    good = replace(task.rendering.output.build, script=Script(content=("grep changed third/party/lib.c",)))
    patched = with_sources(task, first, replace(second, patches=("lib.patch",)))
    output = replace(patched.rendering.output, build=good)
    assert place.run(replace(patched, rendering=replace(patched.rendering, output=output))).ending is Ending.BUILT


def test_files_of_several_sources_need_several_patches(place: Place) -> None:
    state = place.failed(several(place))
    place.enter(state, f"{FIX}; echo changed > third/party/lib.c")
    with pytest.raises(UsageError, match="several sources") as caught:
        patch(place, state)
    assert "third/party/lib.c (source 2)" in str(caught.value)
    assert patch(place, state, exclude=["third/*"]).source == 0
    assert patch(place, state, exclude=["main.c"]).source == 1


def test_two_sources_in_one_folder_take_the_patch_with_the_last(place: Place) -> None:
    task = place.task(("exit 1",))
    (task.rendering.recipe.folder / "more.txt").write_text("more\n")
    state = place.failed(with_sources(task, PathSource(path="src"), PathSource(path="more.txt")))
    place.enter(state, f"{FIX}; echo changed > more.txt")
    assert patch(place, state).source == 1


# -- layers ------------------------------------------------------------------------------------------------------------


def test_changes_over_staged_files(place: Place, tmp_path: Path) -> None:
    stage = place.stage
    parent = parent_of(stage)
    parent = replace(parent, installed=replace(parent.installed, folder=tmp_path / "none"))
    parent.installed.folder.mkdir()
    parent.source.folder.mkdir()
    (parent.source.folder / "staged.txt").write_text("staged\n")
    rendering = stage.rendering(build=Build(script=Script(content=("touch own; exit 1",))))
    task = stage.task(rendering)
    work = stage.work(task, root=place.bench.root)
    with pytest.raises(Exception, match="ended with exit code 1"):
        asyncio.run(run_build(work, tree(stage), ready(stage, parent)))
    keeping.made_to_last(work.scratch, stage.sandbox, stage.store, "said", {})
    stage.store.keep_failed(task.id, work.scratch)
    state = kept.read(stage.store.failed_place(task.id), stage.store)
    place.enter(state, "echo by hand >> staged.txt")
    made = patch(place, state)
    assert made.text == b"--- a/staged.txt\n+++ b/staged.txt\n@@ -1 +1,2 @@\n staged\n+by hand\n"
    assert (made.source, made.left_out) == (None, ("own",))
