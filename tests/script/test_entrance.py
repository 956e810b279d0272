"""Entering the place of a script: activation as the script has it, where one starts, a shell that says where."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from builder.model.recipe import Script
from builder.script import ActivatedPrefix, entering, shell
from builder.script.entrance import write_entrance


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A script's folder, with a prefix beside it that has something to activate."""
    hooks = tmp_path / "prefix" / "etc" / "conda" / "activate.d"
    hooks.mkdir(parents=True)
    (hooks / "a.sh").write_text("export HOOKED=$CONDA_PREFIX\n")
    for name in ("script", "work", "deep er"):
        (tmp_path / name).mkdir()
    return tmp_path


def enter(place: Path, script: Script, *argv: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    prefix = ActivatedPrefix(inside=PurePosixPath(place / "prefix"), folder=place / "prefix")
    write_entrance(script, place / "script", prefixes=[prefix])
    command = entering(PurePosixPath(place / "script"), argv)
    env = {"PATH": "/usr/bin:/bin", "SRC_DIR": str(place / "work"), "PREFIX": "/p", "PKG_NAME": "bun"}
    return subprocess.run(command, env=env, input=typed, capture_output=True, text=True, check=False, timeout=60)


def test_environments_and_the_recipes_variables_are_there(place: Path) -> None:
    script = Script(env=(("OWN", "a b'c"),))
    done = enter(place, script, "bash", "-c", 'echo "$HOOKED|$OWN|$CONDA_SHLVL"')
    assert done.stdout == f"{place}/prefix|a b'c|1\n"


def test_it_starts_where_the_script_does(place: Path) -> None:
    assert enter(place, Script(), "pwd").stdout == f"{place}/work\n"
    assert enter(place, Script(cwd=str(place / "deep er")), "pwd").stdout == f"{place}/deep er\n"


def test_a_link_to_the_work_folder_keeps_its_name(place: Path) -> None:
    (place / "work").rename(place / "moved")
    (place / "work").symlink_to(place / "moved")
    assert enter(place, Script(), "bash", "-c", "echo $PWD").stdout == f"{place}/work\n"


def test_a_commands_words_code_and_streams_are_its_own(place: Path) -> None:
    done = enter(place, Script(), "bash", "-c", 'cat; echo "$2" >&2; exit 9', "sh", "1", "two  words $x", typed="in")
    assert (done.returncode, done.stdout, done.stderr) == (9, "in", "two  words $x\n")


def test_a_command_that_is_not_there_is_127(place: Path) -> None:
    done = enter(place, Script(), "no-such-program")
    assert done.returncode == 127
    assert "no-such-program" in done.stderr


def test_without_a_terminal_the_shell_reads_its_input(place: Path) -> None:
    argv = shell(PurePosixPath(place / "script"), terminal=False)
    assert enter(place, Script(), *argv, typed="echo $HOOKED\nexit 4\n").returncode == 4


@pytest.mark.parametrize(
    ("folder", "said"),
    [("work", "$SRC_DIR"), ("work/sub", "$SRC_DIR/sub"), ("deep er", "/deep er"), ("worker", "/worker")],
)
def test_the_prompt_says_where_one_is(place: Path, folder: str, said: str) -> None:
    (place / folder).mkdir(exist_ok=True)
    argv = shell(PurePosixPath(place / "script"), terminal=True)
    done = enter(place, Script(), *argv, typed=f"cd '{place / folder}'; echo \"${{PS1@P}}\"\nexit\n")
    prompt = done.stdout.strip()
    assert prompt.startswith("[debug bun] ")
    assert prompt[:-1].rstrip().endswith(said)
    assert str(place / "work") + "/" not in prompt


def test_again_runs_the_script_once_more(place: Path) -> None:
    (place / "script" / "run.sh").write_text('echo "ran in $PWD"; exit 6\n')
    argv = shell(PurePosixPath(place / "script"), terminal=True)
    done = enter(place, Script(), *argv, typed="again; echo code $?\nexit\n")
    assert done.stdout == f"ran in {place}/work\ncode 6\n"
