"""The summary of a build in Markdown, for a CI service's page or a comment: a table of packages, then the details.

Whatever recipes and scripts say stands in ``<code>`` with its signs as entities, so that none of it is Markdown, HTML,
a link or a mention of somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from builder.model.finding import Finding, Severity
from builder.model.outcome import Ending, Outcome
from builder.model.task import Phase, Plan
from builder.report.escape import escape
from builder.report.matrix import matrix
from builder.report.summary import folded
from builder.report.text import duration, size
from builder.report.trouble import problem_text

_SPECIAL = frozenset("&<>|*[]`\\")
_MARKS = {Ending.BUILT: "✔", Ending.REUSED: "✔", Ending.STAGED: "✔", Ending.FAILED: "✘", Ending.BLOCKED: "✘"}


def markdown_summary(plan: Plan, outcomes: Sequence[Outcome], *, channel: str, seconds: float) -> str:
    """Return the summary of the ends of ``plan``; ``seconds`` is the run's wall time, ``channel`` the output."""
    counts = {ending: sum(outcome.ending is ending for outcome in outcomes) for ending in Ending}
    totals = ", ".join(f"{count} {ending}" for ending, count in counts.items() if count) or "nothing to do"
    lines = [f"### bakehouse: {totals} in {duration(seconds)}", ""]
    if outcomes:
        lines += _table(("", "package", "end", "size", "tests", "findings", "time"), map(_row, outcomes))
        lines.append("")
    lines += [f"Channel: {_code(channel)}", ""]
    lines += _trouble(outcomes)
    lines += _findings(outcomes)
    lines += _details("Variants", _preformatted(matrix(plan, outcomes)))
    lines += _details("Dependencies", _dependencies(outcomes))
    lines += _details("Time per phase", _phases(outcomes))
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> tuple[str, ...]:
    package = outcome.package if outcome.ending is Ending.BUILT else None
    subdir = outcome.task_id.partition("/")[0]
    name = f"{subdir}/{outcome.file_name}" if outcome.file_name else outcome.task_id
    spent = sum(timing.seconds for timing in outcome.timings)
    return (
        _MARKS.get(outcome.ending, ""),
        _code(name),
        str(outcome.ending),
        size(package.size) if package else "",
        _tests(outcome),
        _counted(outcome.findings),
        duration(spent) if outcome.timings else "",
    )


def _tests(outcome: Outcome) -> str:
    ran = [test for test in outcome.tests if not test.skipped]
    return f"{sum(test.passed for test in ran)} of {len(ran)} passed" if ran else ""


def _counted(findings: Iterable[Finding]) -> str:
    found = [finding.severity for finding in findings]
    counts = {severity: found.count(severity) for severity in (Severity.ERROR, Severity.WARNING)}
    return ", ".join(f"{count} {severity}{'s' * (count > 1)}" for severity, count in counts.items() if count)


def _trouble(outcomes: Iterable[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.good:
            continue
        yield f"#### {_code(outcome.task_id)}: {outcome.ending}"
        yield ""
        said = [line for problem in outcome.problems for line in problem_text(problem).splitlines()]
        yield from _preformatted(said or outcome.reasons)
        yield ""


def _findings(outcomes: Iterable[Outcome]) -> Iterator[str]:
    lines = [
        f"- {_code(outcome.task_id)}: {_code(line)}"
        for outcome in outcomes
        for line in folded(one for one in outcome.findings if one.severity is not Severity.NOTE)
    ]
    yield from _details("Findings", lines)


def _dependencies(outcomes: Iterable[Outcome]) -> Iterator[str]:
    rows = [
        (_code(outcome.task_id), _code(one.spec), _code(f"{one.origin} {one.source}".rstrip()))
        for outcome in outcomes
        if outcome.environments is not None and outcome.ending is Ending.BUILT
        for one in outcome.environments.depends
    ]
    if rows:
        yield from _table(("package", "depends on", "because of"), rows)


def _phases(outcomes: Iterable[Outcome]) -> Iterator[str]:
    spent = dict.fromkeys(Phase, 0.0)
    for outcome in outcomes:
        for timing in outcome.timings:
            spent[timing.phase] += timing.seconds
    rows = [(str(phase), duration(seconds)) for phase, seconds in spent.items() if seconds >= 0.05]
    if rows:
        yield from _table(("phase", "time"), rows)


def _details(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield ``lines`` folded under ``title``; nothing when there are none."""
    if inside := list(lines):
        yield from (f"<details><summary>{title}</summary>", "", *inside, "", "</details>", "")


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (heading, ["---"] * len(heading), *rows):
        yield f"| {' | '.join(row)} |"


def _preformatted(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines that keep their blanks; an empty line would end the HTML around them."""
    if shown := [_entities(line) or "&#32;" for line in lines]:
        yield "<pre>"
        yield from shown
        yield "</pre>"


def _code(text: str) -> str:
    return f"<code>{_entities(' '.join(text.split()))}</code>"


def _entities(text: str) -> str:
    return "".join(f"&#{ord(sign)};" if sign in _SPECIAL else sign for sign in escape(text))
