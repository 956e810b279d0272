"""No secret leaves the machine in a package: what is looked for, and where besides the payload, which is a check's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder import check
from builder.archive import ArchiveMember
from builder.check.secrets import logged_secrets, told_secrets
from builder.check.sought import Secret, Sought
from builder.environment.wall import in_thread
from builder.model.finding import Finding
from builder.pipeline.bench import Bench
from builder.pipeline.work import Work
from builder.report.events import Found
from builder.script.secret import forms_of


def sought(bench: Bench) -> Sought:
    """Return what may stand nowhere: the secrets that recipes name, those of the caller, shapes of credentials."""
    values = {**bench.private, **bench.secrets}
    return Sought(Secret(name=name, value=value, forms=forms_of(value)) for name, value in sorted(values.items()))


async def logged(work: Work, what: Sought) -> tuple[Finding, ...]:
    """Return what stands in the log of the task's script, which has stars in its place then."""
    return await in_thread(logged_secrets, work.log, what) if work.log.is_file() else ()


async def require_silence(work: Work) -> tuple[Finding, ...]:
    """Return, and tell, what the log of a staging output's script holds that is no error; `CheckError` if there is one.

    What that script installed is looked at in the packages that take it.
    """
    what = await in_thread(sought, work.bench)
    found = hidden(await logged(work, what), what)
    for finding in found:
        work.bench.emit(Found(task_id=work.task.id, finding=finding))
    check.require(found, work.rendering.output.name)
    return found


def hidden(findings: Sequence[Finding], what: Sought) -> tuple[Finding, ...]:
    """Return ``findings`` as they may be told: names of files hold secrets, too."""
    return tuple(
        replace(
            finding,
            message=what.hidden(finding.message),
            path=None if finding.path is None else what.hidden(finding.path),
        )
        for finding in findings
    )


class Told:
    """Looks at what a package tells of itself just before it is written; ``findings`` are those that do not stop it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.findings: tuple[Finding, ...] = ()

    def __call__(self, members: Sequence[ArchiveMember]) -> None:
        """Look at members, those of ``info/`` or all of a package; `CheckError` when one holds a secret."""
        there = [(one.path, (one.target or "").encode() if one.content is None else one.content) for one in members]
        what = sought(self._work.bench)
        self.findings = hidden(tuple(told_secrets(there, what, self._work.output)), what)
        for finding in self.findings:
            self._work.bench.emit(Found(task_id=self._work.task.id, finding=finding))
        check.require(self.findings, self._work.rendering.stem)
