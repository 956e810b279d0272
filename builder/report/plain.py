"""Progress as plain lines, for logs of continuous integration: one line an event, each with its task."""

from __future__ import annotations

import threading
from typing import TextIO

from builder.model.outcome import Ending
from builder.report import events
from builder.report.escape import escape
from builder.report.text import duration, finding_line, size


class PlainReporter:
    """Writes one line for each event; log lines only when ``verbose``."""

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._verbose = verbose
        self._lock = threading.Lock()

    def emit(self, event: events.Event) -> None:
        """Write the event's line, if it has one."""
        line = self._line(event)
        if line is None:
            return
        with self._lock:
            self._stream.write(escape(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def _line(self, event: events.Event) -> str | None:
        match event:
            case events.Noted(text=text):
                return text
            case events.Warned(text=text):
                return f"warning: {text}"
            case events.Planned(tasks=tasks):
                return f"{len(tasks)} task{'s' if len(tasks) != 1 else ''} planned"
            case events.PhaseStarted(task_id=task_id, phase=phase):
                return f"{task_id}: {phase}"
            case events.LogLine(task_id=task_id, line=line):
                return f"{task_id} │ {line}" if self._verbose else None
            case events.Found(task_id=task_id, finding=finding):
                return f"{task_id}: {finding_line(finding)}"
            case events.Finished():
                return _finished(event)
            case events.Downloaded(name=name, received=received, size=total):
                return f"fetched {name} ({size(received)})" if received == total else None


def _finished(event: events.Finished) -> str:
    outcome = event.outcome
    seconds = sum(timing.seconds for timing in outcome.timings)
    parts = [f"[{event.done}/{event.total}] {outcome.task_id}: {outcome.ending}"]
    if outcome.ending is Ending.BUILT and outcome.package is not None:
        parts.append(f"{size(outcome.package.size)} in {duration(seconds)}")
    elif outcome.reasons:
        parts.append("; ".join(outcome.reasons))
    return " ".join([parts[0], *(f"({part})" for part in parts[1:])])
