"""The table of interpreters, and what it says of names and files."""

from __future__ import annotations

import pytest

from builder.model.interpreter import INTERPRETERS, closest_interpreter, interpreter, interpreter_of_file


def test_every_name_and_every_suffix_is_one_interpreters() -> None:
    names = [name for one in INTERPRETERS for name in one.names]
    suffixes = [suffix for one in INTERPRETERS for suffix in one.suffixes]
    assert len(set(names)) == len(names)
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


def test_what_the_machine_does_not_have_comes_in_a_package() -> None:
    assert {one.name for one in INTERPRETERS if one.package is None} == {"bash", "cmd", "powershell"}
    assert [one.name for one in INTERPRETERS if one.in_wrapper] == ["bash"]


@pytest.mark.parametrize(
    ("name", "program", "package"),
    [
        ("python", "python", "python"), ("perl", "perl", "perl"), ("r", "Rscript", "r-base"),
        ("rscript", "Rscript", "r-base"), ("ruby", "ruby", "ruby"), ("node", "node", "nodejs"), ("nu", "nu", "nushell"),
        ("nodejs", "node", "nodejs"), ("nushell", "nu", "nushell"), ("sh", "bash", None), ("bash", "bash", None),
    ],
)  # fmt: skip
def test_names_of_recipes(name: str, program: str, package: str | None) -> None:
    found = interpreter(name)
    assert found is not None
    assert (found.program, found.package) == (program, package)


@pytest.mark.parametrize("name", ["", "Python", "python3", "zsh", "pwsh"])
def test_other_names_are_nobodys(name: str) -> None:
    assert interpreter(name) is None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("build.py", "python"), ("a/b.pl", "perl"), ("x.R", "rscript"), ("x.r", "rscript"), ("x.rb", "ruby"),
        ("x.js", "nodejs"), ("x.nu", "nushell"), ("x.sh", "bash"), ("x.bash", "bash"), ("x.bat", "cmd"),
        ("x.CMD", "cmd"), ("x.ps1", "powershell"),
    ],
)  # fmt: skip
def test_suffixes_speak(file: str, name: str) -> None:
    found = interpreter_of_file(file)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("file", ["build", "x.txt", ".py", "a.py/b", ""])
def test_other_suffixes_are_silent(file: str) -> None:
    assert interpreter_of_file(file) is None


@pytest.mark.parametrize(
    ("wrong", "right"), [("pyton", "python"), ("PYTHON", "python"), ("brus", "brush"), ("Rscript", "rscript")]
)
def test_a_slip_is_recognised(wrong: str, right: str) -> None:
    assert closest_interpreter(wrong) == right


def test_something_else_is_not() -> None:
    assert closest_interpreter("fortran") is None


def test_commands_are_joined_as_their_interpreter_stops() -> None:
    bash, cmd = interpreter("bash"), interpreter("cmd")
    assert bash is not None
    assert cmd is not None
    assert bash.joined(["a", "b"]) == "a\nb"
    guard = "if %errorlevel% neq 0 exit /b %errorlevel%"
    assert cmd.joined(["a", "b"]) == f"a\n{guard}\nb\n{guard}"
    assert cmd.joined([]) == ""


def test_a_file_for_it_has_its_suffix() -> None:
    assert {one.name: one.suffix for one in INTERPRETERS if one.name in {"brush", "cmd", "python", "rscript"}} == {
        "brush": ".sh", "cmd": ".bat", "python": ".py", "rscript": ".r",
    }  # fmt: skip
