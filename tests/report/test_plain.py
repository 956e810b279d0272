"""Progress as plain lines."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from builder.model.outcome import Ending
from builder.model.task import Phase
from builder.report import events
from builder.report.plain import PlainReporter
from tests.report.values import WARNING, built, failed, task


def lines(*happened: events.Event, verbose: bool = False) -> list[str]:
    stream = io.StringIO()
    reporter = PlainReporter(stream, verbose=verbose)
    for event in happened:
        reporter.emit(event)
    reporter.close()
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Noted(text="hello"), "hello"),
        (events.Warned(text="careful"), "warning: careful"),
        (events.Planned(tasks=(task("a"),)), "1 task planned"),
        (events.Planned(tasks=(task("a"), task("b"))), "2 tasks planned"),
        (events.PhaseStarted(task_id="t", phase=Phase.SCRIPT), "t: script"),
        (events.Found(task_id="t", finding=WARNING), "t: warning [linkage] lib/libz.so.1: libm.so.6 is not used (drop it)"),
        (events.Downloaded(name="x.deb", received=2048, size=2048), "fetched x.deb (2.0 KiB)"),
    ],
)  # fmt: skip
def test_one_line_an_event(event: events.Event, line: str) -> None:
    assert lines(event) == [line]


def test_the_end_of_a_built_task_says_size_and_time() -> None:
    event = events.Finished(outcome=built(), done=3, total=7)
    assert lines(event) == ["[3/7] linux-64/zlib-1.0-hb0f4dca_0: built (121 KiB in 2.5 s)"]


def test_the_end_of_a_reused_task_says_why() -> None:
    outcome = replace(built(), ending=Ending.REUSED, reasons=("its recipe key is in the channel",))
    assert lines(events.Finished(outcome=outcome, done=1, total=1))[0].endswith(
        "reused (its recipe key is in the channel)"
    )


def test_the_end_of_a_failed_task_is_told() -> None:
    assert lines(events.Finished(outcome=failed(), done=1, total=2)) == ["[1/2] linux-64/zlib-1.0-hb0f4dca_0: failed"]


def test_log_lines_only_when_verbose_and_without_control_characters() -> None:
    event = events.LogLine(task_id="t", line="\x1b[1mgcc\x1b[0m -c")
    assert lines(event) == []
    assert lines(event, verbose=True) == ["t │ gcc -c"]


def test_downloads_in_progress_are_not_lines() -> None:
    assert (
        lines(events.Downloaded(name="x", received=1, size=2), events.Downloaded(name="x", received=1, size=None)) == []
    )
