"""Entering a kept state: the tree, prefixes, variables and limits that the script had, again and again."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from builder.errors import MachineError
from builder.model.recipe import Script
from builder.pipeline.entering import Terminal, entered, in_use
from builder.sandbox import Command, Limits, Tmpfs
from tests.pipeline.places import Place, sandbox_of

pytestmark = pytest.mark.sandbox


def test_a_failed_build_is_as_its_script_left_it(every: Place) -> None:
    state = every.failed()
    code, said = every.enter(state, 'pwd; ls; cat config.in "$PREFIX/lib/half" "$BUILD_PREFIX/tool"; exit 4')
    assert code == 4
    lines = said.splitlines()
    assert lines[0].endswith("/work")
    assert lines[1:] == ["config.in", "made.txt", "main.c", "tool.sh", "new", "half", "tool"]


def test_variables_are_the_scripts(every: Place) -> None:
    show = "printenv | grep -v '^_=\\|^SHLVL=\\|^PWD=\\|^OLDPWD=' | sort"
    task = every.task((f"{show}; exit 1",))
    every.failed(task)
    log = (every.stage.folder / "logs" / "bun-1-h0000000_0.log").read_text().splitlines()
    _, said = every.enter(every.failed(task), show)
    names = {line.partition("=")[0]: line for line in said.splitlines() if "=" in line}
    scripts = {line.partition("=")[0] for line in log if "=" in line}
    assert set(names) == scripts
    assert names["PKG_NAME"] == "PKG_NAME=bun"
    assert names["TERM"] == "TERM=dumb"
    assert names["CONDA_SHLVL"] == "CONDA_SHLVL=2"


def test_changes_stay(every: Place) -> None:
    state = every.failed()
    every.enter(state, 'echo mine > mine.txt; rm made.txt; echo more >> "$PREFIX/lib/half"; rm "$BUILD_PREFIX/tool"')
    _, said = every.enter(state, 'ls; cat "$PREFIX/lib/half"; ls "$BUILD_PREFIX"')
    lines = said.splitlines()
    assert lines[:4] == ["config.in", "main.c", "mine.txt", "tool.sh"]
    assert lines[4:6] == ["half", "more"]
    assert "tool" not in lines[6:]


def test_the_script_can_be_run_again(every: Place) -> None:
    state = every.failed(every.task(('test -f fixed.txt; echo done > "$PREFIX/done"',)))
    run = 'bash "${SRC_DIR%/*}/script/run.sh"'
    assert every.enter(state, run)[0] == 1
    assert every.enter(state, f'touch fixed.txt; {run}; cat "$PREFIX/done"') == (0, "done\n")


def test_whoever_edits_from_outside_edits_what_is_inside(every: Place) -> None:
    state = every.failed()
    folder = every.folder(every.task())
    (folder / "work" / "main.c").write_text("from outside\n")
    assert every.enter(state, "cat main.c") == (0, "from outside\n")


def test_times_and_modes_are_kept(every: Place) -> None:
    """What make compares must be what the script left."""
    script = ("touch -d @1000 made.txt", "touch -d @2000 main.c", "chmod 755 main.c", "ln -s main.c link", "exit 1")
    state = every.failed(every.task(script))
    _, said = every.enter(state, "stat -c '%n %Y %a' made.txt main.c; readlink link")
    assert said == "made.txt 1000 644\nmain.c 2000 755\nmain.c\n"


def test_a_prepared_state_has_all_but_the_script(every: Place) -> None:
    state = every.prepared()
    assert state.said == ""
    _, said = every.enter(state, 'ls; cat config.in; ls "$PREFIX" | grep -v conda-meta; touch new.txt')
    assert said.splitlines() == ["config.in", "gone.txt", "main.c", "tool.sh", "old"]
    assert every.enter(state, "ls new.txt")[0] == 0
    code, said = every.enter(state, 'bash "${SRC_DIR%/*}/script/run.sh"')
    assert (code, said) == (3, "about to fail\n")


def test_no_network_and_the_same_user_inside(place: Place) -> None:
    state = place.failed()
    _, said = place.enter(state, "id -un; hostname; cat /proc/net/dev | grep -c :; touch /usr/x 2>/dev/null || echo ro")
    assert said == "builder\nbakehouse\n1\nro\n"


def test_limits_are_the_scripts_but_for_those_in_time(place: Place) -> None:
    limits = Limits(disk=100_000, wall_seconds=1.5, silence_seconds=1.0)
    state = place.failed(place.task(("exit 1",)), limits=limits)
    code, said = place.enter(state, "sleep 2; echo awake; head -c 200000 /dev/zero > big; sleep 30")
    assert said == "awake\n"
    assert code == 137, "the disk's limit holds for all that is done there, not for one program of it"


def test_secrets_are_asked_for_again(every: Place) -> None:
    script = Script(content=("exit 1",), secrets=("TOKEN",))
    state = every.failed(every.task(script), secrets={"TOKEN": "hunter2-hunter2"})
    assert every.enter(state, "echo ${TOKEN-unset}") == (0, "unset\n")
    assert every.enter(state, "echo ${TOKEN-unset}", TOKEN="another") == (0, "another\n")


def test_a_terminal_is_described_and_named(place: Place) -> None:
    file = place.stage.folder / "xterm-odd"
    file.write_bytes(b"described")
    state = place.failed()
    terminal = Terminal(name="xterm-odd", description=file)
    assert place.enter(state, "echo $TERM; cat $TERMINFO/x/xterm-odd", terminal=terminal) == (0, "xterm-odd\ndescribed")
    assert place.enter(state, "echo $TERM ${TERMINFO-none}", terminal=Terminal(name="vt52")) == (0, "vt52 none\n")


# -- who may enter -----------------------------------------------------------------------------------------------------


def test_two_cannot_be_in_one_state(place: Place) -> None:
    state = place.failed()
    with in_use(state, place.stage.store), pytest.raises(MachineError, match="somebody else"):
        place.enter(state, "true")
    assert place.enter(state, "true")[0] == 0


def test_who_is_inside_keeps_it_from_being_replaced_or_collected(place: Place) -> None:
    state, store = place.failed(), place.stage.store
    with in_use(state, store):
        outcome = place.run(place.task(("exit 9",)))
        assert outcome.problems[0].remedy is not None
        assert "not kept" in outcome.problems[0].remedy
        store.gc(0)
        assert place.run(place.task(("true",))).good
    assert place.enter(state, "cat made.txt") == (0, "made\n")
    assert place.run(place.task(("true",))).good
    assert not place.folder(place.task()).exists(), "it is mended"


def test_a_state_that_was_entered_counts_as_new(place: Place) -> None:
    state = place.failed()
    folder = place.folder(place.task())
    os.utime(folder, (1, 1))
    place.enter(state, "true")
    assert folder.stat().st_mtime > 1


# -- other machines ----------------------------------------------------------------------------------------------------


def test_a_copy_is_entered_where_overlays_can_be_mounted(place: Place) -> None:
    overlays = place.stage.sandbox
    place.stage.sandbox = sandbox_of("copy", place.stage.store.root / "probe")
    state = place.failed(place.task(('mkdir "$PREFIX/etc"; echo x > "$PREFIX/etc/x"; exit 1',)))
    place.enter(state, 'rm -r "$PREFIX/conda-meta"')
    place.stage.sandbox = overlays
    assert place.enter(state, 'cd "$PREFIX"; find . -type f') == (0, "./etc/x\n"), "what was deleted stays deleted"


def test_layers_cannot_be_entered_where_there_are_none(place: Place) -> None:
    state = place.failed()
    place.stage.sandbox = sandbox_of("copy", place.stage.store.root / "probe")
    with pytest.raises(MachineError, match="overlays") as caught:
        place.enter(state, "true")
    assert "--fresh" in str(caught.value.problems[0].remedy)


def test_the_link_of_an_unsealed_state_goes(place: Place) -> None:
    place.stage.sandbox = sandbox_of("none", place.stage.folder)
    state = place.failed()
    place.enter(state, "true")
    assert not state.scratch.is_symlink()
    assert place.enter(state, 'cat "$SRC_DIR/made.txt"') == (0, "made\n")


def test_a_session_that_fails_gives_the_state_back(place: Place) -> None:
    state = place.failed()
    broken = replace(state, mounts=(*state.mounts, Tmpfs(inside=state.start / "made.txt")))

    async def main() -> None:
        async with entered(broken, place.door, secrets={}) as session:
            await session.run(Command(argv=("true",), cwd=state.start), lambda _: None)

    with pytest.raises(MachineError):
        asyncio.run(main())
    assert place.enter(state, "true")[0] == 0
