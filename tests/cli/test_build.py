"""`bakehouse build` as its users meet it: interruption, full disks, broken recipes, isolation, terminals, documents."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.cli.build import _exit_code
from builder.errors import Problem
from builder.model.outcome import Ending, Outcome
from tests.cli.conftest import HELLO, Command, write_recipe
from tests.e2e.command import CHECKOUT, SIX, Bakehouse, indexed, packages

pytestmark = pytest.mark.sandbox

SLOW = HELLO.replace(
    "script: echo hello >", "script:\n    - while test -e wait; do sleep 31.4159; done\n    - echo hello >"
)
SLOW = SLOW.replace("build:\n", "source:\n  - path: files\nbuild:\n")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A recipe whose script sleeps as long as its source has a file `wait`."""
    folder = write_recipe(tmp_path / "slow", SLOW)
    (folder / "files").mkdir()
    (folder / "files" / "wait").touch()
    (folder / "files" / "other").touch()
    return folder


def sleepers() -> set[int]:
    """The processes of this machine that sleep for the time that the slow recipe names."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if b"31.4159" in (place / "cmdline").read_bytes():
                found.add(int(place.name))
        except OSError:
            continue
    return found


def asleep(process: subprocess.Popen[str], before: set[int]) -> None:
    while not sleepers() - before:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_within_two_seconds_and_leaves_nothing(
    process: Bakehouse, slow: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "channel"
    before = sleepers()
    with process.start("build", slow, "--out", out, "--progress", "plain") as running:
        asleep(running, before)
        running.send_signal(number)
        running.send_signal(number)  # an impatient user must not cut the cleaning short
        _, said = running.communicate(timeout=2)
    assert running.returncode == 130
    assert "run the same command to go on" in said
    assert "Traceback" not in said
    assert sleepers() <= before
    assert packages(out) == indexed(out) == {}
    assert not list(out.rglob("*.tmp"))
    assert list((process.store / "sessions").iterdir()) == []
    assert not (process.store / "failed").exists()
    (slow / "files" / "wait").unlink()
    process.good("build", slow, "--out", out)
    assert list(packages(out)) == list(indexed(out))
    assert len(packages(out)) == 1


def test_interruption_with_json_is_the_error_document(process: Bakehouse, slow: Path, tmp_path: Path) -> None:
    before = sleepers()
    with subprocess.Popen(
        process.argv("build", slow, "--out", tmp_path / "channel", "--json"), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env=process.variables(), cwd=CHECKOUT,
    ) as running:  # fmt: skip
        asleep(running, before)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=2)
    assert running.returncode == 130
    assert [error["code"] for error in json.loads(out)["errors"]] == ["interrupted"]


def test_a_signal_before_the_work_begins_ends_it_too(process: Bakehouse, hello: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, time\nclass Wait:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'builder.matrix': os.write(2, b'here'); time.sleep(30)\n"
        "sys.meta_path.insert(0, Wait())\n"
    )
    variables = {**process.variables(), "PYTHONPATH": f"{tmp_path}:{CHECKOUT}"}
    with subprocess.Popen(
        process.argv("render", hello), stderr=subprocess.PIPE, env=variables, cwd=CHECKOUT
    ) as running:
        assert running.stderr is not None
        assert running.stderr.read(4) == b"here"
        running.send_signal(signal.SIGTERM)
        said = running.stderr.read().decode()
    assert running.returncode == 130
    assert said.strip().startswith("error: interrupted")


def test_nohup_is_respected(process: Bakehouse, slow: Path, tmp_path: Path) -> None:
    before = sleepers()
    argv = ["nohup", *process.argv("build", slow, "--out", tmp_path / "channel")]
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=process.variables(), cwd=CHECKOUT,
    ) as running:  # fmt: skip
        asleep(running, before)
        running.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=0.3)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=2)
    assert running.returncode == 130


def test_a_full_disk_is_told_with_place_and_remedy_and_nothing_is_torn(
    process: Bakehouse, tmp_path: Path, hello: Path
) -> None:
    big = write_recipe(
        tmp_path / "big",
        HELLO.replace("name: hello", "name: big").replace('echo hello > "$PREFIX/hello.txt"', 'cp noise "$PREFIX/hello.txt"')
        .replace("build:\n", "source:\n  - path: noise\nbuild:\n").replace("tests:\n  - script: grep -x hello", "tests:\n  - script: test -f"),
    )  # fmt: skip
    (big / "noise").write_bytes(os.urandom(1 << 20))
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=512k none "$1"; shift; out=$1; shift; "$@"; code=$?; cp -a "$out" "$KEPT"; exit $code'
    )
    for recipe, kept in ((hello, "first"), (big, "second")):
        argv = process.argv("build", hello, recipe, "--out", disk / "channel", "--json", "--keep-going")
        command = ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), str(disk / "channel"), *argv]
        variables = {**process.variables(), "KEPT": str(tmp_path / kept)}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert done.returncode == (3 if recipe is big else 0), done.stderr
    error = json.loads(done.stdout)["errors"][0]
    assert error["code"] == "machine.disk-full", done.stdout
    assert str(disk / "channel") in error["message"]
    assert "free space" in error["remedy"]
    assert packages(tmp_path / "second") == indexed(tmp_path / "second")
    assert [name.split("/")[1].split("-")[0] for name in packages(tmp_path / "second")] == ["hello"]
    assert list((process.store / "sessions").iterdir()) == []


def test_a_broken_recipe_is_told_whole_before_anything_happens(command: Command, kitchen: Path, tmp_path: Path) -> None:
    bad = write_recipe(tmp_path / "bad", "package:\n  name: bad\n  versoin: 1\nbuild:\n  numbr: 1\n")
    said = command("build", bad, "--out", tmp_path / "channel")
    assert said.code == 2
    assert f"{bad / 'recipe.yaml'}:3:3: error: " in said.err
    assert f"{bad / 'recipe.yaml'}:5:3: error: " in said.err
    assert "    3 │   versoin: 1\n      │   ^\n" in said.err
    assert said.err.count("  → ") >= 2
    assert not (tmp_path / "channel").exists()


def test_isolation_none_warns_and_is_recorded(process: Bakehouse, hello: Path, tmp_path: Path) -> None:
    for isolation, sealed in (("none", False), ("bubblewrap", True)):
        out = tmp_path / isolation
        done = process.run("build", hello, "--out", out, "--isolation", isolation, "--progress", "plain")
        assert done.returncode == 0, done.stderr
        assert ("warning: commands run on this machine itself" in done.stderr) is not sealed
        (package,) = out.glob("*/*.conda")
        opened = read_package(package)
        assert json.loads(opened.read_info("bakehouse/keys.json"))["sealed"] is sealed


def test_a_machine_without_bubblewrap_says_what_to_install(process: Bakehouse, hello: Path, tmp_path: Path) -> None:
    found = shutil.which("bwrap")
    assert found is not None
    argv = process.argv("build", hello, "--out", tmp_path / "channel", "--json")
    hide = 'mount --bind /dev/null "$1"; shift; exec "$@"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", hide, "sh", found, *argv], env=process.variables(), capture_output=True, text=True,
        check=False, cwd=CHECKOUT,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    assert "bwrap" in error["message"]
    assert "apt-get install bubblewrap" in error["remedy"]
    assert packages(tmp_path / "channel") == {}


def test_offline_without_sources_names_the_remedy(command: Command, tmp_path: Path) -> None:
    source = f"source:\n  - url: https://example.org/hello.tar.gz\n    sha256: {'0' * 64}\nbuild:\n"
    recipe = write_recipe(tmp_path / "remote", HELLO.replace("build:\n", source))
    said = command("build", recipe, "--out", tmp_path / "channel", "--offline", "--json")
    assert said.code == 3
    (error,) = said.errors
    assert "https://example.org/hello.tar.gz" in str(error["message"])
    assert "bakehouse fetch" in str(error["remedy"])


def test_a_table_on_a_terminal_shows_and_is_gone_at_the_end(process: Bakehouse, hello: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    argv = process.argv("build", hello, "--out", tmp_path / "channel")
    variables = {**process.variables(), "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=variables, cwd=CHECKOUT) as running:
        os.close(theirs)
        shown = _read(ours)
    os.close(ours)
    assert running.returncode == 0, shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1, "the cursor is hidden, and shown again"
    after = shown[shown.index("\x1b[?25h") :]
    assert "hello-1.0-" in after
    assert "1 built" in after


def test_an_interrupted_table_leaves_the_cursor_visible(process: Bakehouse, slow: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    argv = process.argv("build", slow, "--out", tmp_path / "channel")
    variables = {**process.variables(), "TERM": "xterm"}
    before = sleepers()
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=variables, cwd=CHECKOUT) as running:
        os.close(theirs)
        while not sleepers() - before:
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        shown = _read(ours)
    os.close(ours)
    assert running.returncode == 130
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert "interrupted" in shown[shown.rindex("\x1b[?25h") :]


def _read(descriptor: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(descriptor, 1 << 16)
        except OSError:  # what a terminal says when nobody has its other end any more
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces).decode()


def test_a_failing_script_says_where_log_and_tree_are(command: Command, kitchen: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "bad", HELLO.replace("echo hello >", "touch left-here; false; echo hello >"))
    said = command("build", recipe, "--out", tmp_path / "channel", "--json")
    assert said.code == 1
    (error,) = said.errors
    assert error["code"] == "script"
    (tree,) = (kitchen / "failed").iterdir()
    (log,) = (kitchen / "logs").glob("*.log")
    assert str(tree) in str(error["remedy"])
    assert str(log) in str(error["remedy"])
    assert (tree / "work" / "left-here").is_file()


def test_a_broken_recipe_of_the_collection_is_said_when_dependencies_are_wanted(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "bakehouse.yaml").write_text("recipes: [r]\n")
    hello = write_recipe(tmp_path / "r" / "hello", HELLO + "requirements:\n  host: [flour]\n")
    write_recipe(tmp_path / "r" / "flour", "package:\n  name: flour\n")
    said = command("build", hello, "--with-deps", "--out", tmp_path / "channel", "--progress", "plain")
    assert said.code == 2
    assert "warning: left out: " in said.err
    assert str(tmp_path / "r" / "flour" / "recipe.yaml") in said.err
    planned = command("plan", hello, "--with-deps", "--out", tmp_path / "channel")
    assert "warning: left out: " in planned.err


def test_the_second_time_costs_no_sandbox(command: Command, hello: Path, tmp_path: Path) -> None:
    assert command("build", hello, "--out", tmp_path / "channel").code == 0
    said = command("build", hello, "--out", tmp_path / "channel", "--json")
    assert isinstance(said.document, list)
    (package,) = said.document
    assert (package["ending"], package["tests"], package["timings"]) == ("reused", [], {})
    assert f"sha256 {package['sha256']}".endswith(packages(tmp_path / "channel").popitem()[1])


@pytest.mark.parametrize(
    ("epoch", "code"), [("1700000000", 0), ("4294967295", 0), ("4294967296", 2), ("x", 2), ("-1", 2)]
)
def test_the_users_epoch(process: Bakehouse, hello: Path, tmp_path: Path, epoch: str, code: int) -> None:
    dated = replace(process, environment=(("SOURCE_DATE_EPOCH", epoch),))
    done = dated.run("build", hello, "--out", tmp_path / "channel", "--json", "--test", "skip")
    assert done.returncode == code, done.stderr
    if code:
        assert [error["code"] for error in json.loads(done.stdout)["errors"]] == ["cli.epoch"]
    else:
        (package,) = json.loads(done.stdout)
        assert read_package(Path(package["path"])).index()["timestamp"] == int(epoch) * 1000


def test_a_plan_of_many_can_be_built_from_anywhere(process: Bakehouse, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    done = process.run("build", SIX / "words", SIX / "base", "--out", "channel", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(packages(out)) == 2
    assert indexed(out) == packages(out)


@pytest.mark.parametrize(
    ("codes", "expected"), [((0, 0), 0), ((2, 1, 3), 1), ((2, 3), 3), ((2,), 2), ((0, 2), 2), ((), 0)], ids=str
)
def test_the_worst_end_decides_the_exit_code(codes: tuple[int, ...], expected: int) -> None:
    problem = Problem(code="x", message="y")
    ends = [
        Outcome(
            task_id=str(number), ending=Ending.FAILED if code else Ending.BUILT, exit_code=code, problems=(problem,)
        )
        for number, code in enumerate(codes)
    ]
    held_back = Outcome(task_id="b", ending=Ending.BLOCKED)
    assert _exit_code([*ends, held_back]) == expected


@pytest.mark.sandbox
class TestStrategies:
    """Whose tests are run; the rules, and what is said of them, are rattler-build's."""

    @pytest.mark.parametrize(
        ("words", "said", "ran"),
        [
            (("--test=skip",), "the argument --test=skip was set", False),
            (("--no-test",), "the argument --test=skip was set", False),
            (("--test=native",), None, True),
            (("--test=native", "--build-platform=osx-64"), "the argument --test=native was set and the build is a cross-compilation", False),
            (("--test=native-and-emulated", "--build-platform=osx-64"), None, True),
        ],
    )  # fmt: skip
    def test_of_a_package_for_one_platform(
        self, words: tuple[str, ...], said: str | None, ran: bool, command: Command, hello: Path, tmp_path: Path
    ) -> None:
        done = command("build", hello, "--out", tmp_path / "c", "--progress", "plain", *words)
        assert done.code == 0, done.err
        assert ("1 of 1 tests passed" in done.err) is ran
        reasons = [line.partition("Skipping tests because ")[2] for line in done.err.splitlines() if "Skipping" in line]
        assert [reason.partition(" (")[0] for reason in reasons] == ([said] if said else [])

    def test_noarch_packages_are_tested_wherever_they_are_built(self, command: Command, tmp_path: Path) -> None:
        recipe = write_recipe(tmp_path / "r", HELLO.replace("build:\n", "build:\n  noarch: generic\n"))
        done = command("build", recipe, "--out", tmp_path / "c", "--test=native", "--build-platform=osx-64")
        assert done.code == 0
        assert "1 of 1 tests passed" in done.err


