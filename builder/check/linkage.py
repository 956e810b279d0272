"""Whether every library that a package needs is in it, in a run dependency, or on every machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from builder.check.context import CheckContext
from builder.check.links import Link, Source, links
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated


def check_linkage(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each library that nobody has, and for each package that is linked and not depended on.

    A package that only comes along with a run dependency is a warning: it works until that dependency drops it.
    ``overlinking_behavior: ignore`` makes notes of all of them. A program whose run path does not lead to a library
    that is there is a warning too, for it will not start by itself.
    """
    depended_on = {*context.run_names, context.output.name}
    programs = {entry.entry.path for entry in relocated.entries if entry.binary and entry.binary.kind == "executable"}
    grouped: defaultdict[tuple[Source, str | None, str], list[str]] = defaultdict(list)
    for link in links(relocated, context):
        foreign = link.source in {Source.HOST, Source.SIBLING} and link.package not in depended_on
        if foreign or link.source is Source.MISSING:
            grouped[link.source, link.package, link.needed].append(link.path)
        if not link.reached and link.path in programs:
            yield _unreached(link)
    for (source, package, needed), paths in grouped.items():
        if source is Source.MISSING or package is None:
            yield _missing(needed, paths, relocated, context)
        else:
            yield _overlinked(needed, package, paths, context)


def _severity(context: CheckContext) -> Severity:
    ignored = context.output.build.dynamic_linking.overlinking_behavior == "ignore"
    return Severity.NOTE if ignored else Severity.ERROR


def _overlinked(needed: str, package: str, paths: Sequence[str], context: CheckContext) -> Finding:
    severity = _severity(context)
    comes_along = package in context.run_closure
    if comes_along and severity is Severity.ERROR:
        severity = Severity.WARNING
    why = "comes along only with other dependencies" if comes_along else "is no run dependency"
    return Finding(
        check="overlinking",
        severity=severity,
        path=paths[0],
        message=f"{_files(paths)} {needed} of the package {package}, which {why}",
        remedy=f"add {package} to requirements.run, or let it come in by the run export of what has its headers",
    )


def _missing(needed: str, paths: Sequence[str], relocated: Relocated, context: CheckContext) -> Finding:
    if "/" in needed:
        said = "a library by its path, "
        remedy = "link that library with -Wl,-soname, or link to it with -l instead of by its path"
    else:
        said = ""
        remedy = (
            "add the package that has it to requirements.host, or, when users' machines are to bring it, name it in "
            "build.dynamic_linking.missing_dso_allowlist"
        )
    return Finding(
        check="missing-library",
        severity=_severity(context),
        path=paths[0],
        message=f"{_files(paths)} {said}{needed}, which no package of the host environment has"
        f"{_trace(needed, relocated, context)}",
        remedy=remedy,
    )


def _trace(needed: str, relocated: Relocated, context: CheckContext) -> str:
    """Say where the library would have to be looked for, when something is known."""
    for entry in relocated.entries:
        if entry.binary is not None and entry.binary.soname == needed:
            return f"; {entry.entry.path} is that library, without a file or symlink of this name"
    installed = context.installed.entries if context.installed is not None else ()
    for left in installed:
        if left.path.rpartition("/")[2] == needed:
            belongs = "which this output does not take; an output that does belongs into requirements.run"
            return f"; the script installed {left.path}, {belongs}"
    return ""


def _unreached(link: Link) -> Finding:
    return Finding(
        check="run-paths",
        severity=Severity.WARNING,
        path=link.path,
        message=f"the program needs {link.needed}, which is {link.place}, and its run path does not lead there",
        remedy="add that folder to build.dynamic_linking.rpaths, or let relocation do its work",
    )


def _files(paths: Sequence[str]) -> str:
    match len(paths):
        case 1:
            return "the file needs"
        case 2:
            return f"this file and {paths[1]} need"
        case _:
            return f"this file, {paths[1]} and {len(paths) - 2} more need"
