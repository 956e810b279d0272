"""Programs of the machine that a command without a seal used, noted by stand-ins."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox import Command, Exit, Limits, Tmpfs, find_sandbox
from builder.sandbox.undeclared import StandIns, stand_ins

USUAL = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """A root that has what shells need and nothing else."""
    folder = tmp_path / "rootfs" / "usr" / "bin"
    folder.mkdir(parents=True)
    for name in ("sh", "bash", "cat", "env", "ls", "mkdir", "sed", "true", "xargs", "readlink"):
        (folder / name).touch()
    (tmp_path / "rootfs" / "bin").symlink_to("usr/bin")
    return tmp_path / "rootfs"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs of a machine."""
    folder = tmp_path / "machine"
    folder.mkdir()
    program(folder / "tool", 'echo "tool $# $1" "${0##*/}"; exit 3')
    program(folder / "multi", 'echo "as ${0##*/}"')
    (folder / "other").symlink_to("multi")
    program(folder / "cat", "echo another cat")
    program(folder / "wrapper", "tool from-caller")
    return folder


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


class Case:
    """Commands of one session without a seal."""

    def __init__(self, place: Path, rootfs: Path, search_path: str) -> None:
        self.place, self.rootfs, self.search_path = place, rootfs, search_path
        self.said = ""

    def run(self, *texts: str, path: str = "/nothing") -> list[Exit]:
        sandbox = find_sandbox("none", self.place / "scratch", search_path=f"{self.search_path}:{USUAL}")
        said = bytearray()
        home = Tmpfs(inside=PurePosixPath(self.place / "task" / "home"))

        async def main() -> list[Exit]:
            async with sandbox.open(self.rootfs, [home], Limits(), {"PATH": path}) as session:
                commands = [Command(argv=("/bin/bash", "-c", text), cwd=PurePosixPath("/")) for text in texts]
                return [await session.run(command, said.extend) for command in commands]

        ended = asyncio.run(main())
        self.said = said.decode()
        return ended


@pytest.fixture
def case(tmp_path: Path, rootfs: Path, machine: Path) -> Case:
    return Case(tmp_path, rootfs, str(machine))


def test_a_program_of_the_machine_is_noted_and_does_what_it_does(case: Case) -> None:
    (ended,) = case.run("tool 'a  b' c")
    assert case.said == "tool 2 a  b tool\n"
    assert (ended.code, ended.undeclared) == (3, ("tool",))


def test_what_a_sealed_build_has_is_not_noted(case: Case) -> None:
    (ended,) = case.run("cat </dev/null; ls / >/dev/null; echo builtin; type cd; printf x | sed s/x/y/")
    assert ended.undeclared == ()


def test_what_comes_from_an_environment_is_not_noted(case: Case, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix" / "bin"
    prefix.mkdir(parents=True)
    program(prefix / "tool", "echo declared")
    (ended,) = case.run("tool; other", path=f"{prefix}:/usr/bin:/bin")
    assert case.said == "declared\nas other\n"
    assert ended.undeclared == ("other",)


def test_a_path_that_names_the_machine_itself_comes_after_the_stand_ins(case: Case, machine: Path) -> None:
    (ended,) = case.run("tool x", path=f"/nothing:{machine}:/usr/bin")
    assert ended.undeclared == ("tool",)


def test_each_is_noted_once_and_by_its_own_command(case: Case) -> None:
    first, second, third = case.run("for n in 1 2 3 4 5; do tool; done; other", "true", "wrapper")
    assert first.undeclared == ("other", "tool")
    assert second.undeclared == ()
    assert third.undeclared == ("tool", "wrapper")


def test_a_program_that_is_only_looked_for_is_not_noted(case: Case) -> None:
    (ended,) = case.run("type -P tool >/dev/null && command -v other >/dev/null && echo there")
    assert case.said == "there\n"
    assert ended.undeclared == ()


def test_a_program_that_is_not_there_is_not_found(case: Case) -> None:
    (ended,) = case.run("no-such-tool")
    assert (ended.code, ended.undeclared) == (127, ())


def test_an_environment_that_was_emptied_stops_nothing(case: Case) -> None:
    (ended,) = case.run('env -i PATH="$PATH" tool x')
    assert case.said == "tool 1 x tool\n"
    assert (ended.code, ended.undeclared) == (3, ())


def test_what_a_script_puts_among_the_notes_counts_for_nothing(case: Case) -> None:
    (ended,) = case.run('echo > "$BAKEHOUSE_UNDECLARED/::error::x"; mkdir "$BAKEHOUSE_UNDECLARED/sub"; tool')
    assert ended.undeclared == ("tool",)


def test_notes_that_were_removed_stop_nothing(case: Case) -> None:
    first, second = case.run('rm -r "$BAKEHOUSE_UNDECLARED"; tool', "tool")
    assert (first.code, second.code) == (3, 3)


def test_without_a_root_to_compare_with_nothing_is_noted(tmp_path: Path, machine: Path) -> None:
    case = Case(tmp_path, tmp_path / "nowhere", str(machine))
    (ended,) = case.run("tool")
    assert (ended.code, ended.undeclared) == (3, ())


@pytest.mark.parametrize(
    ("name", "arguments", "shown"),
    [
        ("perl", ["-e", "print join(q(,), @ARGV), -e $^X", "a b", "c"], "a b,c1"),
        ("git", ["--version"], "git version"),
        ("python3", ["-c", "import json, sys; print(json.dumps(sys.argv[1:]), bool(sys.prefix))", "x"], '["x"] True'),
        ("gcc", ["-print-prog-name=cc1"], "cc1"),
        ("gzip", ["--version"], "gzip"),
    ],
)
def test_programs_that_look_at_their_own_name_work(
    tmp_path: Path, rootfs: Path, name: str, arguments: list[str], shown: str
) -> None:
    made = stand_ins(tmp_path / "tools", rootfs, USUAL)
    assert made is not None
    done = subprocess.run(
        [name, *arguments], env=made.environment("/nothing:/usr/bin:/bin"), capture_output=True, text=True, check=True
    )
    assert shown in done.stdout
    assert name in made.used()


def test_the_path_keeps_its_order(tmp_path: Path) -> None:
    made = StandIns(folder=Path("/s"), notes=tmp_path, search_path="/usr/bin:/bin")
    assert made.environment("/a:/bin:/b")["PATH"] == "/a:/s:/bin:/b"
    assert made.environment("/a")["PATH"] == "/a:/s"
    assert made.environment("")["PATH"] == "/s"
