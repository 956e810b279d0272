"""Build steps as bash runs them: in order, each by itself, none after one that failed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError, RecipeError
from builder.model.recipe import Script
from builder.script.wrapper import NOT_FOUND, WRAPPER, write_script


def ran(folder: Path, *steps: Script, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    """Run steps by the wrapper, as a session would, with ``PREFIX`` beside a work folder."""
    for name in ("run", "work", "prefix"):
        (folder / name).mkdir(exist_ok=True)
    values = {"PREFIX": str(folder / "prefix"), "SRC_DIR": str(folder / "work"), "PATH": path}
    script = Script(content=(), steps=steps)
    write_script(script, folder / "run", inside=PurePosixPath(folder / "run"), prefixes=(), values=values)
    return subprocess.run(
        ["/bin/bash", str(folder / "run" / WRAPPER)],
        cwd=folder / "work", env=values, capture_output=True, text=True, check=False,
    )  # fmt: skip


def step(*lines: str, **more: object) -> Script:
    return Script(content=lines, **more)  # type: ignore[arg-type]


def test_they_run_in_their_order_where_the_sources_are(tmp_path: Path) -> None:
    done = ran(tmp_path, step("echo one", "pwd"), step("echo two"))
    assert done.stdout.splitlines() == ["one", str(tmp_path / "work"), "two"]


def test_nothing_of_one_reaches_the_next(tmp_path: Path) -> None:
    first = step("x=1", "export Y=2", "cd /", "f() { :; }", "set +e", env=(("GREETING", "it's $HOME"),))
    done = ran(tmp_path, first, step('echo "${x:-} ${Y:-} ${GREETING:-}"; pwd; type f || echo no f'))
    assert done.stdout.splitlines() == ["  ", str(tmp_path / "work"), "no f"]


def test_its_own_variables_are_quoted(tmp_path: Path) -> None:
    done = ran(tmp_path, step('echo "$GREETING"', env=(("GREETING", 'it\'s $(id) `id` "x"'),)))
    assert done.stdout == 'it\'s $(id) `id` "x"\n'


def test_cwd_starts_from_the_host_prefix(tmp_path: Path) -> None:
    first = step('mkdir -p "$PREFIX/share/a b"')
    done = ran(tmp_path, first, step("pwd", cwd="share/a b"), step("pwd"))
    assert done.stdout.splitlines() == [str(tmp_path / "prefix/share/a b"), str(tmp_path / "work")]


@pytest.mark.parametrize("bad", ["false", "exit 3", "false | true", 'echo "$nobody_set_this"'])
def test_none_runs_after_one_that_failed(tmp_path: Path, bad: str) -> None:
    done = ran(tmp_path, step("echo before"), step(bad, "echo same"), step("echo after"))
    assert done.returncode != 0
    assert done.stdout == "before\n"


def test_an_exit_of_a_good_step_ends_only_that(tmp_path: Path) -> None:
    done = ran(tmp_path, step("exit 0", "echo never"), step("echo after"))
    assert (done.returncode, done.stdout) == (0, "after\n")


def test_another_interpreter_runs_its_step(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(os.path.realpath("/proc/self/exe"))
    python = step("import os", "print(os.environ['X'], '${{ PREFIX }}')", interpreter="python", env=(("X", "1"),))
    done = ran(tmp_path, python, step("echo after"), path=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.stdout.splitlines() == [f"1 {tmp_path / 'prefix'}", "after"], done.stderr


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = ran(tmp_path, step("print(1)", interpreter="python"), step("echo after"), path=str(tmp_path))
    assert done.returncode == NOT_FOUND
    assert "there is no python in the environment: add python to requirements.build" in done.stderr
    assert done.stdout == ""


def test_what_no_step_can_be(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no interpreter 'pithon'"):
        ran(tmp_path, step("x", interpreter="pithon"))
    with pytest.raises(MachineError, match="Windows only"):
        ran(tmp_path, step("x", interpreter="cmd"))
    with pytest.raises(RecipeError, match="NOWHERE"):
        ran(tmp_path, step("print('${{ NOWHERE }}')", interpreter="python"))


def test_parts_are_the_steps_or_all_of_it() -> None:
    whole = step("a")
    assert whole.parts == (whole,)
    assert Script(content=(), steps=(whole, whole)).parts == (whole, whole)
