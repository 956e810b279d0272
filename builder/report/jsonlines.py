"""Progress as JSON lines, for machines: one object an event, ``event`` names it."""

from __future__ import annotations

import json
import re
import threading
from typing import TextIO

from builder.model.outcome import Outcome
from builder.report import events
from builder.report.escape import escape_json


class JsonReporter:
    """Writes one JSON object for each event."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._lock = threading.Lock()

    def emit(self, event: events.Event) -> None:
        """Write the event as one line."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
        line = json.dumps({"event": name, **_fields(event)}, ensure_ascii=False)
        with self._lock:
            self._stream.write(escape_json(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Flush the stream."""
        self._stream.flush()


def _fields(event: events.Event) -> dict[str, object]:
    match event:
        case events.Noted(text=text) | events.Warned(text=text):
            return {"text": text}
        case events.Planned(tasks=tasks):
            return {
                "tasks": [{"id": task.id, "state": task.state, "reason": "; ".join(task.reasons)} for task in tasks]
            }
        case events.PhaseStarted(task_id=task_id, phase=phase):
            return {"task": task_id, "phase": phase}
        case events.LogLine(task_id=task_id, line=line):
            return {"task": task_id, "line": line}
        case events.Found(task_id=task_id, finding=finding):
            return {
                "task": task_id, "check": finding.check, "severity": finding.severity, "path": finding.path,
                "message": finding.message, "remedy": finding.remedy,
            }  # fmt: skip
        case events.Finished(outcome=outcome, done=done, total=total):
            return {**outcome_fields(outcome), "done": done, "total": total}
        case events.Downloaded(name=name, received=received, size=total):
            return {"name": name, "received": received, "size": total}


def outcome_fields(outcome: Outcome) -> dict[str, object]:
    """Return what a task's end says to a machine; part of ``build --json`` too."""
    return {
        "task": outcome.task_id,
        "ending": outcome.ending,
        "package": outcome.file_name,
        "reasons": list(outcome.reasons),
        "errors": [problem.message for problem in outcome.problems],
        "seconds": round(sum(timing.seconds for timing in outcome.timings), 3),
    }
