"""Entering a package's test: that which failed, the one that is named, its environment prepared and kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import HELLO, Command, write_recipe
from tests.e2e.command import Bakehouse

pytestmark = pytest.mark.sandbox

FAILING = HELLO.replace("grep -x hello", "echo testing; grep -x bye")
SEVERAL = """\
package: {name: several, version: "1"}
build:
  script: echo x > "$PREFIX/x"
tests:
  - script: echo zero
  - package_contents: {files: [x]}
  - script: {content: [cat here.txt], env: {OWN: value}}
    files: {recipe: [here.txt]}
about: {license: CC0-1.0}
"""


@pytest.fixture
def broken(command: Command, tmp_path: Path) -> Path:
    """The package of a recipe whose test has failed."""
    recipe = write_recipe(tmp_path / "r", FAILING)
    said = command("build", recipe, "--out", tmp_path / "c", "-q")
    assert said.code == 1
    (package,) = (tmp_path / "kitchen" / "broken").glob("*/*.conda")
    assert f"`bakehouse debug {package}` enters its test" in said.err
    return package


def enter(process: Bakehouse, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return process.run("debug", *words)


def test_a_package_that_failed_is_entered(process: Bakehouse, broken: Path) -> None:
    show = 'cat "$PREFIX/hello.txt"; pwd; echo "$PKG_NAME $CONDA_BUILD_STATE"; bash /bakehouse/script/run.sh'
    done = enter(process, broken, "--", "bash", "-c", show)
    assert done.stdout == "hello\n/bakehouse/test\nhello TEST\ntesting\n"
    assert done.returncode == 1


def test_what_is_changed_there_stays(process: Bakehouse, broken: Path) -> None:
    enter(process, broken, "--", "bash", "-c", 'echo bye > "$PREFIX/hello.txt"; touch mine')
    done = enter(process, broken, "--", "bash", "-c", "ls; bash /bakehouse/script/run.sh")
    assert (done.returncode, done.stdout) == (0, "mine\ntesting\nbye\n")
    fresh = enter(process, broken, "--fresh", "--", "bash", "-c", 'ls; cat "$PREFIX/hello.txt"')
    assert fresh.stdout == "hello\n"


def test_without_a_sandbox(process: Bakehouse, broken: Path) -> None:
    done = enter(
        process, broken, "--isolation", "none", "-q", "--", "bash", "-c", 'cat "$PREFIX/hello.txt"; touch mine'
    )
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert "mine" in enter(process, broken, "--", "ls").stdout


def test_the_recipe_and_the_tests_number_name_it_too(process: Bakehouse, broken: Path, tmp_path: Path) -> None:
    assert broken.is_file()
    done = enter(process, tmp_path / "r", "--test", "0", "--", "bash", "-c", 'cat "$PREFIX/hello.txt"')
    assert (done.returncode, done.stdout) == (0, "hello\n")


def test_json_says_where_it_is(command: Command, broken: Path) -> None:
    found = command("debug", broken, "--json").document
    assert isinstance(found, dict)
    assert (found["tested"], found["state"], found["build_prefix"]) == (str(broken), "prepared", None)
    assert (Path(found["script"]) / "run.sh").is_file()
    assert found["inside"]["work"] == "/bakehouse/test"


def test_a_test_makes_no_patch(command: Command, broken: Path, tmp_path: Path) -> None:
    (error,) = command("debug", broken, "--patch", tmp_path / "p.patch", "--json").errors
    assert error["code"] == "debug.no-source"


def test_of_several_tests_one_must_be_named(command: Command, process: Bakehouse, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", SEVERAL)
    (recipe / "here.txt").write_text("a file of its own\n")
    assert command("build", recipe, "--out", tmp_path / "c", "-q").code == 0
    (package,) = (tmp_path / "c").glob("*/*.conda")
    (error,) = command("debug", package, "--json").errors
    assert "several tests:\n  script 0\n  script 2" in str(error["message"])
    (error,) = command("debug", package, "--test", "1", "--json").errors
    assert "no test 1 that runs a script" in str(error["message"])
    done = enter(process, package, "--test", "2", "-q", "--", "bash", "-c", "cat here.txt; echo $OWN")
    assert done.stdout == "a file of its own\nvalue\n"
    done = enter(process, recipe, "--test", "0", "--out", tmp_path / "c", "-q", "--", "ls", "/bakehouse/test")
    assert (done.returncode, done.stdout) == (0, ""), "a package of the channel will do"


def test_what_has_no_test_says_so(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", HELLO.partition("tests:")[0] + "about: {license: CC0-1.0}\n")
    assert command("build", recipe, "--out", tmp_path / "c", "-q").code == 0
    (package,) = (tmp_path / "c").glob("*/*.conda")
    assert "no test" in str(command("debug", package, "--json").errors[0]["message"])


def test_a_package_that_is_not_there(command: Command, tmp_path: Path, hello: Path) -> None:
    assert command("debug", tmp_path / "gone.conda", "--json").errors[0]["code"] == "cli.no-package"
    said = command("debug", hello, "--test", "0", "--out", tmp_path / "c", "--json")
    assert said.errors[0]["code"] == "debug.no-package"
