"""Where the summary of a build goes in Markdown: the file that the user names, and the page of a CI run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from builder.cli.options import PackageChoice
from builder.errors import MachineError, UsageError
from builder.store import disk_errors


def markdown_files(choice: PackageChoice) -> tuple[Path, ...]:
    """Return the files that the summary is to be appended to, each once; `UsageError` for one that cannot be a file.

    As with rattler-build GitHub's page of the run is one of them when ``RATTLER_BUILD_ENABLE_GITHUB_INTEGRATION`` says
    ``true``.
    """
    wanted = choice.markdown_summary
    if wanted is not None and (wanted.is_dir() or not wanted.absolute().parent.is_dir()):
        why = "it is a folder" if wanted.is_dir() else "its folder is not there"
        remedy = "name a file, which need not be there yet"
        raise UsageError(f"--markdown-summary {wanted}: {why}", code="cli.markdown-summary", remedy=remedy)
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    integrated = os.environ.get("RATTLER_BUILD_ENABLE_GITHUB_INTEGRATION") == "true"
    found = [path for path in (wanted, Path(page) if page and integrated else None) if path is not None]
    return tuple({path.absolute(): path for path in found}.values())


def append(text: str, files: Iterable[Path]) -> None:
    """Write ``text`` at the end of each file, in one piece; `MachineError` when one may not be written."""
    for path in files:
        try:
            with disk_errors(path), path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise MachineError(f"the summary cannot be written to {path}: {error.strerror}") from error
