"""Searching bytes for several paths at once."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.check.needles import Needle, Needles

WORK = Needle(text="/bakehouse/work", what="the work folder")
BUILD = Needle(text="/bakehouse/build_env", what="the build prefix")
OTHER = Needle(text="/srv/machine", what="the machine")
CHUNK = 1 << 22


def found(data: bytes, *needles: Needle) -> list[str]:
    return [needle.text for needle, _ in Needles.of(needles or (WORK, BUILD)).in_file(data)]


@pytest.mark.parametrize(
    "data",
    [b"/bakehouse/work", b"x/bakehouse/work/src/a.c", b"-I/bakehouse/work -I.", b"/bakehouse/work\0", b"'/bakehouse/work'",
     b"/bakehouse/workshop /bakehouse/work\n", b"/bakehouse/work.c"],
)  # fmt: skip
def test_whole_paths_are_found(data: bytes) -> None:
    assert found(data) == ["/bakehouse/work"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"/bakehouse",
        b"/bakehouse/wor",
        b"/bakehouse/workshop",
        b"/bakehouse/work-2",
        b"/bakehouse/work_x",
        b"bakehouse/work",
    ],
)
def test_longer_names_are_other_paths(data: bytes) -> None:
    assert found(data) == []


def test_utf16_is_found_and_shown_readably() -> None:
    ((needle, shown),) = Needles.of([WORK]).in_file(b"\1" + "/bakehouse/work/a.c\0".encode("utf-16-le"))
    assert needle is WORK
    assert shown == "/bakehouse/work/a.c"


def test_every_path_is_told_once() -> None:
    data = b"/bakehouse/work /bakehouse/build_env /bakehouse/work " * 3
    assert found(data) == ["/bakehouse/work", "/bakehouse/build_env"]


def test_paths_without_a_common_root() -> None:
    assert Needles.of([WORK, OTHER]).roots == ()
    assert found(b"/srv/machine/x", WORK, OTHER) == ["/srv/machine"]
    assert Needles.of([WORK, BUILD]).roots[0] == b"/bakehouse"


def test_nothing_sought_is_nothing_found() -> None:
    assert list(Needles.of([]).in_file(b"/bakehouse/work")) == []


@pytest.mark.parametrize("at", [CHUNK - 1, CHUNK - 14, CHUNK - 15, CHUNK, 3 * CHUNK - 7])
def test_a_path_across_the_border_of_two_chunks(at: int) -> None:
    data = b"x" * at + b"/bakehouse/work/a" + b"y" * 20
    assert found(data) == ["/bakehouse/work"]
    assert found(b"x" * at + b"/bakehouse/workshop" + b"y" * CHUNK) == []


def test_what_is_shown_is_one_printable_line() -> None:
    ((_, shown),) = Needles.of([WORK]).in_file(b"\x1b[31m/bakehouse/work/\x1b[0m\xff\nsecond")
    assert shown.isprintable()
    assert shown.startswith("/bakehouse/work/.")
    assert "second" not in shown
    ((_, long),) = Needles.of([WORK]).in_file(b"/bakehouse/work/" + b"x" * 5000)
    assert len(long) <= 120


def test_mapped_files_are_searched(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0" * 5000 + b"/bakehouse/work")
    with (tmp_path / "file").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert [needle.text for needle, _ in Needles.of([WORK]).in_file(data)] == ["/bakehouse/work"]


PIECES = st.sampled_from([b"/bakehouse/work", b"/bakehouse/build_env", b"/bakehouse/", b"x", b"-", b"/", b"\0", b" "])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=8).map(b"".join))
def test_a_search_at_once_finds_what_a_search_for_each_finds(data: bytes) -> None:
    together = {needle for needle, _ in Needles.of([WORK, BUILD]).in_file(data)}
    alone = {needle for each in (WORK, BUILD) for needle, _ in Needles.of([each]).in_file(data)}
    assert together == alone
