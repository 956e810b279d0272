"""The live table, drawn on a terminal that is a text buffer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from builder.model.task import Phase
from builder.report import events
from builder.report.table import TableReporter
from tests.report.values import WARNING, built, failed, task


class Terminal(io.StringIO):
    """A buffer that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def table(*, verbose: bool = False) -> Iterator[tuple[TableReporter, Terminal]]:
    terminal = Terminal()
    reporter = TableReporter(terminal, verbose=verbose)
    try:
        yield reporter, terminal
    finally:
        reporter.close()


def drawn(reporter: TableReporter) -> str:
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as capture:
        console.print(reporter._draw())
    return capture.get()


def test_a_running_task_has_a_row_with_phase_and_last_line() -> None:
    with table() as (reporter, _):
        reporter.emit(events.Planned(tasks=(task("zlib"), task("zstd"))))
        reporter.emit(events.PhaseStarted(task_id="linux-64/zlib", phase=Phase.SCRIPT))
        reporter.emit(events.LogLine(task_id="linux-64/zlib", line="\x1b[32mcc [markup] -c"))
        text = drawn(reporter)
    assert "linux-64/zlib" in text
    assert "script" in text
    assert "cc [markup] -c" in text
    assert "0 of 2 tasks" in text


def test_an_ended_task_leaves_the_table_and_a_line() -> None:
    with table() as (reporter, terminal):
        reporter.emit(events.PhaseStarted(task_id=built().task_id, phase=Phase.PACK))
        reporter.emit(events.Finished(outcome=built(), done=1, total=2))
        assert built().task_id not in drawn(reporter)
        assert "1 of 2 tasks" in drawn(reporter)
    assert "linux-64/zlib-1.0-hb0f4dca_0" in terminal.getvalue()
    assert "121 KiB" in terminal.getvalue()


def test_downloads_are_rows_until_they_are_there() -> None:
    with table() as (reporter, _):
        reporter.emit(events.Downloaded(name="gcc.deb", received=1024, size=4096))
        assert "1.0 KiB of 4.0 KiB" in drawn(reporter)
        reporter.emit(events.Downloaded(name="gcc.deb", received=4096, size=4096))
        assert "gcc.deb" not in drawn(reporter)


def test_notes_warnings_findings_and_failures_stay_above_the_table() -> None:
    with table() as (reporter, terminal):
        reporter.emit(events.Noted(text="a [bracketed] note"))
        reporter.emit(events.Warned(text="careful"))
        reporter.emit(events.Found(task_id="t", finding=WARNING))
        reporter.emit(events.Finished(outcome=failed(), done=1, total=1))
    shown = terminal.getvalue()
    for words in ("a [bracketed] note", "careful", "libm.so.6 is not used", "failed"):
        assert words in shown


def test_log_lines_scroll_only_when_verbose() -> None:
    for verbose, expected in ((False, False), (True, True)):
        with table(verbose=verbose) as (reporter, terminal):
            reporter.emit(events.LogLine(task_id="t", line="compiling"))
        assert ("compiling" in terminal.getvalue()) is expected
