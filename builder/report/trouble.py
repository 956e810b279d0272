"""Errors as text with a code frame and a remedy, or as the JSON document of the command line contract."""

from __future__ import annotations

from builder.errors import BakehouseError, Place, Problem
from builder.report.escape import escape

_MAX_TOLD = 4000


def error_text(error: BakehouseError, *, colour: bool = False) -> str:
    """Return all problems of an error for people, one after the other."""
    return "\n".join(problem_text(problem, colour=colour) for problem in error.problems)


def problem_text(problem: Problem, *, colour: bool = False) -> str:
    """Return one problem: place, message, code frame with a caret, remedy."""
    red, bold, dim, off = ("\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "", "")
    where = f"{bold}{escape(str(problem.place))}{off}: " if problem.place else ""
    lines = [f"{where}{red}error{off}: {escape(_told(problem.message))}"]
    if problem.place and problem.place.frame is not None:
        lines += [f"{dim}{line}{off}" for line in frame_lines(problem.place)]
    if problem.remedy:
        lines.append(f"  → {escape(problem.remedy)}")
    return "\n".join(lines)


def warning_text(problem: Problem) -> str:
    """Return one line for something that works, but not as it seems meant."""
    remedy = f" ({problem.remedy})" if problem.remedy else ""
    return escape(f"warning: {_told(str(problem))}{remedy}")


def _told(message: str) -> str:
    """Return a message without its middle where it is longer than anybody reads: some quote what a recipe holds."""
    return message if len(message) <= _MAX_TOLD else f"{message[: _MAX_TOLD // 2]} … {message[-_MAX_TOLD // 2 :]}"


def frame_lines(place: Place) -> list[str]:
    """Return the line of a place with its number, and a caret below the column."""
    text = escape((place.frame or "").expandtabs(1))
    shown = text if len(text) <= 160 else text[:159] + "…"
    gutter = f"{place.line or '':>5} │ "
    lines = [gutter + shown]
    if place.column is not None and place.column <= len(shown) + 1:
        lines.append(" " * 5 + " │ " + " " * (place.column - 1) + "^")
    return lines


def error_document(error: BakehouseError) -> dict[str, object]:
    """Return what ``--json`` prints on failure: ``{"errors": [{code, message, file, line, column, remedy}]}``."""
    return {"errors": [problem_document(problem) for problem in error.problems]}


def problem_document(problem: Problem) -> dict[str, object]:
    """Return one problem as plain data; absent parts are null."""
    place = problem.place
    return {
        "code": problem.code,
        "message": _told(problem.message),
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "remedy": problem.remedy,
    }
