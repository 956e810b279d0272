"""Sizes, times, findings and log lines as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.report.text import duration, escape, finding_line, size
from tests.report.values import NOTE, WARNING


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1536, "1.5 KiB"), (10 * 1024, "10 KiB"), (84 * 1024 * 1024, "84 MiB"), (5 << 40, "5120 GiB")],
)  # fmt: skip
def test_size(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3600, "1 h 00 min"), (3725, "1 h 02 min")],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_finding_line_says_all_parts() -> None:
    assert finding_line(WARNING) == "warning [linkage] lib/libz.so.1: libm.so.6 is not used (drop it)"
    assert finding_line(NOTE) == "note [prefix] a note that only verbose runs show"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://example.org\x1b\\link", "link"),
        ("a\x08\x08b\x00c\rd", "abcd"),
        ("tab\tstays", "tab\tstays"),
        ("##vso[task.setvariable]x", "## vso[task.setvariable]x"),
        ("::set-output name=x::y", ": :set-output name=x::y"),
        ("  ::error file=x::y", "  : :error file=x::y"),
        ("in the middle ##[group]x", "in the middle ## [group]x"),
        ("two\n::error::lines", "two\n: :error::lines"),
        ("## a heading", "## a heading"),
        ("std::vector<int>", "std::vector<int>"),
        ("a ::std::vector", "a ::std::vector"),
    ],
)
def test_escape(line: str, clean: str) -> None:
    assert escape(line) == clean


@given(st.text())
def test_nothing_that_steers_a_terminal_survives(line: str) -> None:
    assert not set(escape(line)) & {chr(code) for code in range(32) if chr(code) not in "\t\n"} | set()


@given(st.lists(st.sampled_from(["##", "[", "vso[", "::", "error", " ", "\n", "\x1b[0m", "\x07", "x"])).map("".join))
def test_no_command_of_a_ci_service_survives(line: str) -> None:
    clean = escape(line)
    assert "##[" not in clean
    assert "##vso[" not in clean
    assert not [one for one in clean.split("\n") if one.lstrip().startswith("::error:")]
