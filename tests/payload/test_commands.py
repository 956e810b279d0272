"""Scripts of entry points, which run; that rattler writes the same ones is a test of linking."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from builder.model.finding import Severity
from builder.model.python import Python, python
from builder.model.target import target
from builder.payload.commands import EntryPoint, command_entries, script, without_python

HERE = ".".join(map(str, sys.version_info[:2]))
PYTHON: Python = python(HERE, target("linux-64"))
LONG = PurePosixPath("/" + "p" * 200)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("greet = greet.command:main", ("greet", "greet.command", "main")),
        ("a-b.c=m:Class.method", ("a-b.c", "m", "Class.method")),
        ("  x  =  y : z  ", ("x", "y", "z")),
    ],
)
def test_entry_points_are_read(text: str, parts: tuple[str, str, str]) -> None:
    point = EntryPoint.parse(text)
    assert (point.command, point.module, point.function) == parts


@pytest.mark.parametrize("text", ["", "a", "a = b", "a b = c:d", "a = :d"])
def test_what_is_no_entry_point(text: str) -> None:
    with pytest.raises(ValueError, match="is not an entry point"):
        EntryPoint.parse(text)


@pytest.mark.parametrize(("length", "short"), [(125, True), (126, False), (127, False)])
def test_a_path_that_the_kernel_would_cut_off_goes_through_a_shell(length: int, short: bool) -> None:
    """Linux reads 127 bytes of such a line and the newline; the ``#!`` are two of them."""
    prefix = PurePosixPath("/" + "p" * (length - 1 - len(f"/{PYTHON.program}")))
    assert len(str(prefix / PYTHON.program)) == length
    first = script(EntryPoint.parse("a = b:c"), PYTHON, prefix).split("\n", 1)[0]
    assert first == (f"#!{prefix}/{PYTHON.program}" if short else "#!/bin/sh")


@pytest.mark.parametrize("folder", ["short", "with a space", "long" * 50])
def test_scripts_run_wherever_the_prefix_is(tmp_path: Path, folder: str) -> None:
    prefix = tmp_path / folder
    program = prefix / PYTHON.program
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    lines = (
        "import sys",
        "class Greeter:",
        "    @staticmethod",
        "    def main():",
        "        print(sys.argv)",
        "        return 3",
    )
    (tmp_path / "greet.py").write_text("\n".join(lines))
    point = EntryPoint.parse("greet = greet:Greeter.main")
    (entry,) = command_entries([point], PYTHON, PurePosixPath(prefix), tmp_path)
    assert (entry.path, entry.executable) == ("bin/greet", True)
    assert entry.content is not None
    assert entry.size == entry.content.stat().st_size
    command = prefix / entry.path
    command.write_bytes(entry.content.read_bytes())
    command.chmod(0o755)
    done = subprocess.run(
        [command, "x y"], check=False, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}
    )
    assert (done.returncode, done.stdout.strip()) == (3, str([str(command), "x y"]))


def test_each_entry_point_is_a_script() -> None:
    text = script(EntryPoint.parse("run = a.b:c.d"), PYTHON, PurePosixPath("/p"))
    assert text.startswith(f"#!/p/bin/python{HERE}\n")
    assert "from a.b import c\n" in text
    assert text.endswith("\tsys.exit(c.d())\n")


def test_without_a_python_there_is_an_error_for_each() -> None:
    points = [EntryPoint.parse("a = b:c"), EntryPoint.parse("d = e:f")]
    found = list(without_python(points))
    assert [(finding.path, finding.severity) for finding in found] == [
        ("bin/a", Severity.ERROR),
        ("bin/d", Severity.ERROR),
    ]
    assert "requirements.host" in (found[0].remedy or "")
