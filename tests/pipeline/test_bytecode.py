"""When a package's modules are compiled: with which Python, in a session of which mounts, and when not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.model.inside import SEALED
from builder.model.outcome import Ending, Outcome
from builder.model.recipe import Build, PythonBuild, Script
from builder.model.rendering import Platforms
from builder.payload import compiler
from builder.sandbox import Bind, Overlay
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Command
from tests.pipeline.making import Stage, upper_of

MODULE = "lib/python3.13/site-packages/bun.py"
BYTECODE = "lib/python3.13/site-packages/__pycache__/bun.cpython-313.pyc"
SOURCE = Script(content=("make",))


def python_and(files: Mapping[str, bytes], *, works: bool = True) -> FakeSandbox:
    """Return a sandbox whose script leaves ``files``, and whose Python compiles what it is given."""

    def play(command: Command, opened: Opened, output: Output) -> int:
        if not command.argv[0].endswith("bin/python"):
            for path, content in files.items():
                place = upper_of(opened, "host_env") / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            return 0
        if not works:
            output(b"cannot open shared object file\n")
            return 127
        (folder,) = (mount.source for mount in opened.mounts if isinstance(mount, Bind))
        place = folder / compiler.BYTECODE / BYTECODE
        place.parent.mkdir(parents=True)
        place.write_bytes(b"bytecode of " + (folder / compiler.SOURCES / MODULE).read_bytes())
        (folder / compiler.REPORT).write_text(json.dumps({"done": {MODULE: BYTECODE}, "failed": {}}))
        return 0

    return FakeSandbox(play=play)


def members(stage: Stage, outcome: Outcome, tmp_path: Path) -> dict[str, bytes]:
    assert outcome.package is not None, outcome.problems
    read_package(outcome.package.path).extract(tmp_path / "unpacked")
    listed = (str(entry["_path"]) for entry in read_package(outcome.package.path).paths())
    return {path: (tmp_path / "unpacked" / path).read_bytes() for path in listed}


def test_an_own_python_compiles_the_modules_beside_it(stage: Stage, tmp_path: Path) -> None:
    sandbox = python_and({"bin/python": b"x", MODULE: b"bun = 1\n", BYTECODE: b"of the script"})
    stage.sandbox = sandbox
    found = members(stage, stage.run(), tmp_path)
    assert found == {"bin/python": b"x", MODULE: b"bun = 1\n", BYTECODE: b"bytecode of bun = 1\n"}
    command, opened = sandbox.commands[-1], sandbox.opened[-1]
    assert command.argv[0] == f"{SEALED.prefix}/bin/python"
    assert command.cwd == SEALED.script
    assert opened.env["PYTHONHASHSEED"] == "0"
    assert "PREFIX" not in opened.env
    overlays = [mount for mount in opened.mounts if isinstance(mount, Overlay)]
    assert [overlay.inside for overlay in overlays] == [SEALED.prefix]
    assert overlays[0].upper == upper_of(sandbox.opened[0], "host_env")


def test_without_a_python_there_is_no_session_and_no_bytecode(stage: Stage, tmp_path: Path) -> None:
    stage.sandbox = sandbox = python_and({MODULE: b"bun = 1\n", BYTECODE: b"of the script"})
    assert members(stage, stage.run(), tmp_path).keys() == {MODULE}
    assert len(sandbox.opened) == 1


@pytest.mark.parametrize(
    "build",
    [
        Build(script=SOURCE, noarch="python"),
        Build(script=SOURCE, noarch="generic"),
        Build(script=SOURCE, python=PythonBuild(version_independent=True)),
        Build(script=SOURCE, python=PythonBuild(skip_pyc_compilation=("**",))),
    ],
)
def test_nothing_to_compile_is_no_session(stage: Stage, build: Build) -> None:
    stage.sandbox = sandbox = python_and({"bin/python": b"x", MODULE: b"bun = 1\n"})
    outcome = stage.run(stage.task(stage.rendering(build=build)))
    assert outcome.ending is Ending.BUILT
    assert len(sandbox.opened) == 1


def test_nothing_of_another_platform_runs_here(stage: Stage) -> None:
    stage.sandbox = sandbox = python_and({"bin/python": b"x", MODULE: b"bun = 1\n"})
    crossed = Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-64")
    outcome = stage.run(stage.task(replace(stage.rendering(), platforms=crossed, subdir="linux-aarch64")))
    assert outcome.ending is Ending.BUILT
    assert len(sandbox.opened) == 1


def test_a_python_that_does_not_start_fails_the_task_with_a_way_out(stage: Stage) -> None:
    stage.sandbox = python_and({"bin/python": b"x", MODULE: b"bun = 1\n"}, works=False)
    outcome = stage.run()
    assert outcome.ending is Ending.FAILED
    (problem,) = outcome.problems
    assert (problem.code, outcome.exit_code) == ("payload.bytecode", 1)
    assert "cannot open shared object file" in problem.message
    assert "skip_pyc_compilation" in (problem.remedy or "")
