"""A session in a container: what is mounted, what a closed session says, and that one container serves all commands."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Command, Limits, Overlay, Session
from builder.sandbox.berth import Berth
from builder.sandbox.contained import Plan
from builder.sandbox.first import FIRST, LIFE
from tests.sandbox.conftest import BASE, Bench, bench_for
from tests.sandbox.test_berth import OURS, UNSHARE
from tests.sandbox.test_container import ours

ROOT = PurePosixPath("/")


@pytest.fixture
def box(rootfs: Path, tmp_path: Path, docker_engine: str) -> Bench:
    return bench_for("docker", rootfs, tmp_path, docker_engine)


def test_one_container_serves_all_commands(box: Bench, docker_engine: str) -> None:
    async def main() -> list[list[str]]:
        seen = []
        async with box.sandbox.open(box.rootfs, [box.overlay()], Limits(), BASE) as session:
            for _ in range(3):
                await session.run(Command(argv=("true",), cwd=ROOT), bytearray().extend)
                seen.append(ours(docker_engine, box.folder))
        return [*seen, ours(docker_engine, box.folder)]

    first, second, third, after = asyncio.run(main())
    assert len(first) == 1
    assert first == second == third
    assert after == []


def test_a_session_that_is_closed_runs_nothing(box: Bench) -> None:
    async def main() -> None:
        async with box.sandbox.open(box.rootfs, [], Limits(), BASE) as session:
            await session.close()
            with pytest.raises(MachineError, match="closed"):
                await session.run(Command(argv=("true",), cwd=ROOT), bytearray().extend)

    asyncio.run(main())


def test_closing_while_it_starts_ends_the_command(box: Bench, docker_engine: str) -> None:
    async def run(session: Session) -> int:
        return (await session.run(Command(argv=("sleep", "60"), cwd=ROOT), bytearray().extend)).code

    async def main() -> int:
        async with box.sandbox.open(box.rootfs, [], Limits(), BASE) as session:
            task = asyncio.create_task(run(session))
            await asyncio.sleep(0.05)
            await session.close()
            return await task

    assert asyncio.run(main()) == 137
    assert ours(docker_engine, box.folder) == []


def test_an_error_of_the_listener_ends_the_command(box: Bench, docker_engine: str) -> None:
    def refuse(piece: bytes) -> None:
        raise ValueError(piece)

    async def main() -> None:
        async with box.sandbox.open(box.rootfs, [], Limits(), BASE) as session:
            with pytest.raises(ValueError, match="up"):
                await session.run(Command(argv=("bash", "-c", "echo up; sleep 60"), cwd=ROOT), refuse)
            assert ours(docker_engine, box.folder) == []

    asyncio.run(main())


def test_too_many_layers_are_put_into_one(tmp_path: Path) -> None:
    lowers = []
    for number in range(200):
        lowers.append(tmp_path / f"lower-{number}")
        lowers[-1].mkdir()
        (lowers[-1] / f"{number}").touch()
        (lowers[-1] / "all").write_text(str(number))
    berth = Berth(tmp_path / "scratch", OURS, UNSHARE)
    mount = Overlay(lower=tuple(lowers), upper=tmp_path / "up", inside=PurePosixPath("/w"))
    plan = Plan(berth=berth, mounts=(mount,), own={}, program=FIRST, cp=Path("/bin/cp"), overlay=True)
    plain, joined = (asyncio.run(plan.laid(joined=joined)) for joined in (False, True))
    assert [words["Target"] for words in plain] == ["/w"]
    assert [words["Target"] for words in joined] == ["/w", str(LIFE)]
    (merged,) = [one for one in berth.folder.iterdir() if not one.is_symlink() and (one / "all").exists()]
    assert (merged / "all").read_text() == "0", "the first one is on top"
    assert len(list(merged.iterdir())) == 201
    berth.close()
