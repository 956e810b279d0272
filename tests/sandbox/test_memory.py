"""What is remembered of a sandbox that worked, and when it no longer counts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Command, Limits, find_sandbox, memory
from tests.sandbox.test_find import machine


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program of this machine."""
    path = tmp_path / "bwrap"
    path.write_text("one")
    os.utime(path, ns=(1, 1))
    return path


def known(program: Path, scratch: Path) -> str:
    """Return the circumstances as they are now."""
    scratch.mkdir(exist_ok=True)
    found = memory.circumstances([program], scratch)
    assert found is not None
    return found


def test_it_is_known_until_it_is_forgotten(program: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    assert not memory.works(scratch, known(program, scratch))
    memory.remember(scratch, known(program, scratch))
    assert memory.works(scratch, known(program, scratch))
    memory.forget(scratch)
    memory.forget(scratch)
    assert not memory.works(scratch, known(program, scratch))


def test_another_program_or_folder_is_another_matter(program: Path, tmp_path: Path) -> None:
    scratch, other = tmp_path / "scratch", tmp_path / "other"
    before = known(program, scratch)
    assert known(program, scratch) == before
    assert known(program, other) != before
    os.utime(program, ns=(1, 2))
    touched = known(program, scratch)
    replacement = program.with_name("new")
    replacement.write_text("two")
    os.utime(replacement, ns=(1, 2))
    replacement.rename(program)
    assert len({before, touched, known(program, scratch)}) == 3


def test_it_names_user_boot_and_namespaces(program: Path, tmp_path: Path) -> None:
    lines = known(program, tmp_path / "scratch").splitlines()
    assert lines[0] == f"user {os.geteuid()}"
    assert lines[1].startswith("boot ")
    assert [line.partition(":")[0] for line in lines[2:4]] == ["mnt", "user"]


def test_what_cannot_be_told_is_not_remembered(tmp_path: Path) -> None:
    assert memory.circumstances([tmp_path / "absent"], tmp_path) is None
    assert memory.circumstances([], tmp_path / "absent") is None


def test_a_damaged_memory_is_none(program: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    memory.remember(scratch, known(program, scratch))
    (file,) = scratch.iterdir()
    file.write_bytes(b"\xff")
    assert not memory.works(scratch, known(program, scratch))


def start(rootfs: Path, scratch: Path, path: str) -> None:
    """Run a command in a session of the sandbox that is found on ``path``."""

    async def main() -> None:
        sandbox = find_sandbox(None, scratch, search_path=path)
        async with sandbox.open(rootfs, [], Limits(), {"PATH": "/usr/bin"}) as session:
            await session.run(Command(argv=("true",), cwd=PurePosixPath("/")), lambda _: None)

    asyncio.run(main())


@pytest.mark.sandbox
def test_a_session_that_does_not_start_forgets(rootfs: Path, tmp_path: Path) -> None:
    """As when a sysctl is set between two runs: the second fails, the third says what is wrong."""
    refusing = tmp_path / "refusing"
    script = f"[ ! -e {refusing} ] || {{ echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1; }}"
    path = machine(tmp_path / "bin", unshare=f'{script}; exec /usr/bin/unshare "$@"')
    start(rootfs, tmp_path / "scratch", path)
    refusing.touch()
    with pytest.raises(MachineError, match="did not start") as second:
        start(rootfs, tmp_path / "scratch", path)
    assert "again" in (second.value.problems[0].remedy or "")
    with pytest.raises(MachineError, match="refuses user namespaces"):
        start(rootfs, tmp_path / "scratch", path)
    refusing.unlink()
    start(rootfs, tmp_path / "scratch", path)
