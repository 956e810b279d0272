"""What every sandbox promises behind the seam, whatever it is made of."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Bind, Command, Exit, Limits, Overlay, Session, Tmpfs
from tests.sandbox.conftest import BASE, Bench


def test_a_command_runs_where_it_is_told_and_its_code_comes_back(every: Bench) -> None:
    ran = every.run("pwd; exit 7", every.overlay(), cwd=every.inside.work)
    assert ran.lines == [str(every.inside.work)]
    assert (ran.exit.code, ran.exit.reason) == (7, None)


def test_standard_output_and_error_keep_their_order(every: Bench) -> None:
    script = "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done"
    assert every.run(script).lines == [f"{where} {i}" for i in range(1, 6) for where in ("out", "err")]


def test_bytes_arrive_as_they_were_written(every: Bench) -> None:
    said = bytearray()

    async def run() -> None:
        async with every.sandbox.open(every.rootfs, [], Limits(), BASE) as session:
            await session.run(Command(argv=("printf", r"\0\377\r\n"), cwd=PurePosixPath("/")), said.extend)

    asyncio.run(run())
    assert bytes(said) == b"\0\xff\r\n"


def test_much_output_arrives_whole(every: Bench) -> None:
    ran = every.run("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done")
    assert ran.lines == [f"line {i}" for i in range(5000)]


def test_standard_input_is_empty(every: Bench) -> None:
    assert every.run("cat; echo done").text == "done\n"


def test_arguments_are_not_interpreted(every: Bench) -> None:
    words = ("a b", "$HOME", "'", '"', "*", "", "-n", "\\", "ü\n")
    said = bytearray()

    async def run() -> Exit:
        async with every.sandbox.open(every.rootfs, [], Limits(), BASE) as session:
            return await session.run(Command(argv=("printf", "[%s]", *words), cwd=PurePosixPath("/")), said.extend)

    assert asyncio.run(run()).code == 0
    assert said.decode() == "".join(f"[{word}]" for word in words)


def test_the_environment_of_session_and_command_add_up(every: Bench) -> None:
    async def run(session: Session) -> list[str]:
        said = bytearray()
        command = Command(argv=("env",), cwd=PurePosixPath("/"), env=(("B", "command"), ("C", "x y\n=z")))
        await session.run(command, said.extend)
        return said.decode().splitlines()

    async def main() -> list[str]:
        async with every.sandbox.open(every.rootfs, [], Limits(), {**BASE, "A": "session", "B": "session"}) as session:
            return await run(session)

    lines = asyncio.run(main())
    assert {"A=session", "B=command", "C=x y", "=z"} <= set(lines)
    assert "B=session" not in lines


def test_the_machines_environment_does_not_reach_a_command(every: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEHOUSE_SECRET", "hunter2")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    assert "hunter2" not in every.run("env; cat /proc/$$/environ /proc/1/environ 2>/dev/null").text
    assert "nowhere" not in every.run("env").text


def test_one_command_sees_what_the_other_left(every: Bench) -> None:
    ran = every.run_all(["echo one > file", "cat file; rm file", "ls -A"], every.overlay(), cwd=every.inside.work)
    assert [one.text for one in ran] == ["", "one\n", ""]


def test_an_overlay_keeps_its_state_over_sessions(every: Bench) -> None:
    overlay = every.overlay()
    every.run("echo one > file; echo two >> file", overlay, cwd=every.inside.work)
    assert every.run("cat file; echo three >> file", overlay, cwd=every.inside.work).text == "one\ntwo\n"
    assert every.run("cat file", overlay, cwd=every.inside.work).text == "one\ntwo\nthree\n"


def test_writing_to_an_overlay_leaves_the_lower_folders_alone(every: Bench) -> None:
    lower = every.folder / "lower"
    (lower / "lib").mkdir(parents=True)
    (lower / "lib" / "libz.so").write_text("good")
    os.link(lower / "lib" / "libz.so", every.folder / "cache-of-packages")
    overlay = every.overlay(lower)
    script = "echo evil > lib/libz.so; printf evil | dd of=lib/libz.so conv=notrunc 2>/dev/null; rm -rf lib; mkdir lib"
    assert every.run(script, overlay, cwd=every.inside.work).exit.code == 0
    assert (lower / "lib" / "libz.so").read_text() == "good"
    assert (every.folder / "cache-of-packages").read_text() == "good"


def test_lower_folders_are_merged_the_first_on_top(every: Bench) -> None:
    first, second = every.folder / "first", every.folder / "second"
    for folder, names in ((first, ("both", "one")), (second, ("both", "two"))):
        (folder / "d").mkdir(parents=True)
        for name in names:
            (folder / "d" / name).write_text(f"{name} of {folder.name}\n")
    ran = every.run("cd d; ls; cat *", every.overlay(first, second), cwd=every.inside.work)
    assert ran.lines == ["both", "one", "two", "both of first", "one of first", "two of second"]


@pytest.mark.parametrize("name", ["a:b", "a,b", "a\\b", "a b", "ü", "x" * 200], ids=repr)
def test_folders_may_have_any_name(every: Bench, name: str) -> None:
    lower = every.folder / name
    lower.mkdir()
    (lower / "file").write_text("here\n")
    overlay = Overlay(lower=(lower,), upper=every.folder / f"{name[:150]}-up", inside=every.inside.work)
    assert every.run("cat file; echo more >> file", overlay, cwd=every.inside.work).text == "here\n"
    assert [entry.path for entry in every.sandbox.changes(overlay).changed] == ["file"]


def test_many_long_lower_folders_fit(every: Bench) -> None:
    lowers = []
    for number in range(60):
        lower = every.folder / f"{number:03}{'y' * 120}" / ("z" * 120)
        lower.mkdir(parents=True)
        (lower / str(number)).touch()
        lowers.append(lower)
    ran = every.run("ls | wc -l", every.overlay(*lowers), cwd=every.inside.work)
    assert ran.text.strip() == "60"


def test_a_read_only_bind_cannot_be_written_through(every: Bench) -> None:
    source = every.folder / "recipe"
    source.mkdir()
    (source / "build.sh").write_text("echo hello\n")
    bind = Bind(source=source, inside=every.inside.recipe)
    ran = every.run(f"cat {every.inside.recipe}/build.sh; echo x >> {every.inside.recipe}/build.sh", bind)
    assert ran.lines[0] == "echo hello"
    assert (source / "build.sh").read_text() == "echo hello\n"


def test_a_file_can_be_bound(every: Bench) -> None:
    source = every.folder / "one.txt"
    source.write_text("text\n")
    place = every.inside.test_work / "deep" / "two.txt"
    assert every.run(f"cat {place}", Bind(source=source, inside=place)).text == "text\n"


def test_a_writable_bind_is_the_folder_itself(every: Bench) -> None:
    source = every.folder / "out"
    source.mkdir()
    bind = Bind(source=source, inside=every.inside.work, writable=True)
    every.run(f"echo made > {every.inside.work}/file", bind)
    assert (source / "file").read_text() == "made\n"


def test_a_temporary_file_system_is_fresh_for_every_command(every: Bench) -> None:
    home = every.inside.home
    ran = every.run_all([f"touch {home}/x; ls {home}", f"ls -A {home}"], Tmpfs(inside=home))
    assert [one.text for one in ran] == ["x\n", ""]


def test_the_umask_is_fixed(every: Bench) -> None:
    before = os.umask(0o077)
    try:
        assert every.run("umask").text == "0022\n"
    finally:
        os.umask(before)


def test_time_is_limited(every: Bench) -> None:
    ran = every.run("echo begun; sleep 60", limits=Limits(wall_seconds=0.3))
    assert (ran.exit.reason, ran.text) == ("timeout", "begun\n")
    assert ran.exit.code == 137
    assert 0.3 <= ran.exit.seconds < 30


def test_silence_is_limited_and_output_breaks_it(every: Bench) -> None:
    script = "for i in 1 2 3; do sleep 0.1; echo $i; done; sleep 60"
    ran = every.run(script, limits=Limits(silence_seconds=0.4))
    assert (ran.exit.reason, ran.lines) == ("silence", ["1", "2", "3"])


def test_a_limit_that_is_not_reached_changes_nothing(every: Bench) -> None:
    ran = every.run("echo fine", limits=Limits(wall_seconds=60, silence_seconds=60))
    assert (ran.exit.reason, ran.exit.code) == (None, 0)


def test_processor_time_is_counted(every: Bench) -> None:
    busy = every.run("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; bash -c 'for i in {1..20000}; do :; done'")
    idle = every.run("sleep 0.1")
    assert busy.exit.cpu_seconds > idle.exit.cpu_seconds
    assert busy.exit.cpu_seconds <= busy.exit.seconds * 2


@pytest.mark.parametrize(
    ("limits", "script"),
    [
        (Limits(disk=100_000), "head -c 200000 /dev/zero > file"),
        (Limits(memory=50_000_000), "x=$(head -c 200000000 /dev/zero | tr '\\0' a); sleep 60"),
        (Limits(processes=20), "for i in {1..100}; do sleep 60 & done; wait"),
        (Limits(cpu_seconds=1), "while :; do :; done"),
    ],
    ids=["disk", "memory", "processes", "cpu"],
)
def test_resources_are_limited(every: Bench, limits: Limits, script: str, request: pytest.FixtureRequest) -> None:
    ran = every.run(script, every.overlay(), limits=limits, cwd=every.inside.work)
    assert ran.exit.reason == request.node.callspec.id.split("-")[-1]
    assert ran.exit.code != 0
    assert ran.exit.seconds < 50


def test_a_flood_of_output_does_not_keep_a_limit_from_ending_it(every: Bench) -> None:
    sizes: list[int] = []

    async def main() -> Exit:
        async with every.sandbox.open(every.rootfs, [], Limits(wall_seconds=0.2), BASE) as session:
            return await session.run(
                Command(argv=("yes",), cwd=PurePosixPath("/")), lambda piece: sizes.append(len(piece))
            )

    assert asyncio.run(main()).reason == "timeout"
    assert sum(sizes) > 1 << 20


def test_cancelling_kills_everything_at_once(every: Bench) -> None:
    beat = every.folder / "beat"
    beat.mkdir()
    bind = Bind(source=beat, inside=every.inside.work, writable=True)
    script = f"cd {every.inside.work}; (while :; do echo x >> daemon; sleep 0.02; done) &"
    script += " until [ -s daemon ]; do sleep 0.01; done; echo up; wait"

    async def main() -> float:
        heard = asyncio.Event()
        async with every.sandbox.open(every.rootfs, [bind], Limits(), BASE) as session:
            command = Command(argv=("bash", "-c", script), cwd=PurePosixPath("/"))
            task = asyncio.create_task(session.run(command, lambda _: heard.set()))
            await heard.wait()
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - started

    assert asyncio.run(main()) < 10
    assert_still(beat / "daemon")


def test_close_kills_what_runs(every: Bench) -> None:
    async def main() -> Exit:
        heard = asyncio.Event()
        async with every.sandbox.open(every.rootfs, [], Limits(), BASE) as session:
            command = Command(argv=("bash", "-c", "echo up; sleep 60"), cwd=PurePosixPath("/"))
            task = asyncio.create_task(session.run(command, lambda _: heard.set()))
            await heard.wait()
            await session.close()
            await session.close()
            return await task

    ended = asyncio.run(main())
    assert ended.code == 137
    assert ended.reason == "signal"


def test_a_closed_session_runs_nothing(every: Bench) -> None:
    async def main() -> None:
        async with every.sandbox.open(every.rootfs, [], Limits(), BASE) as session:
            await session.close()
            await session.run(Command(argv=("true",), cwd=PurePosixPath("/")), lambda _: None)

    with pytest.raises(MachineError, match="closed"):
        asyncio.run(main())


def test_an_error_of_the_callback_kills_and_comes_back(every: Bench) -> None:
    def fail(_: bytes) -> None:
        raise ValueError("full")

    async def main() -> None:
        async with every.sandbox.open(every.rootfs, [], Limits(), BASE) as session:
            await session.run(Command(argv=("bash", "-c", "echo x; sleep 60"), cwd=PurePosixPath("/")), fail)

    with pytest.raises(ValueError, match="full"):
        asyncio.run(main())


def test_commands_of_one_session_take_turns(every: Bench) -> None:
    async def main() -> bytes:
        said = bytearray()
        async with every.sandbox.open(every.rootfs, [every.overlay()], Limits(), BASE) as session:
            command = Command(argv=("bash", "-c", "echo in; sleep 0.1; echo out"), cwd=PurePosixPath("/"))
            await asyncio.gather(*(session.run(command, said.extend) for _ in range(3)))
        return bytes(said)

    assert asyncio.run(main()) == b"in\nout\n" * 3


def test_sessions_run_side_by_side(every: Bench) -> None:
    """Each waits until all are there, so they would never end one after the other."""
    together = every.folder / "together"
    together.mkdir()

    async def one(number: int) -> bytes:
        said = bytearray()
        name = f"side-{number}"
        overlay = every.overlay(name=name, inside=every.inside.work / name)
        bind = Bind(source=together, inside=every.inside.test_work / name, writable=True)
        async with every.sandbox.open(every.rootfs, [overlay, bind], Limits(wall_seconds=60), BASE) as session:
            meet = f"cd {bind.inside}; touch {number}; until [ $(ls | wc -l) = 8 ]; do sleep 0.05; done"
            script = f"echo {number} > file; ({meet}); cat file"
            await session.run(Command(argv=("bash", "-c", script), cwd=overlay.inside), said.extend)
        return bytes(said)

    async def main() -> list[bytes]:
        return await asyncio.gather(*(one(number) for number in range(8)))

    assert asyncio.run(main()) == [f"{number}\n".encode() for number in range(8)]


def test_nothing_is_left_in_scratch(every: Bench) -> None:
    every.run("touch file", every.overlay(), cwd=every.inside.work)
    scratch = every.folder / "scratch"
    left = [path.name for path in scratch.iterdir()] if scratch.exists() else []
    assert [name for name in left if not name.startswith("images-")] == []  # what an image is called is remembered
    assert not list(every.folder.glob(".upper*.work*"))


def test_descriptors_are_given_back(every: Bench) -> None:
    every.run("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    every.run_all(["true", "exit 3", "kill -9 $$"], every.overlay())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def assert_still(file: Path) -> None:
    """Assert that nobody writes to ``file`` any more."""
    size = file.stat().st_size
    assert size
    time.sleep(0.15)
    assert file.stat().st_size == size
