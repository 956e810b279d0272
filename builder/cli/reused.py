"""Looks again at packages that are reused, where the user asks for more than they were built under."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from builder.archive import read_package
from builder.errors import CheckError, Place
from builder.model.outcome import Ending, Outcome


def without_binary_prefixes(outcomes: Iterable[Outcome], output: Path) -> tuple[Outcome, ...]:
    """Return the outcomes with a failure in the place of each reused package that has the prefix in a binary file.

    Packages that were built now have been through the check of that.
    """
    return tuple(_judged(one, output) if one.ending is Ending.REUSED and one.file_name else one for one in outcomes)


def _judged(outcome: Outcome, output: Path) -> Outcome:
    subdir = outcome.task_id.partition("/")[0]
    found = read_package(output / subdir / str(outcome.file_name)).paths()
    paths = [str(entry["_path"]) for entry in found if entry.get("file_mode") == "binary"]
    if not paths:
        return outcome
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    error = CheckError(
        f"it is in the channel, and a Binary file contains host prefix: {paths[0]}{more}",
        code="check.prefix-in-binary",
        place=Place(file=f"{outcome.file_name}: {paths[0]}"),
        remedy="build it so that its programs find their files relative to themselves",
    )
    return replace(outcome, ending=Ending.FAILED, problems=error.problems, exit_code=CheckError.exit_code)
