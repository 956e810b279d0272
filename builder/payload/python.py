"""The files of Python packages: commands, what their folders say, and the places that suit every Python (CEP 34)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.payload import Entry
from builder.model.python import Python
from builder.model.recipe import Output
from builder.payload.commands import EntryPoint, command_entries, without_python
from builder.payload.context import PayloadContext
from builder.payload.distributions import tidy_distributions
from builder.payload.dropped import is_dropped_from_noarch_python


def python_files(
    entries: Iterable[Entry], output: Output, context: PayloadContext, findings: list[Finding]
) -> list[Entry]:
    """Return ``entries`` as a package of ``output`` has them; packages without anything of Python stay as they are.

    A package for every Python leaves bytecode and its commands to the installer, any other gets a script for each
    command. What is wrong is added to ``findings``.
    """
    points = [EntryPoint.parse(text) for text in output.build.python.entry_points]
    commands = {point.command for point in points}
    everywhere = output.build.for_every_python
    taken = {e.path: e for e in entries if not (everywhere and is_dropped_from_noarch_python(e.path, commands))}
    if points and not everywhere:
        if context.python is None or context.host is None:
            findings.extend(without_python(points))
        else:
            made = command_entries(points, context.python, context.host.inside, context.scratch)
            taken.update((entry.path, entry) for entry in made)
    told, wrong = tidy_distributions(taken.values(), context.scratch, made={f"bin/{name}" for name in commands})
    findings.extend(wrong)
    return _moved(told, context.python, findings) if everywhere else told


def _moved(entries: Iterable[Entry], python: Python | None, findings: list[Finding]) -> list[Entry]:
    moved: dict[str, Entry] = {}
    for entry in entries:
        place = noarch_python_path(entry.path, python)
        if place in moved:
            findings.append(
                Finding(
                    check="noarch-layout",
                    severity=Severity.ERROR,
                    path=place,
                    message=f"two files want this place in a package for every Python, the second is {entry.path}",
                )
            )
        moved[place] = replace(entry, path=place)
    return list(moved.values())


def noarch_python_path(path: str, python: Python | None = None) -> str:
    """Return the place in a package for every Python of what ``python`` has at ``path``.

    ``lib/python3.13/site-packages/a.py`` → ``site-packages/a.py``, ``bin/a`` → ``python-scripts/a``; all else stays.
    """
    if python is not None and path.startswith(f"{python.site_packages}/"):
        return "site-packages" + path.removeprefix(python.site_packages)
    parts = PurePosixPath(path).parts
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") :])
    if parts[0] in {"bin", "Scripts"} and len(parts) > 1:
        return "/".join(("python-scripts", *parts[1:])).removesuffix("-script.py" if parts[0] == "Scripts" else "")
    return path