def test_noarch_outputs_are_built_on_one_platform_only(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", HELLO.replace("build:\n", "build:\n  noarch: generic\n"))
    said = command("build", recipe, "--out", tmp_path / "c", "--noarch-build-platform", "osx-arm64")
    assert said.code == 0
    assert "hello-1.0-h4616a5c_0 is left out here: noarch outputs are built on osx-arm64" in said.err
    assert list((tmp_path / "c").glob("noarch/*.conda")) == []
    assert command("build", recipe, "--noarch-build-platform", "zzz").code == 2


@pytest.mark.sandbox
def test_number_and_prefix_are_in_the_package(command: Command, hello: Path, tmp_path: Path) -> None:
    words = ("--build-num", "42", "--build-string-prefix", "ci", "--noarch-build-platform", "linux-64")
    assert command("build", hello, "--out", tmp_path / "c", "-q", *words).code == 0
    [package] = (tmp_path / "c").glob("*/*.conda")
    assert package.name == "hello-1.0-ci_hb0f4dca_42.conda"
    index = read_package(package).index()
    assert (index["build"], index["build_number"]) == ("ci_hb0f4dca_42", 42)


def test_a_configuration_file_names_channels_and_the_format(command: Command, hello: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('default-channels = ["file:///there"]\nmirrors = {}\n[build]\npackage-format = "tar-bz2:3"\n')
    said = command("--config-file", config, "build", hello, "--render-only")
    assert said.err == f"{config} says what has no effect here: mirrors\n"
    [document] = json.loads(said.out)
    found = document["build_configuration"]
    assert found["channels"] == ["file:///there"]
    assert found["packaging_settings"] == {"archive_type": "tar_bz2", "compression_level": 3}
    named = command(
        "build", hello, "--render-only", "--config-file", config, "-c", "file:///mine", "--package-format", "conda"
    )
    [document] = json.loads(named.out)
    assert document["build_configuration"]["channels"] == ["file:///mine"]
    assert document["build_configuration"]["packaging_settings"]["archive_type"] == "conda"
    assert command("build", hello, "--config-file", tmp_path / "absent").code == 2
