"""Progress as JSON lines."""

from __future__ import annotations

import io
import json

from builder.model.task import Phase
from builder.report import events
from builder.report.jsonlines import JsonReporter
from tests.report.values import WARNING, built, failed, task

EVERY_EVENT: tuple[events.Event, ...] = (
    events.Noted(text="ü"),
    events.Warned(text="w"),
    events.Planned(tasks=(task("a"),)),
    events.PhaseStarted(task_id="t", phase=Phase.PACK),
    events.LogLine(task_id="t", line="a\nb"),
    events.Found(task_id="t", finding=WARNING),
    events.Finished(outcome=built(), done=1, total=2),
    events.Finished(outcome=failed(), done=2, total=2),
    events.Downloaded(name="n", received=1, size=None),
)


def written() -> list[dict[str, object]]:
    stream = io.StringIO()
    reporter = JsonReporter(stream)
    for event in EVERY_EVENT:
        reporter.emit(event)
    reporter.close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_event_is_one_named_object() -> None:
    assert [line["event"] for line in written()] == [
        "noted", "warned", "planned", "phase-started", "log-line", "found", "finished", "finished", "downloaded",
    ]  # fmt: skip


def test_fields_are_plain_words_and_numbers() -> None:
    lines = written()
    assert lines[0]["text"] == "ü"
    assert lines[2]["tasks"] == [
        {"id": "linux-64/a-1.0-hb0f4dca_0", "state": "build", "reason": "not in the channel yet"}
    ]
    assert lines[3] == {"event": "phase-started", "task": "t", "phase": "pack"}
    assert lines[5]["severity"] == "warning"
    assert lines[6]["ending"] == "built"
    assert lines[6]["seconds"] == 2.51
    assert lines[7]["errors"] == ["build.sh ended with exit code 2"]
    assert lines[8] == {"event": "downloaded", "name": "n", "received": 1, "size": None}
