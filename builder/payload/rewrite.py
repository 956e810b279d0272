"""Rewriting text files by the recipe's regular expressions (``build.post_process``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import Entry
from builder.model.recipe import PostProcess

_CHECK = "post-process"
_REFERENCE = re.compile(r"\$(?:\$|(?P<bare>[0-9A-Za-z_]+)|\{(?P<braced>[^{}]*)\})")


def rewrite_text(
    entries: Iterable[Entry], steps: Sequence[PostProcess], scratch: Path
) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """Return ``entries`` after all ``steps``; changed files lie below ``scratch``, the script's own stay as they are.

    ``replacement`` refers to groups as rattler-build's does: ``$1``, ``${name}``, ``$$`` for a dollar sign. A file that
    matches and is no UTF-8 text is left alone with a warning; a wrong expression is an error.
    """
    found: list[Finding] = []
    expressions = [(Globs(step.files), _compiled(step, found), step.replacement) for step in steps]
    rewritten: list[Entry] = []
    for entry in entries:
        new = entry
        for globs, expression, replacement in expressions:
            if expression is not None and new.content is not None and globs.matches(entry.path):
                new = _rewrite(new, expression, replacement, scratch, found)
        rewritten.append(new)
    return tuple(rewritten), tuple(found)


def _compiled(step: PostProcess, found: list[Finding]) -> re.Pattern[str] | None:
    try:
        return re.compile(step.regex)
    except (re.error, OverflowError, RecursionError) as error:
        found.append(
            Finding(
                check=_CHECK,
                severity=Severity.ERROR,
                message=f"the regular expression {step.regex!r} of build.post_process is wrong: {error}",
            )
        )
        return None


def _rewrite(entry: Entry, expression: re.Pattern[str], replacement: str, scratch: Path, found: list[Finding]) -> Entry:
    assert entry.content is not None
    try:
        old = entry.content.read_bytes().decode()
    except UnicodeDecodeError:
        found.append(
            Finding(
                check=_CHECK,
                severity=Severity.WARNING,
                path=entry.path,
                message="build.post_process matches this file, which is no UTF-8 text; it stays as it is",
                remedy="narrow the files of that step",
            )
        )
        return entry
    new = expression.sub(lambda match: expand(replacement, match), old)
    if new == old:
        return entry
    place = scratch / "text" / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    data = new.encode()
    place.write_bytes(data)
    return replace(entry, content=place, size=len(data))


def expand(replacement: str, match: re.Match[str]) -> str:
    """Return ``replacement`` with its group references filled in; a group that does not exist or matched is empty."""

    def fill(reference: re.Match[str]) -> str:
        name = reference["bare"] if reference["bare"] is not None else reference["braced"]
        if name is None:
            return "$"
        group: int | str = int(name) if name.isdecimal() else name
        try:
            return match[group] or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(fill, replacement)
