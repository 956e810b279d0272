"""Finds packages that solvers cannot tell apart, so that chance would choose, and says so as findings of a build."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.archive import read_package
from builder.channel.channel import Channel
from builder.errors import BakehouseError
from builder.model.finding import Finding, Severity
from builder.model.name import stem_of
from builder.model.outcome import Outcome
from builder.model.task import Plan

CHECK = "choice"

_SEEN = ("name", "version", "build_number", "track_features", "features")
_NEEDS = ("depends", "constrains")

Keys = Mapping[str, object]
"""Variant key → the value that a package was built for."""


def alike(records: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of two or more of a subdir's packages that a solver cannot tell apart, by file name.

    ``records`` are index records by file name, as `Channel.records` gives them. The packages of a group have the same
    name, version, build number, features, dependencies and constraints: all that solvers go by. The text of a build
    string ranks nothing, and a time only says who was last. Of a package in both formats solvers see the ``.conda``.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(records):
        if not name.endswith(".conda") and f"{stem_of(name)}.conda" in records:
            continue
        record = json.loads(records[name])
        seen = [[record.get(key) for key in _SEEN], [sorted(map(str, record.get(key) or ())) for key in _NEEDS]]
        groups.setdefault(json.dumps(seen), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def with_findings(plan: Plan, outcomes: Sequence[Outcome], channel: Channel) -> tuple[Outcome, ...]:
    """Return the outcomes with a warning for each package of this run that solvers cannot tell from another one there.

    It names the variant keys in which the packages differ, and what to do.
    """
    found: dict[tuple[str, str], Finding] = {}
    for subdir, own in _built_for(plan, outcomes).items():
        names = {_name(file) for file in own}
        records = {file: record for file, record in channel.records(subdir).items() if _name(file) in names}
        for group in alike(records):
            others = {file: _hash_input(channel.root / subdir / file) for file in group if file not in own}
            known = {file: own.get(file) or others[file] for file in group}
            found |= {(subdir, file): _finding(file, known, before=bool(others)) for file in group if file in own}
    return tuple(_with(outcome, found.get(_place(outcome))) for outcome in outcomes)


def _built_for(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, dict[str, Keys]]:
    """Return what the packages that are there now were built for, by subdir and file name."""
    tasks = plan.by_id()
    found: dict[str, dict[str, Keys]] = {}
    for outcome in outcomes:
        rendering = tasks[outcome.task_id].rendering
        if outcome.good and outcome.file_name is not None and rendering.output.kind == "package":
            found.setdefault(rendering.subdir, {})[outcome.file_name] = rendering.variant
    return found


def _name(file: str) -> str:
    return file.rsplit("-", 2)[0]


def _hash_input(path: Path) -> Keys:
    """Return what a package of an earlier run was built for, as far as it says so."""
    try:
        keys = read_package(path).value_of("hash_input.json")
    except BakehouseError:
        return {}
    return keys if isinstance(keys, dict) else {}


def _finding(file: str, group: Mapping[str, Keys], *, before: bool) -> Finding:
    """Return the warning for ``file``; ``before`` says that some of ``group`` come from earlier runs."""
    other = next(name for name in group if name != file)
    more = f" and {len(group) - 2} more" if len(group) > 2 else ""
    used = sorted({key for keys in group.values() for key in keys})
    values = {key: list(dict.fromkeys(str(keys.get(key, "none")) for keys in group.values())) for key in used}
    differing = {key: shown for key, shown in values.items() if len(shown) > 1}
    keys = "; ".join(f"{key} is {' or '.join(shown)}" for key, shown in differing.items()) or "no variant key differs"
    same = "which has the same version, build number and dependencies"
    remedy = "set build.variant.down_prioritize_variant: 1 for those that should be taken last"
    if differing:
        key, shown = next(iter(differing.items()))
        remedy = f'{remedy}, for example ${{{{ 1 if {key} == "{shown[-1]}" else 0 }}}}'
    if before:
        remedy = "raise build.number, or remove what an earlier run left in the channel; for builds to keep, " + remedy
    return Finding(
        check=CHECK,
        severity=Severity.WARNING,
        message=f"solvers cannot tell it from {other}{more}, {same}: {keys}",
        remedy=remedy,
    )


def _place(outcome: Outcome) -> tuple[str, str]:
    return outcome.task_id.partition("/")[0], outcome.file_name or ""


def _with(outcome: Outcome, finding: Finding | None) -> Outcome:
    return replace(outcome, findings=(*outcome.findings, finding)) if finding else outcome
