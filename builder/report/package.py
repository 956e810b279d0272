"""What ``build --json`` and ``test --json`` say of each package."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.model.finding import Finding
from builder.model.outcome import Ending, Outcome
from builder.model.package import TestResult
from builder.model.variant import Variant

NO_KEYS = Variant()


def package_document(outcome: Outcome, channel: Path, variant: Variant = NO_KEYS) -> dict[str, object]:
    """Return one package as plain data; ``channel`` is the folder that it lies in, ``variant`` what it was built for.

    ``ending`` is ``built`` or ``reused``; what is only known of a package that was built now is empty for others.
    ``reproducible`` says that a second build gave the same bytes; None says that there was none. ``peak_memory`` is the
    most memory that its script was seen to use, in bytes.
    """
    assert outcome.file_name is not None
    subdir = outcome.task_id.partition("/")[0]
    path = channel / subdir / outcome.file_name
    package = outcome.package
    return {
        "path": str(path),
        "sha256": package.sha256 if package else _sha256(path),
        "size": path.stat().st_size,
        "variant": dict(variant),
        "ending": outcome.ending.value,
        "reasons": list(outcome.reasons),
        "build_key": outcome.build_key,
        "findings": [_finding(finding) for finding in outcome.findings],
        "tests": [test_document(test) for test in outcome.tests],
        "timings": {timing.phase.value: round(timing.seconds, 3) for timing in outcome.timings},
        "depends": _depends(outcome),
        "reproducible": outcome.reproducible,
        "peak_memory": outcome.peak_memory,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "severity": finding.severity.value,
        "path": finding.path,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def test_document(test: TestResult) -> dict[str, object]:
    """Return how one test went as plain data; one that was skipped has the reason."""
    log = str(test.log) if test.log else None
    reason = {"skipped": test.tail} if test.skipped else {}
    used = {"undeclared": list(test.undeclared)} if test.undeclared else {}
    return {"what": test.what, "passed": test.passed, "seconds": round(test.seconds, 3), "log": log, **reason, **used}


def _depends(outcome: Outcome) -> list[dict[str, str]]:
    if outcome.ending is not Ending.BUILT or outcome.environments is None:
        return []
    return [
        {"spec": one.spec, "origin": one.origin.value, "source": one.source} for one in outcome.environments.depends
    ]
