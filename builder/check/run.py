"""Running every check, and turning errors among the findings into one error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from builder.check.clobbering import check_clobbering
from builder.check.context import CheckContext
from builder.check.environment import check_environment
from builder.check.glibc import check_glibc
from builder.check.leaks import check_leaks
from builder.check.linkage import check_linkage
from builder.check.names import check_names
from builder.check.overdepending import check_overdepending
from builder.check.prefixes import check_prefixes
from builder.check.python import check_python
from builder.check.runpaths import check_run_paths
from builder.check.secrets import check_secrets
from builder.check.symbol_versions import check_symbol_versions
from builder.check.symlinks import check_symlinks
from builder.check.undeclared import check_undeclared
from builder.errors import CheckError, Place, Problem
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated

Check = Callable[[Relocated, CheckContext], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_names,
    check_symlinks,
    check_environment,
    check_clobbering,
    check_undeclared,
    check_run_paths,
    check_linkage,
    check_overdepending,
    check_symbol_versions,
    check_glibc,
    check_leaks,
    check_secrets,
    check_prefixes,
    check_python,
)


def run(relocated: Relocated, context: CheckContext) -> tuple[Finding, ...]:
    """Return what earlier phases found, then what every check finds, in the order of `CHECKS`."""
    return (*relocated.findings, *(finding for check in CHECKS for finding in check(relocated, context)))


def require(findings: Iterable[Finding], package: str) -> None:
    """Raise `CheckError` with a problem for each finding that is an error; ``package`` names it for people."""
    problems = [
        Problem(
            code=f"check.{finding.check}",
            message=finding.message,
            place=Place(file=f"{package}: {finding.path}" if finding.path is not None else package),
            remedy=finding.remedy,
        )
        for finding in findings
        if finding.severity is Severity.ERROR
    ]
    if problems:
        raise CheckError.of(problems)
