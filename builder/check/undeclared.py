"""Whether the script used programs of the machine that no package of its environments brought (isolation ``none``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated


def check_undeclared(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a warning for each program that a sealed build would not find."""
    del relocated
    if context.installed is not None:
        yield from undeclared_findings(context.installed.undeclared, "the script", "requirements.build")


def undeclared_findings(programs: Iterable[str], who: str, section: str) -> Iterator[Finding]:
    """Yield a warning for each of ``programs``; ``section`` of the recipe is where its package is to be named."""
    for program in programs:
        yield Finding(
            check="undeclared",
            severity=Severity.WARNING,
            message=f"{who} used {program} of this machine, which a sealed one does not find",
            remedy=f"name the package that has {program} in {section}",
        )
