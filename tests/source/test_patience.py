from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.source.patience import PATIENT, Pace, Patience, oddities

IMPATIENT = Patience(window=10.0, slowest=100, whole=35.0)


def test_who_sends_fast_enough_is_heard_to_the_end() -> None:
    pace = Pace(IMPATIENT, 0.0)
    assert [pace.trouble(second, 1000 * second) for second in range(35)] == [None] * 35


def test_who_sends_too_little_is_given_up_at_the_end_of_a_window() -> None:
    pace = Pace(IMPATIENT, 100.0)
    assert [pace.trouble(100.0 + second, second) for second in range(10)] == [None] * 10
    assert pace.trouble(110.0, 10) == "only 10 B came within 10 s"


def test_what_came_before_does_not_excuse_a_slow_window() -> None:
    pace = Pace(IMPATIENT, 0.0)
    assert pace.trouble(10.0, 1 << 30) is None
    assert pace.trouble(20.5, (1 << 30) + 100) == "only 100 B came within 10 s"


def test_nobody_is_heard_for_ever() -> None:
    pace = Pace(IMPATIENT, 0.0)
    assert pace.trouble(35.5, 1 << 20) == "it was not at its end after 35 s, with 1.0 MiB"


@given(st.lists(st.tuples(st.floats(0.001, 30), st.integers(0, 1 << 20)), max_size=50))
def test_whatever_comes_patience_ends(pieces: list[tuple[float, int]]) -> None:
    """However bytes come, nobody waits longer than the limit, nor longer than a window for less than the slowest."""
    pace, now, done = Pace(IMPATIENT, 0.0), 0.0, 0
    marks = [(0.0, 0)]
    for pause, came in pieces:
        now, done = now + pause, done + came
        if pace.trouble(now, done) is not None:
            return
        marks.append((now, done))
    assert now <= IMPATIENT.whole
    for since, before in marks[:-1]:
        if now - since >= 3 * IMPATIENT.window:
            assert done - before >= IMPATIENT.slowest * IMPATIENT.window * 0.5


def test_usual_patience_bears_a_slow_line_and_large_files() -> None:
    pace = Pace(PATIENT, 0.0)
    assert pace.trouble(61.0, 2_000_000) is None
    assert PATIENT.largest > 20 << 30


@pytest.mark.parametrize(
    "head",
    [
        b"<html><head><title> Not\xc3\xa9 found </title>",
        b"\n <!DOCTYPE html>\n<html lang=en><TITLE id=1>Not\xc3\xa9 found</TITLE>",
        b"<!-- hello --><html><title>Not\xc3\xa9 found</title>",
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC ><title>Not\xc3\xa9 found</title>',
    ],
)
def test_a_page_is_told_with_its_title(head: bytes) -> None:
    assert oddities({"content-length": "1"}, head) == ('it is a page of HTML ("Noté found"), not a file',)


@pytest.mark.parametrize("head", [b"", b"\x1f\x8b", b"<?xml version='1.0'?><svg>", b"< html", b"PK\x03\x04<html>"])
def test_files_are_no_pages(head: bytes) -> None:
    assert oddities({"content-length": "1"}, head) == ()


def test_an_encoding_and_a_missing_length_are_told() -> None:
    found = oddities({"content-encoding": "GZIP"}, b"")
    assert found[0] == "the server encoded it as gzip, which nobody asked for"
    assert "did not say how long it is" in found[1]
    assert oddities({"content-encoding": "identity", "transfer-encoding": "Chunked"}, b"") == ()


@given(st.binary(max_size=300))
def test_any_beginning(head: bytes) -> None:
    for hint in oddities({"content-length": "1"}, head):
        assert hint.startswith("it is a page of HTML")
