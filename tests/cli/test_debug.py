"""`bakehouse debug`: entering what failed or was prepared, with a command, a terminal, as paths, or for a patch."""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import subprocess
import termios
import time
from pathlib import Path

import pytest

from builder.store import Store
from tests.cli.conftest import Command, write_recipe
from tests.e2e.command import Bakehouse

pytestmark = pytest.mark.sandbox

BAD = """\
package:
  name: frob
  version: "1.0"
source:
  path: src
build:
  script:
    - echo made > made.txt
    - grep -q ready state.txt
    - cp state.txt "$PREFIX/state.txt"
about:
  license: CC0-1.0
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """The folder of a recipe whose script fails until its source says that it is ready."""
    folder = write_recipe(tmp_path / "bad", BAD)
    (folder / "src").mkdir()
    (folder / "src" / "state.txt").write_text("not yet\n")
    return folder


@pytest.fixture
def failed(process: Bakehouse, bad: Path, tmp_path: Path) -> Path:
    """That recipe, after it has failed."""
    done = process.run("build", bad, "--out", tmp_path / "channel", "-q")
    assert done.returncode == 1
    assert f"`bakehouse debug {bad}` enters it" in done.stderr
    return bad


def enter(process: Bakehouse, recipe: Path | str, *command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        process.argv("debug", recipe, *(["--", *command] if command else [])), input=typed, capture_output=True,
        text=True, check=False, env=process.variables(), timeout=120,
    )  # fmt: skip


# -- a command ---------------------------------------------------------------------------------------------------------


def test_a_commands_code_and_streams_are_its_own(process: Bakehouse, failed: Path) -> None:
    done = enter(process, failed, "bash", "-c", "cat; ls; echo trouble >&2; exit 7", typed="typed\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "typed\nmade.txt\nstate.txt\n", "trouble\n")


def test_words_after_the_dashes_are_the_commands(process: Bakehouse, failed: Path) -> None:
    done = enter(process, failed, "printf", "%s|", "--json", "--", "-h", "a b")
    assert (done.returncode, done.stdout) == (0, "--json|--|-h|a b|")


def test_without_a_terminal_the_shell_reads_its_input(process: Bakehouse, failed: Path) -> None:
    done = enter(process, failed, typed="cd ..\npwd\nexit 3\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, "/bakehouse\n", "")


def test_streams_that_are_closed(process: Bakehouse, failed: Path) -> None:
    words = [*process.argv("debug", failed), "--", "bash", "-c", "cat; echo heard; echo trouble >&2"]
    line = f"{shlex.join(words)} <&-"
    done = subprocess.run(["bash", "-c", line], env=process.variables(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "heard\n", "trouble\n")
    done = subprocess.run(["bash", "-c", f"{line} >&-"], env=process.variables(), stderr=-1, text=True, check=False)
    assert "trouble" in done.stderr


def test_a_command_that_is_not_there(process: Bakehouse, failed: Path) -> None:
    assert enter(process, failed, "no-such-program").returncode == 127


def test_a_command_that_is_killed_is_as_a_shell_says(process: Bakehouse, failed: Path) -> None:
    assert enter(process, failed, "bash", "-c", "kill -TERM $$").returncode == 143


def test_what_is_changed_stays_until_the_build_is_good(process: Bakehouse, failed: Path, tmp_path: Path) -> None:
    assert enter(process, failed, "bash", "-c", "echo ready > state.txt").returncode == 0
    assert enter(process, failed, "bash", "/bakehouse/script/run.sh").returncode == 0
    assert enter(process, failed, "bash", "-c", 'cat "$PREFIX/state.txt"').stdout == "ready\n"
    (failed / "src" / "state.txt").write_text("ready\n")
    process.good("build", failed, "--out", tmp_path / "channel", "-q")
    done = process.run("debug", failed, "--json", "--out", tmp_path / "channel")
    assert json.loads(done.stdout)["state"] == "prepared"


def test_a_secret_that_is_not_set_is_told(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "build:\n  script:\n    content: exit 1\n    secrets: [FROB_TOKEN]\n"
    recipe = write_recipe(tmp_path / "r", BAD.partition("source:")[0] + script)
    monkeypatch.setenv("FROB_TOKEN", "hunter2-hunter2")
    assert command("build", recipe, "--out", tmp_path / "c", "-q").code == 1
    kept = [path for path in (tmp_path / "kitchen" / "failed").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"hunter2" in path.read_bytes()]
    process = Bakehouse(store=tmp_path / "kitchen")
    done = enter(process, recipe, "bash", "-c", "echo ${FROB_TOKEN-unset}")
    assert (done.stdout, "FROB_TOKEN" in done.stderr) == ("unset\n", True)


# -- a terminal --------------------------------------------------------------------------------------------------------


def test_a_terminal(process: Bakehouse, failed: Path) -> None:
    """As a person has it: a greeting, a prompt, keys, a code, and the terminal as it was."""
    keys, end = os.openpty()
    before = termios.tcgetattr(end)
    running = subprocess.Popen(
        process.argv("debug", failed), stdin=end, stdout=end, stderr=end, start_new_session=True,
        env={**process.variables(), "TERM": "dumb"},
    )  # fmt: skip
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        last = time.monotonic() + 60
        while text not in seen:
            assert select.select([keys], [], [], max(0, last - time.monotonic()))[0], seen
            seen += os.read(keys, 4096)
        seen = seen.partition(text)[2]

    try:
        until(b"failed: the script ended with exit code 1")
        until(b"[debug frob] $SRC_DIR$ ")
        os.write(keys, b"bash -c 'echo go; exec sleep 100'\r")
        until(b"\ngo")
        os.write(keys, b"\x03")
        until(b"[debug frob] $SRC_DIR$ ")
        os.write(keys, b"again; echo code$?\r")
        until(b"\ncode1")
        until(b"[debug frob] $SRC_DIR$ ")
        os.write(keys, b"exit 5\r")
        assert running.wait(60) == 5
        assert termios.tcgetattr(end) == before
    finally:
        running.kill()
        running.wait()
        os.close(keys)
        os.close(end)


# -- nothing failed ----------------------------------------------------------------------------------------------------


def test_what_has_not_failed_is_prepared(process: Bakehouse, bad: Path) -> None:
    done = enter(process, bad, "ls")
    assert (done.returncode, done.stdout) == (0, "state.txt\n")
    assert "no failure of it is kept" in done.stderr
    assert enter(process, bad, "ls").stderr == "", "it is kept now"


def test_fresh_prepares_it_again(process: Bakehouse, failed: Path) -> None:
    assert enter(process, failed, "ls").stdout == "made.txt\nstate.txt\n"
    done = process.run("debug", failed, "--fresh", "-q", "--", "ls")
    assert (done.returncode, done.stdout, done.stderr) == (0, "state.txt\n", "")


def test_a_recipe_that_has_changed_since_is_told(process: Bakehouse, failed: Path) -> None:
    assert "changed since" not in enter(process, failed, "true").stderr
    (failed / "recipe.yaml").write_text(BAD.replace("made.txt", "done.txt"))
    assert "changed since" in enter(process, failed, "true").stderr


def test_what_it_needs_of_its_own_recipe_is_built_first(command: Command, tmp_path: Path) -> None:
    text = (
        "recipe: {name: two, version: '1'}\noutputs:\n"
        "  - staging: {name: base}\n    build: {script: 'echo staged > staged.txt'}\n"
        "  - package: {name: one}\n    inherit: base\n    build: {script: 'exit 1'}\n    about: {license: CC0-1.0}\n"
    )
    recipe = write_recipe(tmp_path / "two", text)
    said = command("debug", recipe, "--output", "one", "--json", "--out", tmp_path / "c")
    assert said.code == 0, said.err
    assert said.document["state"] == "prepared"  # type: ignore[index]
    done = enter(Bakehouse(store=tmp_path / "kitchen"), recipe, "cat", "staged.txt")
    assert done.stdout == "staged\n"


# -- which one ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(command: Command, tmp_path: Path) -> Path:
    """A recipe of which two variants have failed."""
    script = "build:\n  script: echo ${{ flavour }} > f; exit 1\n"
    text = f"package: {{name: frob, version: '1'}}\n{script}about: {{license: CC0-1.0}}\n"
    recipe = write_recipe(tmp_path / "two", text)
    (recipe / "variants.yaml").write_text("flavour: [sweet, sour]\n")
    assert command("build", recipe, "--out", tmp_path / "c", "-q", "--keep-going").code == 1
    return recipe


def test_of_several_failures_one_must_be_named(command: Command, two: Path) -> None:
    (error,) = command("debug", two, "--json").errors
    assert error["code"] == "debug.ambiguous"
    for word in ("flavour=sweet", "flavour=sour", "exit code 1"):
        assert word in str(error["message"])
    found = command("debug", two, "--variant", "flavour=sour", "--json").document
    assert isinstance(found, dict)
    assert (Path(found["work"]) / "f").read_text() == "sour\n"
    assert command("debug", two, "--output", found["package"], "--json").document == found


def test_an_output_that_is_not_there(command: Command, two: Path) -> None:
    (error,) = command("debug", two, "--output", "frobs", "--json").errors
    assert (error["code"], error["remedy"]) == ("debug.output", "there are frob")


def test_of_several_that_have_not_failed_one_must_be_named(command: Command, two: Path) -> None:
    (error,) = command("debug", two, "--fresh", "--json").errors
    assert "several can be prepared" in str(error["message"])


# -- paths -------------------------------------------------------------------------------------------------------------


def test_json_says_where_everything_is(command: Command, process: Bakehouse, failed: Path) -> None:
    found = command("debug", failed, "--json").document
    assert isinstance(found, dict)
    assert set(found) == {
        "task", "package", "state", "said", "recipe", "isolation", "folder", "work", "prefix", "build_prefix", "script",
        "log", "inside",
    }  # fmt: skip
    assert (Path(found["work"]) / "made.txt").read_text() == "made\n"
    assert (Path(found["script"]) / "run.sh").is_file()
    assert Path(found["log"]).is_file()
    assert found["inside"]["work"] == "/bakehouse/work"
    (Path(found["work"]) / "outside.txt").touch()
    assert "outside.txt" in enter(process, failed, "ls").stdout


def test_unsealed_states_are_entered_where_they_lie(process: Bakehouse, bad: Path, tmp_path: Path) -> None:
    assert process.run("build", bad, "--isolation", "none", "--out", tmp_path / "c").returncode == 1
    document = json.loads(process.run("debug", bad, "--json").stdout)
    assert document["isolation"] == "none"
    assert (Path(document["work"]) / "made.txt").is_file()
    done = enter(process, bad, "bash", "-c", 'cat made.txt; touch "$PREFIX/x"; echo "$SRC_DIR"')
    assert done.stdout.splitlines()[0] == "made"
    assert (Path(document["prefix"]) / "x").is_file()
    assert list((process.store / "sessions").iterdir()) == []


@pytest.mark.parametrize("options", [["--json"], ["--patch", "x.patch"]])
def test_a_command_goes_with_nothing_else(command: Command, bad: Path, options: list[str]) -> None:
    said = command("debug", bad, *options, "--", "ls")
    assert said.code == 2
    assert "goes neither with" in said.err + said.out


# -- who may -----------------------------------------------------------------------------------------------------------


def test_a_busy_state_is_told(command: Command, process: Bakehouse, failed: Path) -> None:
    store = Store(process.store)
    (folder,) = (process.store / "failed").iterdir()
    with store.lock(f"failed/{folder.name}"):
        assert enter(process, failed, "true").returncode == 3
        assert command("debug", failed, "--fresh", "--json").errors[0]["code"] == "debug.busy"
    store.close()
    assert enter(process, failed, "true").returncode == 0


def test_a_layer_that_was_collected_is_told(process: Bakehouse, failed: Path) -> None:
    for folder in (process.store / "folders" / "environments").iterdir():
        folder.rename(process.store / folder.name)
    done = process.run("debug", failed, "--", "true")
    assert done.returncode == 3
    assert "no longer in the store" in done.stderr
    assert "--fresh" in done.stderr


def test_somebody_else_may_build_and_enter(bad: Path, tmp_path: Path, machine_store: Store, rootfs: Path) -> None:
    """Nobody, with a store of their own, when root runs the tests; else whoever runs them."""
    other = tmp_path / "other"
    place = other / "store" / "folders" / "rootfs"
    place.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(rootfs), str(place / rootfs.name)], check=True)
    shutil.copytree(bad, other / "bad")
    become: list[str] = []
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534:65534", str(other)], check=True)
        become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        for folder in [tmp_path, *tmp_path.parents][:4]:  # pytest gives each of its processes a folder more
            folder.chmod(folder.stat().st_mode | 0o055)
    somebody = Bakehouse(store=other / "store")

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*become, *somebody.argv(*words)], env=somebody.variables(), cwd=other, capture_output=True, text=True,
            check=False, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    assert run("build", "bad", "--out", "channel", "-q").returncode == 1
    done = run("debug", "bad", "--", "bash", "-c", "id -un; cat made.txt; echo ready > state.txt")
    assert (done.returncode, done.stdout) == (0, "builder\nmade\n"), done.stderr
    assert run("debug", "bad", "--patch", "p.patch").returncode == 0


# -- patches -----------------------------------------------------------------------------------------------------------


def test_from_failure_to_patch_to_package(process: Bakehouse, failed: Path, tmp_path: Path) -> None:
    enter(process, failed, "bash", "-c", "echo ready > state.txt")
    done = process.run("debug", failed, "--patch", failed / "ready.patch")
    assert done.returncode == 0
    assert "    - ready.patch" in done.stderr
    assert "made.txt" in done.stderr, "what the build made is left out, and said"
    (failed / "recipe.yaml").write_text(BAD.replace("path: src", "path: src\n  patches:\n    - ready.patch"))
    process.good("build", failed, "--out", tmp_path / "channel", "-q")


def test_a_patch_as_data(command: Command, process: Bakehouse, failed: Path, tmp_path: Path) -> None:
    enter(process, failed, "bash", "-c", "echo ready > state.txt")
    file = tmp_path / "new folder" / "p.patch"
    found = command("debug", failed, "--patch", file, "--add", "made.*", "--json").document
    assert found == {
        "patch": str(file),
        "files": [{"path": "made.txt", "what": "new"}, {"path": "state.txt", "what": "changed"}],
        "left_out": [],
        "source": 0,
    }
    assert file.read_text().count("+++ b/") == 2


def test_a_patch_elsewhere_must_be_moved(process: Bakehouse, failed: Path, tmp_path: Path) -> None:
    enter(process, failed, "bash", "-c", "echo ready > state.txt")
    done = process.run("debug", failed, "--patch", tmp_path / "p.patch")
    assert f"after moving it into {failed}" in done.stderr


def test_a_patch_that_is_there_is_not_overwritten(command: Command, process: Bakehouse, failed: Path) -> None:
    enter(process, failed, "bash", "-c", "echo ready > state.txt")
    file = failed / "p.patch"
    file.write_text("mine\n")
    (error,) = command("debug", failed, "--patch", file, "--json").errors
    assert (error["code"], file.read_text()) == ("debug.there", "mine\n")
    assert command("debug", failed, "--patch", file, "--overwrite").code == 0
    assert "+ready" in file.read_text()


def test_nothing_changed_is_no_patch(command: Command, failed: Path) -> None:
    (error,) = command("debug", failed, "--patch", failed / "p.patch", "--json").errors
    assert error["code"] == "debug.unchanged"
    assert not (failed / "p.patch").exists()


# -- wrong use ---------------------------------------------------------------------------------------------------------


def test_help_shows_the_command(command: Command) -> None:
    said = command("debug", "--help")
    assert said.code == 0
    assert "[-- COMMAND...]" in said.out


def test_a_path_without_recipe(command: Command, tmp_path: Path) -> None:
    assert command("debug", tmp_path / "nowhere", "--json").errors[0]["code"] == "cli.no-recipe"
    assert command("debug", tmp_path / "a.conda", tmp_path / "b.conda", "--json").errors[0]["code"] == "debug.usage"
