"""Globs as Python's `glob` reads them, which is how conda-build picks the files of an output.

``*`` and ``?`` stop at slashes and leave out names that begin with a dot, unless the pattern has that dot; ``**`` by
itself between slashes is any number of folders. A pattern that names a folder as it is selects everything below it; one
that only matches a folder selects nothing there.
"""

from __future__ import annotations

import re

from builder.model.version import shortened

MAX_LENGTH = 4096
MAX_FOLDERS = 4
"""How often ``**`` may stand in one pattern: each takes its time for every folder of a path."""

_MAGIC = re.compile(r"[*?[]")
_CLASS = re.compile(r"\[(!?)(\]?[^\]/]*)\]")
_VISIBLE = r"(?!\.)"
_FOLDERS = rf"(?:{_VISIBLE}[^/]+/)*"


def folder_glob(pattern: str) -> re.Pattern[str]:
    """Return what matches the paths that ``pattern`` selects, in a time that does not grow faster than they do.

    Raises ValueError for a pattern that is too long or too deep.
    """
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"the glob {shortened(pattern)!r} has more than {MAX_LENGTH} characters")
    parts = [part for part in pattern.split("/") if part not in {"", "."}]
    if parts.count("**") > MAX_FOLDERS:
        raise ValueError(f"{shortened(pattern)!r} is not a glob: it has '**' more than {MAX_FOLDERS} times")
    itself = re.escape("/".join(parts)) + "(?:/.*)?" if parts else ".*"
    if not _MAGIC.search(pattern):
        return re.compile(itself, re.DOTALL)
    *folders, last = parts
    leading = "".join(_FOLDERS if folder == "**" else f"{_name(folder)}/" for folder in folders)
    ending = f"{_FOLDERS}{_VISIBLE}[^/]+" if last == "**" else _name(last)
    return re.compile(f"{itself}|{leading}{ending}", re.DOTALL)


def _name(pattern: str) -> str:
    """Return a regular expression for one name between slashes: each star but the last stops at the first fit."""
    fixed = [""]
    place = 0
    while place < len(pattern):
        sign, found = pattern[place], _CLASS.match(pattern, place)
        place = found.end() if found else place + 1
        if sign == "*":
            fixed.append("")
        elif found:
            fixed[-1] += _class(found)
        else:
            fixed[-1] += "[^/]" if sign == "?" else re.escape(sign)
    first, *others = fixed
    hidden = "" if pattern.startswith(".") else _VISIBLE
    if not others:
        return hidden + first
    middle = "".join(f"(?>[^/]*?{piece})" for piece in others[:-1] if piece)
    return f"{hidden}{first}{middle}[^/]*{others[-1]}"


def _class(found: re.Match[str]) -> str:
    negated, signs = found.groups()
    inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", signs)
    expression = f"[{'^/' if negated else ''}{inside}]"
    try:
        re.compile(expression)
    except re.error:
        return "(?!)"  # a range that runs backwards has nothing in it
    return expression
