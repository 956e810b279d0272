"""The tests of packages that depend on the tested one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import MachineError, SourceError
from builder.model.environment import LockedPackage
from tests.testing.conftest import Tried, make_package

USER = (
    "- script: echo $PKG_NAME tries $(cat $PREFIX/lib/data)\n- package_contents: {bin: [no]}\n- downstream: further\n"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make_package(tmp_path, "- downstream: user\n- script: echo own\n")


def user(tried: Tried, tests: str | None) -> None:
    """Put a package that depends on the tested one into the channels."""
    folder = tried.folder / "user"
    folder.mkdir()
    tried.archives["user"] = make_package(folder, tests, name="user", version="2.0", build="0", depends=["zlib"])
    tried.prefix = {"lib/data": "zlib\n"}


def test_its_scripts_run_beside_the_tested_package(tried: Tried, package: Path) -> None:
    user(tried, USER)
    first, second = tried.run(package)
    assert (first.what, first.passed, first.tail) == ("downstream user-2.0-0: script 0", True, "user tries zlib")
    assert (second.what, second.passed) == ("script 1", True)
    assert [specs for specs, _ in tried.asked] == [
        ("zlib ==1.3 h1_0",),
        ("user", "zlib ==1.3 h1_0"),
        ("user ==2.0 0", "zlib ==1.3 h1_0"),
    ]
    assert first.log is not None
    assert first.log.parent.name == "downstream-user-2.0-0"
    assert first.log != second.log


def test_a_failure_of_theirs_is_a_failure_of_ours(tried: Tried, package: Path) -> None:
    user(tried, "- script: 'true'\n- script: echo broken; false\n")
    good, bad, _ = tried.run(package)
    assert (good.passed, bad.passed) == (True, False)
    assert (bad.what, bad.tail.splitlines()[0]) == ("downstream user-2.0-0: script 1", "broken")


def test_python_is_the_one_that_the_tested_package_allows(tried: Tried, package: Path) -> None:
    user(tried, "- python: {imports: [a], pip_check: false, python_version: ['3.1', '3.2']}\n")
    tried.prefix["bin/python"] = "#!/bin/bash\n"
    first, _ = tried.run(package)
    assert (first.what, first.passed) == ("downstream user-2.0-0: python 0", True)
    assert not any("python=" in spec for specs, _ in tried.asked for spec in specs)


def test_one_that_cannot_be_installed_with_it_says_nothing_against_it(tried: Tried, package: Path) -> None:
    tried.refused = frozenset({"user"})
    skipped, _ = tried.run(package)
    assert (skipped.what, skipped.passed, skipped.skipped) == ("downstream user", True, True)
    assert skipped.tail == "not run, for it cannot be installed with this package: nothing provides user"


@pytest.mark.parametrize("tests", [None, "[]\n", "- package_contents: {bin: [no]}\n- downstream: zlib\n"])
def test_one_without_tests_that_could_tell_is_skipped(tried: Tried, package: Path, tests: str | None) -> None:
    user(tried, tests)
    skipped, _ = tried.run(package)
    assert (skipped.passed, skipped.skipped) == (True, True)
    assert "user-2.0-0 carries no tests" in skipped.tail


def test_it_waits_for_the_packages_own_tests(tried: Tried, tmp_path: Path) -> None:
    user(tried, USER)
    first, own = tried.run(make_package(tmp_path, "- downstream: user\n- script: 'false'\n"))
    assert (first.skipped, first.tail) == (True, "not run, for the package's own tests failed")
    assert not own.passed
    assert len(tried.asked) == 1


def test_a_damaged_package_is_a_failed_test(tried: Tried, package: Path) -> None:
    user(tried, USER)
    tried.archives["user"].write_bytes(b"nothing")
    failed, own = tried.run(package)
    assert (failed.what, failed.passed, own.passed) == ("downstream user", False, True)
    assert "user-2.0-0" in failed.tail


def test_one_whose_index_is_wrong_is_a_failed_test(tried: Tried, package: Path) -> None:
    user(tried, USER)

    async def fetch(wanted: LockedPackage) -> Path:
        raise SourceError(f"{wanted.name} is not what the index says")

    tried.fetch = fetch  # type: ignore[method-assign]
    failed, _ = tried.run(package)
    assert (failed.passed, failed.tail) == (False, "user is not what the index says")


def test_a_machine_that_cannot_fetch_it_is_no_failed_test(tried: Tried, package: Path) -> None:
    user(tried, USER)

    async def fetch(wanted: LockedPackage) -> Path:
        raise MachineError(f"no network for {wanted.name}")

    tried.fetch = fetch  # type: ignore[method-assign]
    with pytest.raises(MachineError):
        tried.run(package)


def test_files_of_both_are_apart(tried: Tried, tmp_path: Path) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    files = {"tests/0/data": "theirs\n"}
    tried.archives["user"] = make_package(
        folder, "- script: cat data\n", name="user", version="2.0", build="0", info=files
    )
    tests = "- script: cat data\n- downstream: user\n"
    tried.bench = replace(tried.bench, at_once=2)
    own, theirs = tried.run(make_package(tmp_path, tests, info={"tests/0/data": "ours\n"}))
    assert (own.tail, theirs.tail) == ("ours", "theirs")
