"""A package's tests, one after the other, with what people are told of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import MachineError, SourceError
from builder.sandbox import Limits
from builder.sandbox.fake import FakeSandbox
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


def test_a_downstream_test_says_that_it_did_not_run(tried: Tried, tmp_path: Path) -> None:
    (result,) = tried.run(make_package(tmp_path, "- downstream: numpy\n"))
    assert (result.what, result.passed) == ("downstream numpy (not run)", True)
    assert "later version" in result.tail


def test_a_test_of_an_unknown_kind_has_not_passed(tried: Tried, tmp_path: Path) -> None:
    (result,) = tried.run(make_package(tmp_path, "- perl: {uses: [A]}\n"))
    assert (result.what, result.passed) == ("perl 0", False)


@pytest.mark.parametrize("cwd", ["/etc", "../..", "a/../../b"])
def test_a_test_cannot_start_outside_its_package(tried: Tried, cwd: str) -> None:
    result = tried.run_script("echo on", more=f"    cwd: {cwd}\n")
    assert not result.passed
    assert "outside the package" in result.tail
    assert tried.asked == []


def test_another_interpreter_is_a_failed_test(tried: Tried) -> None:
    result = tried.run_script("print(1)", more="    interpreter: python\n")
    assert not result.passed
    assert "cannot be run yet" in result.tail
