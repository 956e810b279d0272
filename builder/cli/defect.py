"""A defect of ours as an error for people: one line for the terminal, and a file with the traceback to report."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import traceback
from collections.abc import Sequence
from pathlib import Path

from builder import __version__
from builder.errors import BakehouseError, WorkError
from builder.store import atomic_write, default_root

_STORE = "--store"


def defect_error(error: Exception, arguments: Sequence[str]) -> WorkError:
    """Return what to tell of an exception that nobody foresaw, after writing its traceback into the store.

    The file goes by its content, so that the same defect is one file however often it happens.
    """
    text = "".join(traceback.format_exception(error))
    report = (
        f"bakehouse {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"bakehouse {shlex.join(arguments)}\n\n{text}"
    )
    line = next(iter(str(error).splitlines()), "")
    return WorkError(
        f"this is a defect of bakehouse: {type(error).__name__}{f': {line}' if line else ''}",
        code="defect",
        remedy=_remedy(report, store_root(arguments) / "defects"),
    )


def store_root(arguments: Sequence[str]) -> Path:
    """Return the store that a command line names, read without its parser: that may be what failed."""
    for number, word in enumerate(arguments):
        if word == _STORE and number + 1 < len(arguments):
            return Path(arguments[number + 1]).absolute()
        if word.startswith(f"{_STORE}="):
            return Path(word.removeprefix(f"{_STORE}=")).absolute()
    named = os.environ.get("BAKEHOUSE_STORE")
    return Path(named).absolute() if named else default_root()


def _remedy(report: str, folder: Path) -> str:
    file = folder / f"{hashlib.sha256(report.encode(errors='replace')).hexdigest()[:12]}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(file, report.encode(errors="replace"))
    except (OSError, BakehouseError):  # no place for a file: what happened is said all the same
        return f"please report it to its makers with this:\n{report}"
    return f"please report it to its makers with {file}, which holds the traceback"
