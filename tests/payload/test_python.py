"""Files of Python packages: their commands, and their places in packages for every Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.finding import Severity
from builder.model.payload import Payload
from builder.model.python import Python, python
from builder.model.recipe import Build, PythonBuild
from builder.model.target import target
from builder.payload import select
from builder.payload.python import noarch_python_path
from tests.payload.prefix import Tree, context, installed, linked, package

PYTHON = python("3.13.1", target("linux-64"))
COMMANDS = PythonBuild(entry_points=("demo = demo:main",))
DEMO: dict[str, str | bytes] = {
    "bin/demo": "#!/bin/sh\n# pip made this\n",
    "bin/other": "#!/bin/sh\n",
    "lib/python3.13/site-packages/demo.py": "def main(): ...\n",
    "lib/python3.13/site-packages/__pycache__/demo.cpython-313.pyc": b"old",
    "lib/python3.13/site-packages/__pycache__/alone.cpython-313.pyc": b"kept",
    "lib/python3.13/site-packages/demo-1.0.dist-info/RECORD": "../../../bin/demo,sha256=A,9\ndemo.py,,\n",
}


def taken(tmp_path: Path, tree: Tree, build: Build, own: Python | None = PYTHON) -> Payload:
    around = replace(context(tmp_path, linked(tmp_path / "host", {})), python=own)
    return select(installed(tmp_path / "prefix", tree), package(build=build), around)


def contents(payload: Payload) -> dict[str, bytes]:
    return {entry.path: entry.content.read_bytes() for entry in payload.entries if entry.content is not None}


def test_a_package_for_one_python_gets_its_commands_and_no_old_bytecode(tmp_path: Path) -> None:
    payload = taken(tmp_path, DEMO, Build(python=COMMANDS))
    found = contents(payload)
    assert found.keys() == DEMO.keys() - {"lib/python3.13/site-packages/__pycache__/demo.cpython-313.pyc"}
    assert b"from demo import main\n" in found["bin/demo"]
    assert found["bin/demo"].startswith(b"#!/bakehouse/host_env/bin/python3.13\n")
    assert found["lib/python3.13/site-packages/demo-1.0.dist-info/RECORD"] == b"../../../bin/demo,,\ndemo.py,,\n"
    assert {entry.path: entry.executable for entry in payload.entries}["bin/demo"]
    assert (payload.entry_points, payload.findings) == ((), ())


@pytest.mark.parametrize(
    "build", [Build(noarch="python", python=COMMANDS), Build(python=replace(COMMANDS, version_independent=True))]
)
def test_a_package_for_every_python_leaves_commands_to_its_installer(tmp_path: Path, build: Build) -> None:
    payload = taken(tmp_path, DEMO, build)
    assert contents(payload).keys() == {
        "python-scripts/other", "site-packages/demo.py", "site-packages/demo-1.0.dist-info/RECORD",
    }  # fmt: skip
    assert contents(payload)["site-packages/demo-1.0.dist-info/RECORD"] == b"../../../bin/demo,,\ndemo.py,,\n"
    assert payload.entry_points == COMMANDS.entry_points


def test_commands_without_a_python_are_errors(tmp_path: Path) -> None:
    findings = taken(tmp_path, DEMO, Build(python=COMMANDS), None).findings
    assert [(finding.check, finding.severity) for finding in findings] == [("entry-points", Severity.ERROR)]


def test_a_command_is_there_although_no_script_installed_it(tmp_path: Path) -> None:
    payload = taken(tmp_path, {"share/x": "x"}, Build(python=COMMANDS))
    assert [entry.path for entry in payload.entries] == ["bin/demo", "share/x"]


def test_two_files_for_one_place_are_told(tmp_path: Path) -> None:
    tree: Tree = {"lib/python3.13/site-packages/a.py": "1", "share/site-packages/a.py": "2"}
    (finding,) = taken(tmp_path, tree, Build(noarch="python")).findings
    assert (finding.check, finding.severity, finding.path) == (
        "noarch-layout",
        Severity.ERROR,
        "site-packages/a.py",
    )


def test_modules_of_a_python_that_keeps_them_elsewhere(tmp_path: Path) -> None:
    """CEP 17: the folder need not be called site-packages."""
    own = replace(PYTHON, site_packages="lib/pypy/packages")
    payload = taken(tmp_path, {"lib/pypy/packages/a/b.py": "1", "lib/pypy/c.py": "2"}, Build(noarch="python"), own)
    assert [entry.path for entry in payload.entries] == ["lib/pypy/c.py", "site-packages/a/b.py"]


@pytest.mark.parametrize(
    ("installed", "packed"),
    [
        ("lib/python3.13/site-packages/a/b.py", "site-packages/a/b.py"),
        ("Lib/site-packages/a.py", "site-packages/a.py"),
        ("lib/python3.13/site-packages/a/site-packages/b.py", "site-packages/a/site-packages/b.py"),
        ("bin/tool", "python-scripts/tool"),
        ("bin/sub/tool", "python-scripts/sub/tool"),
        ("Scripts/tool-script.py", "python-scripts/tool"),
        ("Scripts/tool.exe", "python-scripts/tool.exe"),
        ("share/x", "share/x"),
        ("lib/python3.13/x.py", "lib/python3.13/x.py"),
        ("bin", "bin"),
        ("binary/x", "binary/x"),
    ],
)
def test_places(installed: str, packed: str) -> None:
    assert noarch_python_path(installed) == packed


@given(st.lists(st.sampled_from(["bin", "lib", "site-packages", "a", "b.py"]), min_size=1, max_size=5).map("/".join))
def test_a_packed_place_stays_where_it_is(path: str) -> None:
    once = noarch_python_path(path)
    assert noarch_python_path(once) == once
    assert once.endswith(path.rpartition("/")[2])


@given(st.lists(st.sampled_from(["a", "b", "tests"]), min_size=1, max_size=3).map("/".join))
def test_a_python_puts_back_what_was_packed(module: str) -> None:
    for place in (f"{PYTHON.site_packages}/{module}.py", f"bin/{module}", f"share/{module}"):
        assert PYTHON.place_of(noarch_python_path(place, PYTHON)) == place
