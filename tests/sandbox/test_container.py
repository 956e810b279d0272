"""What an engine sends for a container, taken apart; and containers that end before their time."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MachineError
from builder.sandbox import Command, Limits
from builder.sandbox.container import Frames
from tests.sandbox.conftest import BASE, Bench, bench_for


def framed(parts: list[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([stream, 0, 0, 0]) + len(part).to_bytes(4, "big") + part for stream, part in parts)


@given(
    st.lists(st.tuples(st.integers(1, 2), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_frames_may_be_cut_anywhere(parts: list[tuple[int, bytes]], cuts: list[int]) -> None:
    whole, frames = framed(parts), Frames()
    bounds = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    seen: dict[int, bytes] = {1: b"", 2: b""}
    for begin, end in pairwise(bounds):
        for stream, part in frames.feed(whole[begin:end]):
            seen[stream] += part
    assert seen == {stream: b"".join(part for number, part in parts if number == stream) for stream in (1, 2)}


def test_a_container_that_somebody_removes_is_the_machines_fault(
    rootfs: Path, tmp_path: Path, docker_engine: str
) -> None:
    bench = bench_for("docker", rootfs, tmp_path, docker_engine)

    async def main() -> None:
        async with bench.sandbox.open(rootfs, [], Limits(), BASE) as session:
            command = Command(argv=("bash", "-c", "echo up; sleep 60"), cwd=PurePosixPath("/"))
            with pytest.raises(MachineError, match="ended before its command"):
                await session.run(command, _once(lambda: remove_all(docker_engine, tmp_path)))
            assert (await session.run(Command(argv=("true",), cwd=PurePosixPath("/")), bytearray().extend)).code == 0

    asyncio.run(main())


def _once(act: Callable[[], None]) -> Callable[[bytes], None]:
    return lambda piece: act()


def ours(engine: str, folder: Path) -> list[str]:
    """Return the containers of a test's sessions."""
    label = f"label=bakehouse.scratch={folder / 'scratch'}"
    words = ["docker", "--host", engine, "ps", "--all", "--quiet", "--filter", label]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def remove_all(engine: str, folder: Path) -> None:
    subprocess.run(["docker", "--host", engine, "rm", "-f", *ours(engine, folder)], capture_output=True, check=True)


def test_nothing_is_left_in_the_engine(docker: Bench, docker_engine: str) -> None:
    docker.run_all(["sleep 60 & disown", "kill -9 -1", "exit 3"], docker.overlay())
    docker.run("sleep 60", limits=Limits(wall_seconds=0.3))
    assert ours(docker_engine, docker.folder) == []
    assert str(docker.folder) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def test_an_engine_that_does_not_answer_any_more(rootfs: Path, tmp_path: Path, docker_engine: str) -> None:
    bench = bench_for("docker", rootfs, tmp_path, docker_engine)
    engine = replace(bench.sandbox.engine, address=f"unix://{tmp_path}/gone.sock")  # type: ignore[attr-defined]
    gone = replace(bench, sandbox=replace(bench.sandbox, engine=engine))  # type: ignore[type-var]
    with pytest.raises(MachineError, match="no docker engine answers") as caught:
        gone.run("true")
    assert caught.value.problems[0].remedy
    assert [path.name for path in (tmp_path / "scratch").iterdir() if not path.name.startswith("images-")] == []
