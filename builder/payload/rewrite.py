"""Rewriting text files by the recipe's regular expressions (``build.post_process``).

They are read and matched by RE2, whose language is that of rattler-build's engine but for details, and which takes time
in proportion to the text: Python's own engine can be made to take for ever, by accident too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import Entry
from builder.model.recipe import PostProcess


class Match(Protocol):
    """What was found: the text of a group, by number or name; IndexError or KeyError for one that is not there."""

    def __getitem__(self, group: int | str, /) -> str | None:
        """Return the group's text, None if it took no part."""
        ...

    def span(self) -> tuple[int, int]:
        """Return where it begins and ends."""
        ...


MAX_SIZE = 256 << 20
"""Characters of a rewritten file."""

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


def _compiled(step: PostProcess, found: list[Finding]) -> Any:
    """Return the compiled expression, None for a wrong one; the library has no types."""
    import re2  # hardly a recipe rewrites text

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(step.regex, options)
    except re2.error as error:
        reason = error.args[0].decode()
        found.append(
            Finding(
                check=_CHECK,
                severity=Severity.ERROR,
                message=f"the regular expression {step.regex!r} of build.post_process is wrong: {reason}",
            )
        )
        return None


def _rewrite(entry: Entry, expression: Any, replacement: str, scratch: Path, found: list[Finding]) -> Entry:
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
    new = replaced(expression.finditer(old), replacement, old)
    if new is None:
        found.append(
            Finding(
                check=_CHECK,
                severity=Severity.ERROR,
                path=entry.path,
                message=f"build.post_process makes more than {MAX_SIZE >> 20} MiB of this file",
            )
        )
    if new is None or new == old:
        return entry
    place = scratch / "text" / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    data = new.encode()
    place.write_bytes(data)
    return replace(entry, content=place, size=len(data))


def replaced(matches: Iterable[Match], replacement: str, text: str) -> str | None:
    """Return ``text`` with its ``matches`` replaced, None if it gets too large.

    An empty match right behind another one is none, as for rattler-build's engine (RE2's Python module gives some of
    them twice).
    """
    pieces, at, size = list[str](), 0, len(text)
    for match in matches:
        start, end = match.span()
        if start == end == at and pieces:
            continue
        pieces += (text[at:start], expand(replacement, match))
        size += len(pieces[-1])
        if size > MAX_SIZE:
            return None
        at = end
    return "".join((*pieces, text[at:]))


def expand(replacement: str, match: Match) -> str:
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
