"""What a job reads: files as they are, members through a pipe, and what became of those that came to no end."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from builder.archive import Member, MemberKind
from builder.archive.passing import receive
from builder.errors import SourceError
from builder.sandbox.handed import File, Flow, Open

MEMBER = Member(path="a", kind=MemberKind.FILE, size=2)


class Walk:
    """Gives members, and tells whether it was closed."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.count = count
        self.error = error
        self.closed = 0

    def __call__(self) -> Generator[tuple[Member, Iterator[memoryview]], None, None]:
        try:
            for _ in range(self.count):
                yield MEMBER, iter([memoryview(b"xy")])
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def paths(given: Open) -> list[str]:
    """Feed all of it, which is less than a pipe holds, and read it."""
    with os.fdopen(os.dup(given.theirs.fileno()), "rb") as other:
        given.theirs.close()
        given.feed()
        return [member.path for member, _ in receive(other)]


def test_a_file_is_opened_for_reading_each_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    before, handed = open_files(), File(tmp_path / "a")
    assert handed.size == 7
    for _ in range(2):
        with handed.opened() as given:
            given.feed()
            assert given.theirs.read() == b"content"
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.write(given.theirs.fileno(), b"x")
    assert open_files() == before
    with pytest.raises(FileNotFoundError):
        File(tmp_path / "absent")


def test_members_go_through_a_pipe_and_may_be_asked_for_again() -> None:
    before, walk = open_files(), Walk(3)
    flow = Flow(walk, size=9)
    assert flow.size == 9
    for _ in range(2):
        with flow.opened() as given:
            assert paths(given) == ["a", "a", "a"]
    assert (flow.failed, walk.closed, open_files()) == (None, 2, before)


def test_who_reads_may_have_seen_enough() -> None:
    before, walk = open_files(), Walk(100_000)
    flow = Flow(walk, size=1)
    with flow.opened() as given:
        given.theirs.close()
        given.feed()
    assert (flow.failed, walk.closed, open_files()) == (None, 1, before)


def test_why_there_is_no_end_is_kept_until_it_begins_anew() -> None:
    walk = Walk(1, SourceError("no more"))
    flow = Flow(walk, size=1)
    with flow.opened() as given, pytest.raises(Exception, match="breaks off"):
        paths(given)
    assert str(flow.failed) == "no more"
    walk.error = None
    with flow.opened() as given:
        assert paths(given) == ["a"]
    assert flow.failed is None


def test_a_defect_of_ours_is_no_end_either() -> None:
    before, walk = open_files(), Walk(1, ZeroDivisionError())
    flow = Flow(walk, size=1)
    with pytest.raises(ZeroDivisionError), flow.opened() as given:
        paths(given)
    assert (flow.failed, walk.closed, open_files()) == (None, 1, before)
