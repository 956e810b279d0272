"""Isolation ``none``: what is promised although nothing is sealed."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.sandbox import Bind, Capabilities, Command, Limits, Tmpfs, find_sandbox
from tests.sandbox.conftest import BASE, Bench, bench_for

NOWHERE = Path("/nowhere")


def unsealed(folder: Path) -> Bench:
    return bench_for("none", NOWHERE, folder)


def test_it_says_what_it_is(tmp_path: Path) -> None:
    sandbox = unsealed(tmp_path).sandbox
    assert (sandbox.name, sandbox.sealed) == ("none", False)
    capabilities = sandbox.capabilities()
    assert isinstance(capabilities, Capabilities)
    assert capabilities == replace(capabilities, overlay=False, network_isolated=False, processes_isolated=False)
    assert any("this machine itself" in note for note in capabilities.notes)


def test_the_machines_path_comes_after_the_sessions(tmp_path: Path) -> None:
    sandbox = find_sandbox("none", tmp_path, search_path="/usr/bin:/bin")
    said = bytearray()

    async def main(env: dict[str, str]) -> None:
        async with sandbox.open(NOWHERE, [], Limits(), env) as session:
            await session.run(Command(argv=("/usr/bin/env",), cwd=PurePosixPath("/")), said.extend)

    asyncio.run(main({"PATH": "/first", "A": "b"}))
    asyncio.run(main({}))
    lines = said.decode().split()
    assert sorted(lines[:2]) == ["A=b", "PATH=/first:/usr/bin:/bin"]
    assert lines[2:] == ["PATH=/usr/bin:/bin"]


def test_no_root_is_needed(tmp_path: Path) -> None:
    assert unsealed(tmp_path).run("echo here").text == "here\n"


def test_it_sees_the_machine(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of the machine\n")
    assert unsealed(tmp_path).run(f"cat {tmp_path}/file; id -u").lines == ["of the machine", str(os.getuid())]


def test_a_read_only_bind_is_a_copy_that_is_new_for_each_command(tmp_path: Path) -> None:
    bench = unsealed(tmp_path)
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("original\n")
    inside = bench.inside.recipe
    ran = bench.run_all([f"cat {inside}/a; echo changed > {inside}/a; touch {inside}/b", f"cat {inside}/a; ls {inside}"],
                        Bind(source=source, inside=inside))  # fmt: skip
    assert [one.lines for one in ran] == [["original"], ["original", "a"]]
    assert sorted(path.name for path in source.iterdir()) == ["a"]


def test_a_bind_onto_itself_is_left_alone(tmp_path: Path) -> None:
    bench = unsealed(tmp_path)
    place = Path(bench.inside.work)
    place.mkdir(parents=True)
    (place / "kept").write_text("x")
    for writable in (True, False):
        bind = Bind(source=place, inside=bench.inside.work, writable=writable)
        assert bench.run("ls", bind, cwd=bench.inside.work).text == "kept\n"


def test_another_overlay_at_the_same_place_starts_afresh(tmp_path: Path) -> None:
    bench = unsealed(tmp_path)
    lower = tmp_path / "lower"
    lower.mkdir()
    (lower / "a").write_text("fresh\n")
    first, second = (bench.overlay(lower, name=name) for name in ("one", "two"))
    script = "cat a; echo used > a; ls"
    assert bench.run(script, first, cwd=bench.inside.work).lines == ["fresh", "a"]
    assert bench.run(script, first, cwd=bench.inside.work).lines == ["used", "a"]
    assert bench.run(script, second, cwd=bench.inside.work).lines == ["fresh", "a"]
    assert [entry.path for entry in bench.sandbox.changes(second).changed] == ["a"]


def test_a_temporary_folder_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    bench = unsealed(tmp_path)
    home = Path(bench.inside.home)
    home.mkdir(parents=True)
    (home / "old").touch()
    assert bench.run(f"ls -A {home}", Tmpfs(inside=bench.inside.home)).text == ""


def test_the_environment_is_exact_here_too(tmp_path: Path) -> None:
    names = {line.partition("=")[0] for line in unsealed(tmp_path).run("env").lines}
    assert names == {*BASE, "PWD", "SHLVL", "_"}
