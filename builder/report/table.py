"""Progress as a live table on a terminal: a row for each running task, lines above it for what has ended."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.markup import escape as unmarked
from rich.table import Table

from builder.model.outcome import Ending
from builder.model.task import Phase
from builder.report import events
from builder.report.escape import escape
from builder.report.text import duration, finding_line, size

_COLOURS = {
    Ending.BUILT: "green", Ending.REUSED: "cyan", Ending.STAGED: "green", Ending.FAILED: "bold red",
    Ending.BLOCKED: "yellow", Ending.SKIPPED: "dim",
}  # fmt: skip


@dataclass(slots=True)
class _Running:
    phase: Phase
    since: float
    began: float
    line: str = ""


@dataclass(slots=True)
class _State:
    running: dict[str, _Running] = field(default_factory=dict)
    downloads: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    done: int = 0
    total: int = 0


def _literal(text: str) -> str:
    """Return ``text`` as it may stand in rich's markup: nothing in it is markup, or steers the terminal."""
    return unmarked(escape(text))


class TableReporter:
    """Draws a live table; needs a terminal that can move the cursor."""

    def __init__(self, stream: TextIO, *, verbose: bool = False, colour: bool = True) -> None:
        """Draw on ``stream``, in ``colour`` or not; with ``verbose``, log lines scroll by above the table."""
        self._console = Console(file=stream, highlight=False, no_color=None if colour else True)
        self._verbose = verbose
        self._state = _State()
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=8, transient=True)
        self._live.start()

    def emit(self, event: events.Event) -> None:
        """Change the table; print above it what stays."""
        with self._lock:
            line = self._take(event)
        if line is not None:
            one_line = isinstance(event, events.Finished)
            self._live.console.print(line, soft_wrap=not one_line, no_wrap=one_line, overflow="ellipsis")

    def close(self) -> None:
        """Take the table away; the lines above it stay."""
        self._live.stop()

    def _take(self, event: events.Event) -> str | None:
        state = self._state
        match event:
            case events.Noted(text=text):
                return _literal(text)
            case events.Warned(text=text):
                return f"[yellow]warning:[/] {_literal(text)}"
            case events.Planned(tasks=tasks):
                state.total = len(tasks)
            case events.PhaseStarted(task_id=task_id, phase=phase):
                now = time.monotonic()
                began = state.running[task_id].began if task_id in state.running else now
                state.running[task_id] = _Running(phase=phase, since=now, began=began)
            case events.LogLine(task_id=task_id, line=line):
                return self._log(task_id, line)
            case events.Found(task_id=task_id, finding=finding):
                return f"{_literal(task_id)}: {_literal(finding_line(finding))}"
            case events.Finished():
                return self._finish(event)
            case events.Downloaded(name=name, received=received, size=total):
                self._download(name, received, total)
        return None

    def _log(self, task_id: str, line: str) -> str | None:
        if task_id in self._state.running:
            self._state.running[task_id].line = line
        return f"[dim]{_literal(task_id)} │[/] {_literal(line)}" if self._verbose else None

    def _download(self, name: str, received: int, total: int | None) -> None:
        if received == total:
            self._state.downloads.pop(name, None)
        else:
            self._state.downloads[name] = (received, total)

    def _finish(self, event: events.Finished) -> str:
        outcome = event.outcome
        self._state.running.pop(outcome.task_id, None)
        self._state.done, self._state.total = event.done, event.total
        seconds = duration(sum(timing.seconds for timing in outcome.timings))
        weight = f"  {size(outcome.package.size)}" if outcome.package else ""
        reason = "" if outcome.ending is Ending.BUILT else "  " + "; ".join(outcome.reasons)
        colour = _COLOURS[outcome.ending]
        rest = f"{seconds}{weight}{_literal(reason)}"
        return f"[{colour}]{outcome.ending:>8}[/]  {_literal(outcome.task_id)}  [dim]{rest}[/]"

    def _draw(self) -> Table:
        now = time.monotonic()
        table = Table.grid(padding=(0, 2))
        for _ in range(5):
            table.add_column(no_wrap=True, overflow="ellipsis")
        with self._lock:
            state = self._state
            for task_id, running in state.running.items():
                table.add_row(
                    "", f"[bold]{_literal(task_id)}", str(running.phase), duration(now - running.began),
                    f"[dim]{_literal(running.line)}",
                )  # fmt: skip
            for name, (received, total) in list(state.downloads.items())[:4]:
                share = f"{size(received)} of {size(total)}" if total else size(received)
                table.add_row("", _literal(name), "download", share, "")
            table.add_row("", f"[dim]{state.done} of {state.total} tasks", "", "", "")
        return table
