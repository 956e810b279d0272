"""The table of all ids: what is expected of hostile input, and how it ended; for scripts, on each back end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.adversarial.attack import Attack
from tests.adversarial.trial import BACK_ENDS, PLACES

_PROPERTY = "row"


GROUPS = {
    "A": "hostile recipes",
    "B": "hostile variant files",
    "C": "hostile sources",
    "D": "hostile packages",
    "E": "hostile channels",
}
"""What the ids of inputs begin with. Scripts (G) have a table of their own, with a column for each back end."""


@dataclass(slots=True)
class Row:
    """One id: how many inputs were tried, and how they ended, in each column ("" for inputs, which have but one).

    ``seconds`` of CPU time and ``memory`` in bytes are the most that one of its inputs took.
    """

    expectation: str
    inputs: int = 0
    seconds: float = 0.0
    memory: int = 0
    ends: dict[str, list[str]] = field(default_factory=dict)

    def end(self, column: str) -> str:
        """The ends of all tests of the id in that column, each once; a bad one alone."""
        ends = self.ends.get(column, ["-"])
        return next((bad for bad in _BAD if bad in ends), ", ".join(dict.fromkeys(ends)))


Said = tuple[str, str, str, int, str, bool, float, int]
"""What a test says: its id, what is expected, how it ends, inputs, column, whether one escaped, seconds, bytes."""

_ESCAPED, _UNEXPECTED, _NOT_TRIED = _BAD = ("ESCAPED", "NOT AS EXPECTED", "NOT TRIED")


class Table:
    """Collects the rows from reports, which come from other processes when tests run in several."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test says of its id."""
        for name, value in report.user_properties:
            if name == _PROPERTY and (report.when == "call" or report.failed):
                self._take(report, *cast("Said", value))

    def _take(self, report: pytest.TestReport, *said: *Said) -> None:
        identity, expectation, end, inputs, column, escaped, seconds, memory = said
        row = self._rows.setdefault(identity, Row(expectation))
        row.inputs += inputs
        row.seconds, row.memory = max(row.seconds, seconds), max(row.memory, memory)
        if not report.passed:
            tried = _ESCAPED if escaped or column else _UNEXPECTED
            end = tried if report.when == "call" else _NOT_TRIED
        row.ends.setdefault(column, []).append(end)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tables."""
        for title, lines in self.tables():
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)

    def tables(self) -> Iterator[tuple[str, list[str]]]:
        """The title and the lines of each table that has rows."""
        rows = dict(sorted(self._rows.items(), key=lambda item: (item[0][0], int(item[0][1:]))))
        inputs = {identity: row for identity, row in rows.items() if identity[0] in GROUPS}
        for group, title in GROUPS.items():
            if found := {identity: row for identity, row in inputs.items() if identity[0] == group}:
                yield title, list(_of_inputs(found))
        if inputs:
            yield "all hostile inputs", [_counts(inputs)]
        if scripts := {identity: row for identity, row in rows.items() if identity not in inputs}:
            yield "hostile scripts", list(_of_scripts(scripts))


def note(item: pytest.Item, attack: Attack | None) -> None:
    """Let the reports of a test of an id say what it belongs to, and what became of its inputs."""
    marker = item.get_closest_marker("row")
    if marker is None:
        return
    item.user_properties[:] = [one for one in item.user_properties if one[0] != _PROPERTY]
    inputs, escaped, *took = (
        (attack.inputs, attack.escaped, attack.slowest, attack.largest) if attack else (0, False, 0.0, 0)
    )
    item.user_properties.append((_PROPERTY, [*marker.args, inputs, _column(item), escaped, *took]))


def _column(item: pytest.Item) -> str:
    """Back end and place of a test of a script, from what it is parametrised with."""
    marker = item.get_closest_marker("row")
    callspec = getattr(item, "callspec", None)
    if callspec is None or marker is None or marker.args[0][0] in GROUPS:
        return ""
    values = callspec.params.values()
    return " ".join(word for words in (BACK_ENDS, PLACES) for word in words if word in values)


def _of_inputs(rows: dict[str, Row]) -> Iterator[str]:
    width = max(len("expected"), *(len(row.expectation) for row in rows.values()))
    yield f"{'id':4}  {'inputs':>6}  {'CPU s':>5}  {'MiB':>4}  {'expected':{width}}  what happened"
    for identity, row in rows.items():
        cost = f"{row.seconds:5.2f}  {row.memory >> 20:>4}" if row.memory else f"{'-':>5}  {'-':>4}"
        yield f"{identity:4}  {row.inputs:>6}  {cost}  {row.expectation:{width}}  {row.end('')}"


def _counts(rows: dict[str, Row]) -> str:
    """How many ids ended in each way; one that ended in two counts twice."""
    ends = [end for row in rows.values() for end in row.end("").split(", ")]
    fine = [
        f"{ends.count(end)} {end}" for end in sorted(set(ends) - set(_BAD), key=lambda end: (-ends.count(end), end))
    ]
    bad = [f"{ends.count(_ESCAPED)} escaped"]
    bad += [f"{ends.count(end)} {end.lower()}" for end in (_UNEXPECTED, _NOT_TRIED) if end in ends]
    inputs = sum(row.inputs for row in rows.values())
    return f"{len(rows)} ids, {inputs:,} inputs: {', '.join([*fine, *bad])}"


def _of_scripts(rows: dict[str, Row]) -> Iterator[str]:
    columns = [f"{back_end} {place}" for back_end in BACK_ENDS for place in PLACES]
    width = max(len("expected"), *(len(row.expectation) for row in rows.values()))
    yield f"{'id':4}  {'expected':{width}}  " + "  ".join(columns)
    for identity, row in rows.items():
        cells = (f"{row.end(column):{len(column)}}" for column in columns)
        yield f"{identity:4}  {row.expectation:{width}}  {'  '.join(cells)}".rstrip()
    ends = [row.end(column) for row in rows.values() for column in row.ends]
    counts = f"{ends.count('contained')} contained, {ends.count(_ESCAPED)} escaped, {ends.count(_NOT_TRIED)} not tried"
    yield f"{len(rows)} ids on {' and '.join(BACK_ENDS)}: {counts}"
