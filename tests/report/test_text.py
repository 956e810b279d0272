"""Sizes, times and findings as text."""

from __future__ import annotations

import pytest

from builder.report.text import duration, finding_line, size
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
