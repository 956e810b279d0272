"""`bakehouse test`: a finished package's own tests, years later if need be."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from builder.archive import read_package
from tests.cli.conftest import HELLO, Command, write_recipe
from tests.e2e.command import Bakehouse

pytestmark = pytest.mark.sandbox


def built(command: Command, folder: Path, out: Path) -> Path:
    assert command("build", folder, "--out", out, "--test", "skip", "-q").code == 0
    (package,) = out.glob("*/*.conda")
    return package


def test_a_good_package_passes(command: Command, hello: Path, tmp_path: Path) -> None:
    package = built(command, hello, tmp_path / "channel")
    said = command("test", package, "--progress", "plain")
    assert said.code == 0
    assert "passed  script 0" in said.err


def test_json_says_how_each_test_went(command: Command, hello: Path, tmp_path: Path) -> None:
    package = built(command, hello, tmp_path / "channel")
    document = command("test", package, "--json").document
    assert isinstance(document, list)
    assert document[0]["package"] == str(package)
    assert [(test["what"], test["passed"]) for test in document[0]["tests"]] == [("script 0", True)]
    assert Path(document[0]["tests"][0]["log"]).is_file()


def test_a_package_that_fails_ends_with_its_last_lines_and_1(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", HELLO.replace("grep -x hello", "echo about to fail; grep -x bye"))
    said = command("test", built(command, recipe, tmp_path / "channel"), "--progress", "plain")
    assert said.code == 1
    assert "FAILED  script 0" in said.err
    assert "about to fail" in said.err


def test_its_dependencies_come_from_the_channel_that_is_named(command: Command, hello: Path, tmp_path: Path) -> None:
    built(command, hello, tmp_path / "first")
    text = HELLO.replace("name: hello", "name: other").replace("tests:", "requirements:\n  run: [hello]\ntests:")
    other = built(
        command, write_recipe(tmp_path / "other", text.replace("hello.txt", "other.txt")), tmp_path / "second"
    )
    assert command("test", other, "--out", tmp_path / "none", "-c", tmp_path / "first").code == 0
    alone = command("test", other, "--out", tmp_path / "none")
    assert alone.code == 1
    assert "hello" in alone.err


def test_a_package_without_tests_says_so(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", HELLO.partition("tests:")[0])
    said = command("test", built(command, recipe, tmp_path / "channel"), "--progress", "plain")
    assert said.code == 0
    assert "no tests" in said.err


@pytest.mark.parametrize("content", [b"", b"PK but no package"])
def test_what_is_no_package_is_refused(command: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a-1-0.conda").write_bytes(content)
    said = command("test", tmp_path / "a-1-0.conda", "--json")
    assert said.code == 2
    assert "a-1-0.conda" in str(said.errors[0]["message"])


def test_a_path_without_package_is_wrong_use(command: Command, tmp_path: Path) -> None:
    assert command("test", tmp_path / "nowhere.conda", "--json").errors[0]["code"] == "cli.no-package"


TWICE = HELLO.replace("about:", "  - script: echo second\n  - downstream: nobody\nabout:")


def test_one_test_of_several(command: Command, tmp_path: Path) -> None:
    package = built(command, write_recipe(tmp_path / "r", TWICE), tmp_path / "channel")
    document = command("test", package, "--test", "1", "--json").document
    assert isinstance(document, list)
    assert [test["what"] for test in document[0]["tests"]] == ["script 1"]
    said = command("test", package, "--test-index", "5", "--json")
    assert (said.code, said.errors[0]["code"]) == (2, "testing.number")
    assert said.errors[0]["remedy"] == "they are numbered from 0 to 2"


def test_a_test_that_could_not_run_is_told_with_the_reason(command: Command, tmp_path: Path) -> None:
    package = built(command, write_recipe(tmp_path / "r", TWICE), tmp_path / "channel")
    said = command("test", package, "--progress", "plain")
    assert said.code == 0
    assert "  skipped  downstream nobody" in said.err
    assert "no channel has a package called nobody" in said.err
    document = command("test", package, "--json").document
    assert isinstance(document, list)
    assert "not run" in document[0]["tests"][2]["skipped"]


def test_several_packages_at_once_in_the_order_of_their_names(command: Command, hello: Path, tmp_path: Path) -> None:
    first = built(command, hello, tmp_path / "first")
    bad = write_recipe(
        tmp_path / "bad", HELLO.replace("grep -x hello", "grep -x bye").replace("name: hello", "name: bad")
    )
    second = built(command, bad, tmp_path / "second")
    said = command("test", first, second, first, "-j", "3", "--json")
    assert said.code == 1
    document = said.document
    assert isinstance(document, list)
    assert [one["package"] for one in document] == [str(first), str(second), str(first)]
    assert [one["tests"][0]["passed"] for one in document] == [True, False, True]


def test_nothing_runs_when_one_is_no_package(command: Command, hello: Path, tmp_path: Path) -> None:
    package = built(command, hello, tmp_path / "channel")
    said = command("test", package, tmp_path / "nowhere.conda", "-v", "--progress", "plain")
    assert said.code == 2
    assert "script 0" not in said.err


def several(*lines: str) -> str:
    return HELLO.replace("about:", "".join(f"  - script: {line}\n" for line in lines) + "about:")


def test_what_several_tests_need_alike_is_linked_once(command: Command, kitchen: Path, tmp_path: Path) -> None:
    package = built(
        command, write_recipe(tmp_path / "r", several(*["test -f $PREFIX/hello.txt"] * 4)), tmp_path / "channel"
    )
    environments = kitchen / "folders" / "environments"
    before = set(environments.iterdir()) if environments.is_dir() else set()
    said = command("test", package, "-j", "5", "--json")
    assert said.code == 0
    assert len(set(environments.iterdir()) - before) == 1


def test_interrupted_it_leaves_nothing_running(
    command: Command, process: Bakehouse, kitchen: Path, tmp_path: Path
) -> None:
    nap = f"8642{os.getpid()}"
    package = built(
        command, write_recipe(tmp_path / "r", several(*[f"echo up; exec sleep {nap}"] * 2)), tmp_path / "channel"
    )
    running = process.start("test", package, "-j", "3", "-v", "--progress", "plain")
    assert running.stderr is not None
    seen = 0
    while seen < 2:
        line = running.stderr.readline()
        assert line, "it ended before both tests ran"
        seen += line.endswith(": up\n")
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130, said
    assert "interrupted" in said
    commands = [place.read_bytes() for place in Path("/proc").glob("[0-9]*/cmdline") if place.exists()]
    assert not [one for one in commands if nap.encode() in one]
    assert not [path for path in (kitchen / "sessions").glob("*/*") if path.name.startswith("test")]


def test_packages_are_named_as_for_rattler_build_too(command: Command, hello: Path, tmp_path: Path) -> None:
    package = built(command, hello, tmp_path / "channel")
    said = command("test", "--package-file", package, "-p", package, "--test-index", "0", "--compression-threads", "2")
    assert said.code == 0
    assert said.err.count("passed  script 0") == 2
    assert "--compression-threads has no effect" in said.err


def test_an_unpacked_package_is_tested_like_its_file(command: Command, hello: Path, tmp_path: Path) -> None:
    package = built(command, hello, tmp_path / "channel")
    read_package(package).extract(tmp_path / "unpacked")
    said = command("test", tmp_path / "unpacked", "--progress", "plain")
    assert said.code == 0, said.err
    assert "unpacked\n  passed  script 0" in said.err
    (tmp_path / "unpacked" / "hello.txt").write_text("changed\n")
    said = command("test", tmp_path / "unpacked", "--progress", "plain")
    assert said.code == 2
    assert "'hello.txt' has 8 bytes, and paths.json says 6" in said.err


def test_without_isolation_a_test_sees_the_machine(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("here\n")
    looks = f"grep -x here {tmp_path}/mine"
    package = built(
        command, write_recipe(tmp_path / "r", HELLO.replace('grep -x hello "$PREFIX/hello.txt"', looks)), tmp_path / "c"
    )
    assert command("test", package, "--isolation", "none", "-q").code == 0
    assert command("test", package, "-q").code == 1
