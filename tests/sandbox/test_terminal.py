"""A command's own terminal: job control, keys, sizes, streams that are passed through, and a caller's left as it was."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Command, Exit, Limits, Streams
from builder.sandbox.terminal import own_terminal, restorer
from tests.sandbox.conftest import BASE, Bench

pytestmark = pytest.mark.sandbox

PROMPT = "ready> "
SHELL = Command(
    argv=("/bin/bash", "-c", f"PS1='{PROMPT}' exec bash --norc -i"), cwd=PurePosixPath("/"), env=(("TERM", "dumb"),)
)


@dataclass
class Window:
    """A terminal as its emulator has it: ``keys`` is our end, ``end`` that of the program in it."""

    keys: int
    end: int
    seen: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.keys, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hear(self) -> None:
        self.seen += os.read(self.keys, 4096).decode()
        self.arrived.set()

    async def until(self, text: str) -> str:
        """Wait for ``text`` on the screen; return all up to it, and forget that."""
        try:
            async with asyncio.timeout(5):
                while text not in self.seen:
                    self.arrived.clear()
                    await self.arrived.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} does not come after {self.seen[-500:]!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before

    async def type(self, keys: str, then: str = PROMPT) -> str:
        os.write(self.keys, keys.encode())
        return await self.until(then)


@asynccontextmanager
async def window() -> AsyncIterator[Window]:
    keys, end = os.openpty()
    made = Window(keys, end)
    made.resize(33, 101)
    loop = asyncio.get_running_loop()
    loop.add_reader(keys, made.hear)
    try:
        yield made
    finally:
        loop.remove_reader(keys)
        os.close(keys)
        os.close(end)


def talk(bench: Bench, say: Callable[[Window], Awaitable[None]], command: Command = SHELL) -> Exit:
    """Run ``command`` in a terminal of its own while ``say`` sits before the caller's."""

    async def main() -> Exit:
        async with window() as screen:
            before = termios.tcgetattr(screen.end)
            async with (
                asyncio.timeout(60),
                bench.sandbox.open(bench.rootfs, [], Limits(silence_seconds=0.01), BASE) as session,
                own_terminal(screen.end, screen.end) as streams,
                asyncio.TaskGroup() as both,
            ):
                both.create_task(_said(say, screen))
                running = both.create_task(session.run(command, _nothing, streams=streams))
                ended = await running
            assert termios.tcgetattr(screen.end) == before, "the caller's terminal is as it was"
        return ended

    return asyncio.run(main())


async def _said(say: Callable[[Window], Awaitable[None]], screen: Window) -> None:
    await say(screen)


def _nothing(piece: bytes) -> None:
    raise AssertionError(f"nobody listens: {piece!r}")


def test_a_shell_has_a_terminal_with_job_control(every: Bench) -> None:
    async def say(screen: Window) -> None:
        assert "job control" not in await screen.until(PROMPT)
        assert "m" in (await screen.type("echo $-\r")).split()[-1]
        assert "33 101" in await screen.type("stty size\r")
        assert "/dev/" in await screen.type("tty\r")
        os.write(screen.keys, b"exit 7\r")

    assert talk(every, say).code == 7


def test_keys_go_to_what_runs_inside(every: Bench) -> None:
    async def say(screen: Window) -> None:
        await screen.until(PROMPT)
        await screen.type("bash -c 'echo go; exec sleep 100'\r", then="\ngo")
        assert "^C" in await screen.type("\x03")
        assert "130" in await screen.type("echo code $?\r")
        await screen.type("bash -c 'echo go; exec sleep 100'\r", then="\ngo")
        assert "Stopped" in await screen.type("\x1a")
        assert "Stopped" in await screen.type("jobs\r")
        await screen.type("kill -9 %1; disown -a\r")  # a shell with stopped jobs would ask once more
        os.write(screen.keys, b"\x04")

    assert talk(every, say).reason is None


def test_the_windows_size_follows(every: Bench) -> None:
    async def say(screen: Window) -> None:
        await screen.until(PROMPT)
        screen.resize(44, 55)
        os.kill(os.getpid(), signal.SIGWINCH)  # as the kernel does to the program in the window's foreground
        for _ in range(5):
            await asyncio.sleep(0)  # the loop hears of it before it sees the keys
        assert "44 55" in await screen.type("stty size; echo do''ne\r", then="\ndone")
        await screen.until(PROMPT)
        os.write(screen.keys, b"exit\r")

    assert talk(every, say).code == 0


def test_all_that_was_printed_is_shown_before_the_end(every: Bench) -> None:
    command = Command(argv=("/bin/bash", "-c", "seq 1 20000; echo last"), cwd=PurePosixPath("/"))
    shown: list[str] = []

    async def say(screen: Window) -> None:
        shown.append(await screen.until("last"))

    assert talk(every, say, command).code == 0
    assert shown[0].split() == [str(number) for number in range(1, 20001)]


def test_a_flood_can_be_stopped_again_and_again(every: Bench) -> None:
    """Ctrl-C makes the terminal forget its output just when it is to be read."""

    async def say(screen: Window) -> None:
        await screen.until(PROMPT)
        for number in range(15):
            await screen.type(f"yes {'x' * 60}\r", then=f"{'x' * 60}\r\n" * 50)
            await screen.type("\x03")
            await screen.type(f"echo sto''pped{number}\r", then=f"\nstopped{number}\r")
            await screen.until(PROMPT)
        os.write(screen.keys, b"exit 3\r")

    assert talk(every, say).code == 3


