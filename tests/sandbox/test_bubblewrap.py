"""How bubblewrap is called, and what becomes of a start that fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Bind, Command, Limits, Overlay
from builder.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.conftest import BASE, Bench


def test_a_root_that_is_missing_is_the_machines_fault(sealed: Bench) -> None:
    with pytest.raises(MachineError, match="the sandbox did not start") as caught:
        replace(sealed, rootfs=sealed.folder / "nowhere").run("true")
    assert "o such file" in str(caught.value)


def test_a_source_that_is_missing_is_named(sealed: Bench) -> None:
    with pytest.raises(MachineError, match="missing"):
        sealed.run("true", Bind(source=sealed.folder / "missing", inside=sealed.inside.work, writable=True))


def test_a_lower_folder_that_is_missing_is_the_machines_fault(sealed: Bench) -> None:
    with pytest.raises(MachineError):
        sealed.run("true", sealed.overlay(sealed.folder / "missing"))


def test_a_program_that_is_missing_inside_is_the_commands_fault(sealed: Bench) -> None:
    async def main() -> tuple[int, str]:
        said = bytearray()
        async with sealed.sandbox.open(sealed.rootfs, [], Limits(), BASE) as session:
            ended = await session.run(Command(argv=("/no/such",), cwd=PurePosixPath("/")), said.extend)
            return ended.code, said.decode()

    code, said = asyncio.run(main())
    assert code == 127
    assert "/no/such: not found" in said


def test_a_folder_to_start_in_that_is_missing(sealed: Bench) -> None:
    with pytest.raises(MachineError, match="chdir"):
        sealed.run("true", cwd=PurePosixPath("/missing"))


def test_a_session_goes_on_after_a_failed_start(sealed: Bench) -> None:
    async def main() -> int:
        async with sealed.sandbox.open(sealed.rootfs, [sealed.overlay()], Limits(), BASE) as session:
            with pytest.raises(MachineError):
                await session.run(Command(argv=("true",), cwd=PurePosixPath("/missing")), lambda _: None)
            return (await session.run(Command(argv=("true",), cwd=PurePosixPath("/")), lambda _: None)).code

    assert asyncio.run(main()) == 0


def test_a_large_environment_and_many_mounts_fit(sealed: Bench) -> None:
    env = {f"VARIABLE_{number}": "x" * 200 for number in range(300)}
    (sealed.folder / "many").mkdir()
    binds = [
        Bind(source=sealed.folder / "many", inside=PurePosixPath(f"/many/{'d' * 100}/{number}"), writable=True)
        for number in range(100)
    ]
    ran = sealed.run("env | grep -c ^VARIABLE_; ls /many/* | wc -l", *binds, env=env)
    assert ran.lines == ["300", "100"]


def test_a_value_may_hold_anything_but_zero(sealed: Bench) -> None:
    value = "a b\n'\"$`\\--setenv PATH /evil\t" + "ü" * 10
    assert sealed.run('printf %s "$VALUE"', env={"VALUE": value}).text == value


def test_nothing_of_a_command_line_is_taken_for_an_option(sealed: Bench) -> None:
    said = bytearray()

    async def main() -> None:
        async with sealed.sandbox.open(sealed.rootfs, [], Limits(), BASE) as session:
            await session.run(Command(argv=("echo", "--ro-bind", "/", "/"), cwd=PurePosixPath("/")), said.extend)

    asyncio.run(main())
    assert said == b"--ro-bind / /\n"


def test_folders_above_a_mount_can_be_read_by_everybody(bench: Bench) -> None:
    overlay = bench.overlay(inside=PurePosixPath("/a/b/c"))
    assert bench.run("stat -c %a /a /a/b", overlay).lines == ["755", "755"]


def test_a_mount_inside_a_mount(sealed: Bench) -> None:
    (sealed.folder / "in").mkdir()
    (sealed.folder / "in" / "file").write_text("inner\n")
    outer = sealed.overlay()
    inner = Bind(source=sealed.folder / "in", inside=sealed.inside.work / "sub" / "deep")
    ran = sealed.run("cat sub/deep/file; touch beside", outer, inner, cwd=sealed.inside.work)
    assert ran.text == "inner\n"
    assert "beside" in {entry.path for entry in sealed.sandbox.changes(outer).new}


def test_overlays_and_copies_are_told_apart(bench: Bench) -> None:
    assert isinstance(bench.sandbox, Bubblewrap)
    copying = replace(bench.sandbox, overlay=False, notes=("why",))
    assert bench.sandbox.capabilities().overlay
    assert not copying.capabilities().overlay
    assert copying.capabilities().notes == ("why",)


def test_a_copy_is_made_once_per_upper_folder(bench: Bench) -> None:
    assert isinstance(bench.sandbox, Bubblewrap)
    copying = replace(bench, sandbox=replace(bench.sandbox, overlay=False))
    lower = bench.folder / "lower"
    lower.mkdir()
    (lower / "a").write_text("first\n")
    overlay = Overlay(lower=(lower,), upper=bench.folder / "up", inside=bench.inside.work)
    assert copying.run("cat a; rm a", overlay, cwd=bench.inside.work).text == "first\n"
    assert copying.run("ls -A", overlay, cwd=bench.inside.work).text == ""
    assert copying.sandbox.changes(overlay).deleted == ("a",)
    assert (lower / "a").exists()


def test_writing_does_not_flush_the_disk(bench: Bench) -> None:
    """An overlay that is not volatile syncs the whole file system at the end of every command."""
    assert ",volatile" in bench.run("grep ' /bakehouse/work ' /proc/mounts", bench.overlay()).text.replace(
        "fsync=", ","
    )


@pytest.mark.parametrize("overlay", [True, False])
def test_a_relative_source_means_the_callers_folder(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, overlay: bool
) -> None:
    assert isinstance(bench.sandbox, Bubblewrap)
    (bench.folder / "beside").mkdir()
    (bench.folder / "beside" / "file").write_text("here\n")
    monkeypatch.chdir(bench.folder)
    either = replace(bench, sandbox=replace(bench.sandbox, overlay=overlay))
    beside = Bind(source=Path("beside"), inside=bench.inside.work)
    assert either.run("cat file", beside, cwd=bench.inside.work).text == "here\n"


def test_system_calls_are_filtered(sealed: Bench) -> None:
    assert sealed.sandbox.capabilities().syscalls
    assert sealed.run("grep -c '^Seccomp:.2$' /proc/self/status").lines == ["1"]


def test_without_a_filter_nobody_says_that_there_is_one(bench: Bench) -> None:
    assert isinstance(bench.sandbox, Bubblewrap)
    bare = replace(bench, sandbox=replace(bench.sandbox, filter=b""))
    assert not bare.sandbox.capabilities().syscalls
    assert bare.run("grep -c '^Seccomp:.0$' /proc/self/status").lines == ["1"]


def test_what_a_command_used_is_told(sealed: Bench) -> None:
    ran = sealed.run("x=$(head -c 30000000 /dev/zero | tr '\\0' a); for i in {1..30000}; do :; done; sleep 0.3")
    assert 30_000_000 < (ran.exit.peak_memory or 0) < 400_000_000
    assert 0 < ran.exit.cpu_seconds < 30
