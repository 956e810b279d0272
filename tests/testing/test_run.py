"""A package's tests, one after the other or side by side, with what people are told of each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError, SourceError, UsageError
from builder.model.environment import LinkedPrefix
from builder.model.inside import inside_paths
from builder.sandbox import Limits, find_sandbox
from builder.sandbox.fake import FakeSandbox
from builder.testing import test_package as run_tests
from tests.testing.conftest import Tried, make_package


def test_a_package_without_tests_has_no_results(tried: Tried, tmp_path: Path) -> None:
    assert tried.run(make_package(tmp_path)) == ()


def test_a_script_passes(tried: Tried) -> None:
    result = tried.run_script("echo hello", "true")
    assert (result.what, result.passed, result.tail) == ("script 0", True, "hello")
    assert result.log is not None
    assert result.log.read_text() == "hello\n"
    assert result.seconds > 0


def test_a_script_fails_with_its_last_lines(tried: Tried) -> None:
    result = tried.run_script("echo before", "exit 3", "echo after")
    assert not result.passed
    assert result.tail == "before\n(script 0 ended with exit code 3)"


def test_after_a_failure_the_others_run(tried: Tried, tmp_path: Path) -> None:
    tests = "- script: 'false'\n- script: echo on\n- package_contents: {bin: [z]}\n- script: 'false'\n"
    results = tried.run(make_package(tmp_path, tests))
    assert [(one.what, one.passed) for one in results] == [
        ("script 0", False), ("script 1", True), ("package_contents 2", False), ("script 3", False),
    ]  # fmt: skip


def test_each_script_has_a_session_of_its_own(tried: Tried, tmp_path: Path) -> None:
    tried.prefix = {"lib/data": "fresh\n"}
    line = (
        "cat $PREFIX/lib/data; echo used > $PREFIX/lib/data; [ ! -e mine ]; touch mine; [ ! -e /tmp/x ]; touch /tmp/x"
    )
    results = tried.run(make_package(tmp_path, f"- script: {line!r}\n- script: {line!r}\n"))
    assert [(one.passed, one.tail) for one in results] == [(True, "fresh"), (True, "fresh")]


def test_contents_need_no_session(tried: Tried, tmp_path: Path) -> None:
    fake = FakeSandbox()
    tried.bench = replace(tried.bench, sandbox=fake)
    package = make_package(tmp_path, "- package_contents: {files: [bin/z, lib/no]}\n", payload={"bin/z": "x"})
    (result,) = tried.run(package)
    assert (result.passed, result.tail) == (False, "files: nothing matches 'lib/no'")
    assert (fake.opened, tried.asked) == ([], [])


def test_a_bad_pattern_in_a_package_is_a_failed_test(tried: Tried, tmp_path: Path) -> None:
    (result,) = tried.run(make_package(tmp_path, "- package_contents: {files: ['a[']}\n"))
    assert not result.passed
    assert "a[" in result.tail


def test_an_environment_that_cannot_be_had_is_a_failed_test(tried: Tried, tmp_path: Path) -> None:
    tried.refused = frozenset({"missing"})
    tests = "- script: echo\n  requirements: {run: [missing]}\n- script: echo on\n"
    results = tried.run(make_package(tmp_path, tests))
    assert [(one.passed, one.tail) for one in results] == [(False, "nothing provides missing"), (True, "on")]


def test_a_machine_that_cannot_run_tests_is_no_failed_test(tried: Tried, tmp_path: Path) -> None:
    def refuse(*_: object) -> int:
        raise MachineError("no room")

    tried.bench = replace(tried.bench, sandbox=FakeSandbox(play=refuse))
    with pytest.raises(MachineError, match="no room"):
        tried.run(make_package(tmp_path, "- script: echo\n"))


def test_a_damaged_package_is_told_apart(tried: Tried, tmp_path: Path) -> None:
    package = tmp_path / "zlib-1.3-h1_0.conda"
    package.write_bytes(b"nothing")
    with pytest.raises(SourceError):
        tried.run(package)


def test_time_is_limited(tried: Tried) -> None:
    tried.bench = replace(tried.bench, limits=Limits(wall_seconds=0.3))
    result = tried.run_script("sleep 60")
    assert not result.passed
    assert "ran longer than it may" in result.tail


def test_python_imports_run_in_the_packages_environment(tried: Tried, tmp_path: Path) -> None:
    tried.prefix = {"bin/python": '#!/bin/bash\necho "python: $*"\n'}
    (result,) = tried.run(make_package(tmp_path, "- python: {imports: [a, b.c]}\n"))
    assert (result.what, result.passed) == ("python 0", True)
    assert tried.lines == ["python: -c import a", "import b.c", "python: -m pip check"]
    assert tried.asked[0][0] == ("zlib ==1.3 h1_0", "pip")


def test_a_package_that_brings_no_python_is_told_what_to_add(tried: Tried, tmp_path: Path) -> None:
    tried.prefix = {"bin/other": "#!/bin/bash\n"}
    (result,) = tried.run(make_package(tmp_path, "- python: {imports: [a]}\n"))
    assert not result.passed
    assert "no Python comes with the package: add python to requirements.run" in result.tail


def test_python_versions_are_runs_of_their_own(tried: Tried, tmp_path: Path) -> None:
    tried.prefix = {"bin/python": '#!/bin/bash\n[ "$2" != "import b" ]\n'}
    tests = "- python: {imports: [b], pip_check: false, python_version: ['3.11', '3.12']}\n"
    results = tried.run(make_package(tmp_path, tests))
    assert [(one.what, one.passed) for one in results] == [("python 0 (3.11)", False), ("python 0 (3.12)", False)]
    assert [specs for specs, _ in tried.asked] == [
        ("zlib ==1.3 h1_0", "python=3.11"),
        ("zlib ==1.3 h1_0", "python=3.12"),
    ]
    assert len({one.log for one in results}) == 2


def test_an_import_cannot_break_out_of_its_quotes(tried: Tried, tmp_path: Path) -> None:
    tried.prefix = {"bin/python": '#!/bin/bash\necho "$2"\n'}
    tests = """- python: {imports: ["a'; echo evil; '"], pip_check: false}\n"""
    tried.run(make_package(tmp_path, tests))
    assert tried.lines == ["import a'; echo evil; '"]


@pytest.mark.parametrize(
    ("tests", "program", "statements", "package"),
    [
        ('perl: {uses: ["A::B", C]}', "perl", ["use A::B;", "use C;"], "perl"),
        ("r: {libraries: [x]}", "Rscript", ["library(x)"], "r-base"),
        ("ruby: {requires: [y/z]}", "ruby", ["require 'y/z'"], "ruby"),
    ],
)
def test_modules_of_other_languages(
    tried: Tried, tmp_path: Path, tests: str, program: str, statements: list[str], package: str
) -> None:
    tried.prefix = {f"bin/{program}": '#!/bin/bash\necho "at ${1##*/}"; cat "$1"; exit 3\n'}
    (result,) = tried.run(make_package(tmp_path, f"- {tests}\n"))
    kind = tests.partition(":")[0]
    assert (result.what, result.passed) == (f"{kind} 0", False)
    assert tried.lines[1:] == statements
    assert tried.lines[0].startswith("at script.")
    assert tried.asked[0][0] == ("zlib ==1.3 h1_0", package)


def test_a_test_of_an_unknown_kind_has_not_passed(tried: Tried, tmp_path: Path) -> None:
    (result,) = tried.run(make_package(tmp_path, "- quantum: {uses: [A]}\n"))
    assert (result.what, result.passed) == ("quantum 0", False)


@pytest.mark.parametrize("cwd", ["/etc", "../..", "a/../../b", "../test/info/tests/1"])
def test_a_test_cannot_start_outside_its_package(tried: Tried, cwd: str) -> None:
    result = tried.run_script("echo on", more=f"    cwd: {cwd}\n")
    assert not result.passed
    assert "outside the package" in result.tail
    assert tried.asked == []


def test_an_interpreter_that_is_not_there_is_asked_for(tried: Tried) -> None:
    result = tried.run_script("print(1)", more="    interpreter: python\n")
    assert not result.passed
    assert "there is no python in the environment: add python to the test's requirements.run" in result.tail


@pytest.mark.parametrize(("name", "words"), [("cmd", "Windows only"), ("pyton", "no interpreter 'pyton'")])
def test_an_interpreter_that_cannot_be_is_a_failed_test(tried: Tried, name: str, words: str) -> None:
    result = tried.run_script("x", more=f"    interpreter: {name}\n")
    assert not result.passed
    assert words in result.tail


def test_late_names_have_the_tests_values(tried: Tried) -> None:
    tried.prefix = {"bin/perl": '#!/bin/bash\ncat "$1"\n'}
    assert tried.run_script("print '${{ PREFIX }}/x ${{ PKG_NAME }}'", more="    interpreter: perl\n").passed
    assert tried.lines == ["print '$PREFIX/x zlib'"]


def test_secrets_reach_the_test_that_names_them_and_no_log(tried: Tried, tmp_path: Path) -> None:
    tried.bench = replace(tried.bench, secrets={"TOKEN": "hush-hush"})
    tests = "- script: {content: 'echo [$TOKEN]', secrets: [TOKEN, GONE]}\n- script: 'echo [${TOKEN:-}] hush-hush'\n"
    first, second = tried.run(make_package(tmp_path, tests))
    assert (first.tail, second.tail) == ("[********]", "[] ********")


def test_only_some_are_run(tried: Tried, tmp_path: Path) -> None:
    package = make_package(tmp_path, "- script: echo a\n- script: echo b\n- script: echo c\n")
    assert [one.tail for one in tried.run(package, 2, 0)] == ["a", "c"]
    with pytest.raises(UsageError, match="has no test 3") as caught:
        tried.run(package, 1, 3)
    assert caught.value.problems[0].remedy == "they are numbered from 0 to 2"
    (tmp_path / "bare").mkdir()
    with pytest.raises(UsageError, match="has no test 0"):
        tried.run(make_package(tmp_path / "bare"), 0)


def test_several_at_once_keep_their_order_logs_and_share_of_the_cores(tried: Tried, tmp_path: Path) -> None:
    tried.bench = replace(tried.bench, at_once=2, cores=5)
    meeting = "for i in $(seq 100); do echo $CPU_COUNT; sleep 0.02; done"
    tests = "".join(f"- script: {line!r}\n" for line in (meeting, "echo $CPU_COUNT", "echo last; false"))
    slow, quick, failed = tried.run(make_package(tmp_path, tests))
    assert [one.passed for one in (slow, quick, failed)] == [True, True, False]
    assert (quick.tail, failed.tail) == ("2", "last\n(script 2 ended with exit code 1)")
    assert len({one.log for one in (slow, quick, failed)}) == 3
    assert tried.lines.index("script 1: 2") < len(tried.lines) - 1, "the second did not wait for the first"
    assert "script 0: 2" in tried.lines


def test_no_more_at_once_than_there_is_room_for(tried: Tried, tmp_path: Path) -> None:
    running, most = 0, 0
    inner = tried.link

    async def link(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return await inner(specs, inside)

    tried.link = link  # type: ignore[method-assign]
    tried.bench = replace(tried.bench, at_once=3, sandbox=FakeSandbox())
    assert len(tried.run(make_package(tmp_path, "- script: a\n" * 10))) == 10
    assert most == 3


def test_without_a_sandbox_they_share_a_prefix_and_take_turns(tried: Tried, tmp_path: Path) -> None:
    inside = inside_paths(PurePosixPath(tmp_path / "tests"))
    tried.bench = replace(tried.bench, sandbox=find_sandbox("none", tmp_path), inside=inside, at_once=4, cores=4)
    line = "[ ! -e $PREFIX/mine ]; touch $PREFIX/mine; sleep 0.1; rm $PREFIX/mine; echo $CPU_COUNT"
    results = tried.run(make_package(tmp_path, f"- script: {line!r}\n" * 3))
    assert [(one.passed, one.tail) for one in results] == [(True, "4")] * 3


def test_a_machine_that_fails_one_ends_all(tried: Tried, tmp_path: Path) -> None:
    def refuse(*_: object) -> int:
        raise MachineError("no room")

    tried.bench = replace(tried.bench, sandbox=FakeSandbox(play=refuse), at_once=2)
    with pytest.raises(MachineError, match="no room"):
        tried.run(make_package(tmp_path, "- script: echo\n" * 4))


def test_a_cancelled_run_leaves_nothing_running(tried: Tried, tmp_path: Path) -> None:
    async def run(package: Path) -> None:
        started = asyncio.Semaphore(0)
        bench = replace(tried.bench, link=tried.link, on_line=lambda _: started.release(), at_once=2)
        task = asyncio.create_task(run_tests(package, bench))
        for _ in range(2):
            await started.acquire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    line = f"echo up; exec sleep 7654{os.getpid()}"
    asyncio.run(run(make_package(tmp_path, f"- script: {line!r}\n" * 2)))
    commands = [place.read_bytes() for place in Path("/proc").glob("[0-9]*/cmdline") if place.exists()]
    assert not [one for one in commands if f"7654{os.getpid()}".encode() in one]
