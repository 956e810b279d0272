"""Streams of the caller's joined to a container: files, pipes, and a reader that is late."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox import Command, Exit, Limits, Streams
from tests.sandbox.conftest import BASE, Bench, bench_for


@pytest.fixture
def box(rootfs: Path, tmp_path: Path, docker_engine: str) -> Bench:
    return bench_for("docker", rootfs, tmp_path, docker_engine)


def run(box: Bench, script: str, streams: Streams, limits: Limits | None = None) -> Exit:
    async def main() -> Exit:
        async with box.sandbox.open(box.rootfs, [], limits or Limits(), BASE) as session:
            command = Command(argv=("bash", "-c", script), cwd=PurePosixPath("/"))
            return await session.run(command, bytearray().extend, streams=streams)

    return asyncio.run(main())


def test_a_file_is_read_to_its_end_and_files_are_written(box: Bench) -> None:
    (box.folder / "in").write_bytes(b"line\n" * 20_000)
    with (box.folder / "in").open("rb") as source, (box.folder / "out").open("wb") as out:
        out.write(b"before\n")
        out.flush()
        streams = Streams(stdin=source.fileno(), stdout=out.fileno(), stderr=out.fileno())
        ended = run(box, "cat | wc -l; echo oops >&2; exit 4", streams)
    assert ended.code == 4
    said = (box.folder / "out").read_text().splitlines()
    assert said[0] == "before", "what was there is not written over"
    assert sorted(said[1:]) == ["20000", "oops"]


def test_a_reader_that_is_late_gets_all(box: Bench) -> None:
    reader, writer = os.pipe()
    got = bytearray()

    def read() -> None:
        while piece := os.read(reader, 4096):
            got.extend(piece)

    late = threading.Timer(0.5, read)
    late.start()
    with Path("/dev/null").open("rb") as nothing:
        ended = run(box, "seq 1 100000", Streams(stdin=nothing.fileno(), stdout=writer, stderr=writer))
    os.close(writer)
    late.join()
    os.close(reader)
    assert ended.code == 0
    assert got.split() == [str(number).encode() for number in range(1, 100001)]


def test_time_is_limited_there_too(box: Bench) -> None:
    with Path("/dev/null").open("r+b") as nothing:
        streams = Streams(stdin=nothing.fileno(), stdout=nothing.fileno(), stderr=nothing.fileno())
        ended = run(box, "sleep 60", streams, Limits(wall_seconds=1))
    assert (ended.code, ended.reason) == (137, "timeout")
