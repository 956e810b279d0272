"""Variables of a build on Windows: cmd's ``%NAME%`` cannot begin a text of YAML, so it is marked until that is read."""

from __future__ import annotations

from builder.syntax.legacy.data import Plain

_MARK = "\ue000"
"""A character of nobody's: it stands where cmd has a percent sign."""


def marked(name: str) -> str:
    """Return what a template writes for the variable ``name``."""
    return f"{_MARK}{name}{_MARK}"


def as_cmd(value: Plain) -> Plain:
    """Return what was read with its variables as cmd writes them."""
    if isinstance(value, str):
        return value.replace(_MARK, "%") if _MARK in value else value
    if isinstance(value, list):
        return [as_cmd(one) for one in value]
    return {key: as_cmd(inner) for key, inner in value.items()} if isinstance(value, dict) else value
