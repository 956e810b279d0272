"""Answers through a pipe, whole and in pieces, cut off and never finished."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Thread
from time import sleep

import pytest

from builder.source.git.answers import Answers


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_lines_and_what_follows_them(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"one blob 4\nbody\ntwo missing\n")
    answers = Answers(pipe[0])
    assert answers.line(256) == b"one blob 4\n"
    assert answers.some(4) == b"body"
    assert answers.some(1) == b"\n"
    assert answers.line(256) == b"two missing\n"


def test_a_line_that_comes_in_pieces(pipe: tuple[int, int]) -> None:
    def say() -> None:
        for piece in (b"on", b"e\ntw", b"o\n"):
            sleep(0.02)
            os.write(pipe[1], piece)

    thread = Thread(target=say)
    thread.start()
    answers = Answers(pipe[0])
    assert [answers.line(256), answers.line(256)] == [b"one\n", b"two\n"]
    thread.join()


def test_a_line_without_an_end_is_cut(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x" * 100)
    answers = Answers(pipe[0], 0.01)
    assert answers.line(30) == b"x" * 30
    assert answers.line(256) == b"x" * 70


def test_the_end_is_nothing(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"half")
    os.close(pipe[1])
    answers = Answers(pipe[0])
    assert answers.some(10) == b"half"
    assert answers.some(10) == b""
    assert answers.line(10) == b""


def test_silence_is_the_end_too(pipe: tuple[int, int]) -> None:
    """Found by `make fuzz`: git had announced 900 bytes, said fewer, and waited for the next question."""
    os.write(pipe[1], b"id blob 900\nless")
    answers = Answers(pipe[0], 0.05)
    assert answers.line(256) == b"id blob 900\n"
    assert answers.some(900) == b"less"
    assert answers.some(896) == b""
