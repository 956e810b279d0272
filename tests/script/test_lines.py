"""Whole lines out of pieces."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.script.lines import Lines
from builder.script.masking import STARS, Mask

LONGEST = 65_536


def free(most: int = 1 << 20) -> Lines:
    return Lines(Mask(), most)


def fed(lines: Lines, data: bytes, step: int) -> str:
    return "".join(lines.feed(data[at : at + step]) for at in range(0, len(data), step)) + lines.end()


def test_lines_are_given_when_they_have_ended() -> None:
    lines = free()
    assert [lines.feed(piece) for piece in (b"on", b"e\ntw", b"o\n", b"\nthree")] == ["", "one\n", "two\n", "\n"]
    assert lines.end() == "three\n"
    assert lines.end() == ""


@given(st.text(alphabet="aü€\n😀", max_size=60), st.integers(1, 7))
def test_where_pieces_end_changes_nothing(text: str, step: int) -> None:
    assert fed(free(), text.encode(), step) == (text if text.endswith("\n") or not text else f"{text}\n")


@pytest.mark.parametrize("data", [b"\xff\xfe ok\n", b"\xc3", b"\x9b31m\n", b"\xed\xa0\x80\n"])
def test_bytes_that_are_no_text_are_shown_as_such(data: bytes) -> None:
    shown = fed(free(), data, 1)
    assert "\ufffd" in shown
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"10%\r20%\r100%\n", "100%\n"),
        (b"10%\r20%\r100%\r\n", "100%\r\n"),
        (b"10%\r\r\r20%\n", "20%\n"),
        (b"done\r    \r\n", "done\r\n"),
        (b"a\r\nb\r\n", "a\r\nb\r\n"),
        (b"never ended 1\rnever ended 2", "never ended 2\n"),
        (b"\r\r\n", "\r\n"),
        (b"1\r2\n3\r4\n5\n", "2\n4\n5\n"),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 100])
def test_of_a_progress_bar_the_last_state_stays(printed: bytes, shown: str, step: int) -> None:
    assert fed(free(), printed, step).replace("\r", "") == shown.replace("\r", "")


def test_a_progress_bar_without_end_takes_no_room() -> None:
    lines = free()
    for number in range(20_000):
        assert lines.feed(b"\r%d" % number) == ""
        assert len(lines._rest) < 20
    assert lines.end() == "19999\n"


def test_a_long_line_is_cut() -> None:
    shown = fed(free(), b"a" * 400_000 + b"\nnext\n", 10_000)
    *parts, last = shown.removesuffix("\n").split("\n")
    assert "".join(parts) == "a" * 400_000
    assert max(map(len, parts)) < LONGEST + 10_001
    assert last == "next"


def test_the_middle_of_a_line_without_end_is_left_out_and_said() -> None:
    lines = free(most=200_000)
    shown = fed(lines, b"a" * 300_000 + b"b" * 700_000 + b"c" * 10 + b"\nnext\n", 50_000)
    first, said, last, after = shown.split("\n")[-5:-1]
    assert set(first) <= {"a", "b"}
    assert said.startswith("(")
    assert said.endswith(" of this line are left out)")
    assert last.endswith("bcccccccccc")
    assert len(last) <= LONGEST + 50_000
    assert after == "next"
    assert len(shown) < 400_000


def test_the_next_line_has_its_whole_length_again() -> None:
    lines = free(most=100_000)
    fed(lines, b"a" * 1_000_000 + b"\n", 65_536)
    assert fed(lines, b"b" * 90_000 + b"\n", 65_536).replace("\n", "") == "b" * 90_000


def test_a_line_of_a_gigabyte_takes_little_memory() -> None:
    lines, piece = free(), b"x" * LONGEST
    tracemalloc.start()
    for _ in range(16_384):
        given = lines.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert given == ""
    assert lines.end().startswith("(1.0 GiB of this line are left out)\nxxx")


def test_a_secret_is_never_given_in_two_parts() -> None:
    lines = Lines(Mask(secrets=["correct horse"]), 1 << 20)
    assert lines.feed(b"one\nit is correct\n") == "one\n"
    assert lines.feed(b"horse\n") == f"it is {STARS}\n{STARS}\n"
    assert lines.feed(b"it is correct\n") == ""
    assert lines.feed(b"two\nit is corr") == "it is correct\ntwo\n"
    assert lines.end() == "it is corr\n"


@pytest.mark.parametrize("before", [65_520, 65_530, 65_536, 65_540, 131_070, 10])
def test_a_secret_is_never_cut(before: int) -> None:
    mask = Mask(secrets=["hunter2hunter2"])
    shown = fed(Lines(mask, 1 << 20), b"x" * before + b"hunter2hunter2" + b"y" * 70_000, 4096)
    assert shown.replace("\n", "") == "x" * before + STARS + "y" * 70_000


def test_what_waits_for_a_secret_is_bounded() -> None:
    lines = Lines(Mask(secrets=["hunter2hunter2"]), 1 << 20)
    for _ in range(1_000):
        lines.feed(b"h" + b"\n" * 500)
        assert len(lines._rest) + len(lines._waiting) < 10_000
