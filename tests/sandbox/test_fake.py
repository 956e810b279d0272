"""The fake that other rooms' tests use."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox import Command, Exit, Limits, Output, Overlay, Sandbox, Streams
from builder.sandbox.fake import FakeSandbox, Opened

COMMAND = Command(argv=("make",), cwd=PurePosixPath("/w"))


def test_it_is_a_sandbox() -> None:
    sandbox: Sandbox = FakeSandbox()
    assert sandbox.capabilities().overlay
    assert (sandbox.name, sandbox.sealed) == ("fake", True)


def test_it_remembers_what_it_was_asked(tmp_path: Path) -> None:
    fake = FakeSandbox()
    overlay = Overlay(lower=(), upper=tmp_path / "upper", inside=PurePosixPath("/w"))

    async def main() -> Exit:
        async with fake.open(tmp_path, [overlay], Limits(memory=1), {"A": "b"}) as session:
            assert fake.closed == []
            return await session.run(COMMAND, lambda _: None)

    assert asyncio.run(main()) == Exit(code=0, seconds=0, cpu_seconds=0)
    opened = Opened(rootfs=tmp_path, mounts=(overlay,), limits=Limits(memory=1), env={"A": "b"})
    assert (fake.opened, fake.commands, fake.closed) == ([opened], [COMMAND], [opened])


@pytest.mark.parametrize("end", [3, Exit(code=3, seconds=1, cpu_seconds=1, reason="timeout")])
def test_a_player_writes_prints_and_ends(tmp_path: Path, end: int | Exit) -> None:
    def play(command: Command, opened: Opened, output: Output) -> int | Exit:
        (mount,) = opened.mounts
        assert isinstance(mount, Overlay)
        (mount.upper / "made").write_text("x")
        output(b"said\n")
        return end

    fake = FakeSandbox(play=play)
    overlay = Overlay(lower=(), upper=tmp_path / "upper", inside=PurePosixPath("/w"))
    said = bytearray()

    async def main() -> Exit:
        async with fake.open(tmp_path, [overlay], Limits(), {}) as session:
            ended = await session.run(COMMAND, said.extend, streams=Streams(stdin=0, stdout=1, stderr=2))
            await session.close()
            return ended

    assert asyncio.run(main()).code == 3
    assert said == b"said\n"
    assert [entry.path for entry in fake.changes(overlay).new] == ["made"]


def test_two_fakes_share_nothing() -> None:
    one, other = FakeSandbox(), FakeSandbox()
    one.commands.append(COMMAND)
    assert other.commands == []
