"""How work tells what it does: events, reporters that draw them, summary, errors as text; nothing else here prints."""

from __future__ import annotations

import json
import re
from typing import Literal, TextIO

from builder.report.escape import escape, escape_json
from builder.report.reporter import Reporter, Silent

__all__ = [
    "Progress",
    "Reporter",
    "Silent",
    "make_reporter",
    "write_document",
    "write_exactly",
    "write_json",
    "write_text",
]

Progress = Literal["table", "plain", "json", "none"]
_COLOUR = r"(\x1b\[[0-9;]*m)"


def make_reporter(progress: Progress | None, stream: TextIO, *, verbose: bool = False, colour: bool = True) -> Reporter:
    """Return the reporter of that kind; None means a table on a terminal and plain lines elsewhere.

    Only a table has colours, unless ``colour`` says no.
    """
    match progress or ("table" if stream.isatty() else "plain"):
        case "table":
            from builder.report.table import TableReporter  # rich takes 15 ms and more: only where a table is drawn

            return TableReporter(stream, verbose=verbose, colour=colour)
        case "json":
            from builder.report.jsonlines import JsonReporter

            return JsonReporter(stream)
        case "none":
            return Silent()
        case _:
            from builder.report.plain import PlainReporter  # what only reads reports nothing

            return PlainReporter(stream, verbose=verbose)


def write_document(document: object, stream: TextIO) -> None:
    """Write one JSON document, and nothing else, to ``stream``."""
    write_json(json.dumps(document, indent=2, ensure_ascii=False), stream)


def write_json(text: str, stream: TextIO) -> None:
    """Write a document that is JSON already; signs that ``stream`` cannot hold are escaped as JSON has it."""
    if not text.isascii() and text.encode(_encoding(stream), "ignore").decode(_encoding(stream)) != text:
        text = json.dumps(json.loads(text), indent=2)
    write_exactly(escape_json(text), stream)


def write_text(text: str, stream: TextIO) -> None:
    """Write lines for people to ``stream``, without what could steer a terminal or a CI service, but for colours."""
    parts = re.split(_COLOUR, text) if "\x1b" in text else [text]
    write_exactly("".join(part if number % 2 else escape(part) for number, part in enumerate(parts)), stream)


def write_exactly(text: str, stream: TextIO) -> None:
    """Write lines that are what was asked for; what ``stream`` cannot hold (a name that is no text) is escaped."""
    if not text.isascii():
        encoding = _encoding(stream)
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text + "\n")
    stream.flush()


def _encoding(stream: TextIO) -> str:
    return stream.encoding or "utf-8"