def test_typing_ahead_loses_nothing(every: Bench) -> None:
    """More than the kernel holds for a terminal arrives in order when the command reads late."""
    lines = "".join(f"{number:060}\r" for number in range(4000))
    command = Command(
        argv=("/bin/bash", "-c", "stty -echo; echo up; sleep 0.3; head -n 4000 | cksum"), cwd=PurePosixPath("/")
    )
    said: list[str] = []

    async def say(screen: Window) -> None:
        await screen.until("up")
        os.set_blocking(screen.keys, False)
        rest = lines.encode()
        while rest:
            try:
                rest = rest[os.write(screen.keys, rest) :]
            except BlockingIOError:
                await asyncio.sleep(0.005)
        said.append(await screen.until(f" {len(lines)}"))

    assert talk(every, say, command).code == 0
    expected = subprocess.run(["cksum"], input=lines.replace("\r", "\n").encode(), capture_output=True, check=True)
    assert said[0].split() == expected.stdout.decode().split()[:1]


def test_the_callers_terminal_is_not_inside(sealed: Bench) -> None:
    async def say(screen: Window) -> None:
        await screen.until(PROMPT)
        caller = os.ttyname(screen.end)
        assert caller not in await screen.type("ls -l /proc/*/fd 2>/dev/null | grep pts/ | sort -u | sed 's/.*-> //'\r")
        os.write(screen.keys, b"exit\r")

    talk(sealed, say)


def test_a_cancelled_command_leaves_the_terminal_as_it_was(every: Bench) -> None:
    async def main() -> None:
        async with window() as screen:
            before = termios.tcgetattr(screen.end)

            async def run() -> None:
                async with (
                    every.sandbox.open(every.rootfs, [], Limits(), BASE) as session,
                    own_terminal(screen.end, screen.end) as streams,
                ):
                    await session.run(SHELL, _nothing, streams=streams)

            task = asyncio.create_task(run())
            await screen.until(PROMPT)
            assert termios.tcgetattr(screen.end) != before
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert termios.tcgetattr(screen.end) == before

    asyncio.run(main())


def test_no_descriptor_is_left_open(every: Bench) -> None:
    async def say(screen: Window) -> None:
        await screen.until(PROMPT)
        os.write(screen.keys, b"exit\r")

    talk(every, say)
    before = set(Path("/proc/self/fd").iterdir())
    talk(every, say)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_restoring_a_terminal_that_has_gone_does_nothing() -> None:
    keys, end = os.openpty()
    restore = restorer(end)
    os.close(keys)
    restore()
    os.close(end)
    restore()


# -- streams -----------------------------------------------------------------------------------------------------------


def passed(bench: Bench, script: str, typed: bytes = b"", limits: Limits | None = None) -> tuple[Exit, bytes, bytes]:
    """Run ``script`` with three pipes and return its end and what it wrote to two of them."""
    stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
    os.write(stdin[1], typed)
    os.close(stdin[1])
    streams = Streams(stdin=stdin[0], stdout=stdout[1], stderr=stderr[1])

    async def main() -> Exit:
        async with bench.sandbox.open(bench.rootfs, [], limits or Limits(), BASE) as session:
            command = Command(argv=("bash", "-c", script), cwd=PurePosixPath("/"))
            return await session.run(command, _nothing, streams=streams)

    try:
        ended = asyncio.run(main())
        for end in (stdout[1], stderr[1]):
            os.close(end)
        return ended, os.read(stdout[0], 1 << 16), os.read(stderr[0], 1 << 16)
    finally:
        for end in (stdin[0], stdout[0], stderr[0]):
            os.close(end)


def test_streams_are_passed_through_one_by_one(every: Bench) -> None:
    ended, out, err = passed(every, "tr a-z A-Z; echo trouble >&2; exit 5", b"hello\n")
    assert (ended.code, out, err) == (5, b"HELLO\n", b"trouble\n")


def test_a_command_with_streams_of_its_own_may_be_silent(every: Bench) -> None:
    ended, out, _ = passed(every, "sleep 0.3; echo done", limits=Limits(silence_seconds=0.05))
    assert (ended.reason, out) == (None, b"done\n")
    ended, _, _ = passed(every, "sleep 60", limits=Limits(wall_seconds=0.2))
    assert ended.reason == "timeout"


def test_no_descriptor_of_ours_is_inside(sealed: Bench) -> None:
    _, out, _ = passed(sealed, "cd /proc/self/fd; echo *; env | cut -d= -f1 | sort | tr '\\n' ' '")
    descriptors, variables = out.decode().splitlines()
    assert set(descriptors.split()) <= {"0", "1", "2", "3", "255"}
    assert set(variables.split()) <= {*BASE, "PWD", "OLDPWD", "SHLVL", "_"}


def test_a_sandbox_that_does_not_start_is_no_ended_command(sealed: Bench) -> None:
    nowhere = Command(argv=("true",), cwd=PurePosixPath("/no/such/place"))

    async def main() -> None:
        quiet = os.open(os.devnull, os.O_RDWR)
        try:
            async with sealed.sandbox.open(sealed.rootfs, [], Limits(), BASE) as session:
                await session.run(nowhere, _nothing, streams=Streams(stdin=quiet, stdout=quiet, stderr=quiet))
        finally:
            os.close(quiet)

    with pytest.raises(MachineError, match="did not start"):
        asyncio.run(main())
