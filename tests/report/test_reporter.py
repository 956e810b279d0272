"""Which reporter is made for which terminal, and that each takes every event."""

from __future__ import annotations

import io
import json

import pytest

from builder.report import Progress, Silent, make_reporter, write_document, write_text
from builder.report.jsonlines import JsonReporter
from builder.report.plain import PlainReporter
from builder.report.table import TableReporter
from tests.report.test_jsonlines import EVERY_EVENT
from tests.report.test_table import Terminal


def test_a_terminal_gets_a_table_and_a_file_gets_lines() -> None:
    reporter = make_reporter(None, Terminal())
    reporter.close()
    assert isinstance(reporter, TableReporter)
    assert isinstance(make_reporter(None, io.StringIO()), PlainReporter)


@pytest.mark.parametrize(
    ("progress", "kind"), [("json", JsonReporter), ("plain", PlainReporter), ("none", Silent), ("table", TableReporter)]
)
def test_a_kind_can_be_asked_for_and_takes_every_event(progress: Progress, kind: type) -> None:
    reporter = make_reporter(progress, io.StringIO())
    assert isinstance(reporter, kind)
    for event in EVERY_EVENT:
        reporter.emit(event)
    reporter.close()


def test_a_document_is_json_and_nothing_else() -> None:
    stream = io.StringIO()
    write_document({"ü": [1]}, stream)
    assert json.loads(stream.getvalue()) == {"ü": [1]}
    assert "ü" in stream.getvalue()


def test_text_ends_with_one_line_end() -> None:
    stream = io.StringIO()
    write_text("a\nb", stream)
    assert stream.getvalue() == "a\nb\n"
