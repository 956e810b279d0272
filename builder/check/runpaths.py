"""Whether every run path leads to places inside the prefix, wherever that is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.links import joined
from builder.model.payload import Relocated


def check_run_paths(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each part of a run path that is absolute, relative to the working folder, or leads out.

    Those that ``rpath_allowlist`` names may stay; where the recipe switched relocation off it is only a warning.
    """
    linking = context.output.build.dynamic_linking
    allowed = Globs(linking.rpath_allowlist) if linking.rpath_allowlist else None
    relocation = linking.binary_relocation
    for entry in relocated.entries:
        if entry.binary is None or entry.binary.format != "elf":
            continue
        path = entry.entry.path
        switched_off = not (relocation if isinstance(relocation, bool) else Globs(relocation).matches(path))
        for part in entry.binary.runpath:
            wrong = _wrong(part, posixpath.dirname(path))
            if wrong and not (allowed is not None and allowed.matches(part)):
                yield Finding(
                    check="run-paths",
                    severity=Severity.WARNING if switched_off else Severity.ERROR,
                    path=path,
                    message=f"its run path has {part!r}, which {wrong}",
                    remedy="name it in build.dynamic_linking.rpath_allowlist if it must stay",
                )


def _wrong(part: str, folder: str) -> str | None:
    part = part.replace("${ORIGIN}", "$ORIGIN")
    if part == "$ORIGIN" or part.startswith("$ORIGIN/"):
        return "leads out of the prefix" if joined(folder, part.removeprefix("$ORIGIN")) is None else None
    return "is absolute" if part.startswith("/") else "is searched from the working folder"
