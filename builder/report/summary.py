"""The summary that ends a build: each package, its dependencies and their origin, findings, time per phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from builder.model.environment import RunDependency
from builder.model.finding import Finding, Severity
from builder.model.outcome import Ending, Outcome
from builder.model.task import Phase, Plan
from builder.report.matrix import matrix
from builder.report.text import duration, finding_line, size
from builder.report.trouble import problem_text

NOTHING = Plan(tasks=())
"""The plan of a run of which only the ends are known."""


def build_summary(outcomes: Sequence[Outcome], *, channel: str, seconds: float, plan: Plan = NOTHING) -> str:
    """Return the whole summary as text; ``seconds`` is the run's wall time, ``channel`` where the packages lie.

    ``plan`` is what the outcomes are the ends of; outputs of it with more than one variant are shown as a matrix.
    """
    lines: list[str] = []
    for outcome in outcomes:
        if outcome.ending is Ending.BUILT:
            lines += _package(outcome)
    for outcome in outcomes:
        if not outcome.good:
            lines += _trouble(outcome)
    reused = [outcome for outcome in outcomes if outcome.ending is Ending.REUSED]
    lines += _reused(reused)
    table = matrix(plan, outcomes)
    lines += ["", *table, ""] if table else []
    lines += _phases(outcomes)
    lines.append(_totals(outcomes, channel, seconds))
    return "\n".join(lines)


def _package(outcome: Outcome) -> Iterator[str]:
    package = outcome.package
    assert package is not None
    ran = [test for test in outcome.tests if not test.skipped]
    tests = f"  {sum(test.passed for test in ran)} of {len(ran)} tests passed" if ran else "  no tests"
    twice = "  the same when built twice" if outcome.reproducible else ""
    yield f"{package.subdir}/{package.file_name}  {size(package.size)}{tests}{twice}"
    for test in outcome.tests:
        if test.skipped:
            yield f"    {test.what}: {test.tail.splitlines()[0]}"
    if outcome.environments is not None:
        yield from _dependencies("depends", outcome.environments.depends)
        yield from _dependencies("constrains", outcome.environments.constrains)
    worth = [finding for finding in outcome.findings if finding.severity is not Severity.NOTE]
    yield from (f"    {line}" for line in folded(worth))


def folded(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield one line for all that one check says with one remedy: the first of them, and how many more there are."""
    alike: dict[tuple[str, str, str | None], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.check, finding.severity, finding.remedy), []).append(finding)
    for first, *more in alike.values():
        yield f"{finding_line(first)}{f' (and {len(more)} more of the kind)' if more else ''}"


def _dependencies(title: str, dependencies: Iterable[RunDependency]) -> Iterator[str]:
    for dependency in dependencies:
        source = f" {dependency.source}" if dependency.source else ""
        yield f"    {title} {dependency.spec}  [{dependency.origin}{source}]"


def _trouble(outcome: Outcome) -> Iterator[str]:
    if outcome.ending is Ending.BLOCKED:
        yield f"{outcome.task_id}: {'; '.join(outcome.reasons)}"
        return
    yield f"{outcome.task_id}: {outcome.ending}"
    for problem in outcome.problems:
        yield from ("    " + line for line in problem_text(problem).splitlines())
    for test in outcome.tests:
        if not test.passed:
            yield f"    {test.what}: failed" + (f", log in {test.log}" if test.log else "")


def _reused(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if len(outcomes) <= 24:
        for outcome in outcomes:
            yield f"{outcome.task_id}: reused ({'; '.join(outcome.reasons)})"
    else:
        yield f"{len(outcomes)} packages reused"


def _phases(outcomes: Iterable[Outcome]) -> Iterator[str]:
    spent = dict.fromkeys(Phase, 0.0)
    for outcome in outcomes:
        for timing in outcome.timings:
            spent[timing.phase] += timing.seconds
    shown = [f"{phase} {duration(seconds)}" for phase, seconds in spent.items() if seconds >= 0.05]
    if shown:
        yield "time per phase: " + ", ".join(shown)


def _totals(outcomes: Sequence[Outcome], channel: str, seconds: float) -> str:
    counts = {ending: sum(outcome.ending is ending for outcome in outcomes) for ending in Ending}
    parts = [f"{count} {ending}" for ending, count in counts.items() if count]
    weight = sum(outcome.package.size for outcome in outcomes if outcome.package and outcome.ending is Ending.BUILT)
    built = f" ({size(weight)})" if weight else ""
    return f"{', '.join(parts) or 'nothing to do'}{built} in {duration(seconds)}; channel: {channel}"
