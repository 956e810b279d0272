"""Whether packages that are installed together bring one path: only one of them can have its file there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.check.context import CheckContext
from builder.model.environment import Clash, ClashKind
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated

CHECK = "clobbering"


def check_clobbering(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield findings for the packages of the environments that the script ran in; `environment` looks at this one."""
    del relocated
    for where, clashes in context.clashes:
        yield from clashing(clashes, where)


def clashing(clashes: Iterable[Clash], where: str) -> Iterator[Finding]:
    """Yield one finding for each set of packages that bring the same paths; ``where`` is what they are installed in.

    What has the same bytes does no harm but when one of the packages is removed again, so that is a note.
    """
    groups: dict[tuple[str, tuple[str, ...], ClashKind], list[Clash]] = {}
    for clash in clashes:
        groups.setdefault((clash.winner, clash.losers, clash.kind), []).append(clash)
    for (winner, losers, kind), group in groups.items():
        first = group[0]
        more = f", and {len(group) - 1} more" if len(group) > 1 else ""
        yield Finding(
            check=CHECK,
            severity=Severity.NOTE if kind is ClashKind.SAME else Severity.WARNING,
            path=first.path,
            message=f"{where}: {_said(first, (winner, *losers))}{more}",
            remedy="leave one of the packages out, or have one of them not bring it",
        )


def _said(clash: Clash, names: tuple[str, ...]) -> str:
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    match clash.kind:
        case ClashKind.SAME:
            return f"{listed} bring it, with the same bytes"
        case ClashKind.OTHER:
            return f"{listed} bring it; that of {clash.winner} is there"
        case ClashKind.CASE:
            return f"{clash.winner} brings it, and {clash.losers[0]} {clash.other}, one file where case does not count"
