"""Whether output has colours: an option, the usual environment variables, or what the stream is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

_OPTION = "--color"


def coloured(asked: str | None, stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether to write colours to ``stream``: ``always``, ``never``, or as it is usual (``auto`` or None).

    Usual is: none where ``NO_COLOR`` is set or ``CLICOLOR`` is 0, some where ``CLICOLOR_FORCE`` is set, else if it is
    a terminal.
    """
    match asked or environment.get("RATTLER_BUILD_COLOR"):
        case "always":
            return True
        case "never":
            return False
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return environment.get("CLICOLOR") != "0" and stream.isatty()


def asked_colour(arguments: Sequence[str]) -> str | None:
    """Return what a command line says of colours, for errors that end it before it is understood."""
    found = None
    for place, word in enumerate(arguments):
        if word == _OPTION:
            found = arguments[place + 1] if place + 1 < len(arguments) else None
        elif word.startswith(f"{_OPTION}="):
            found = word.removeprefix(f"{_OPTION}=")
    return found
