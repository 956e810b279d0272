"""Writes the files of ``.ci_support`` as conda-smithy does: one for each job, and none of a job that is no more."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from builder.errors import MachineError, Place, UsageError
from builder.feedstock.job import Job
from builder.syntax.legacy.dump import Dumped, dumped

_OF_A_JOB = re.compile(r"(?:linux|osx|win|emscripten|wasi|freebsd|zos)_[a-z0-9]+_")


def file_text(job: Job) -> str:
    """Return what the job's file says, byte for byte as conda-smithy writes it."""
    return dumped({key: _typed(value) for key, value in job.settings.items()})


def _typed(value: Dumped) -> Dumped:
    """Return a setting in which the texts ``true`` and ``false`` are truth values, as conda-smithy writes them."""
    if isinstance(value, str):
        return value == "true" if value in {"true", "false"} else value
    if isinstance(value, tuple):
        return tuple(map(_typed, value))
    return value if isinstance(value, int) else {key: _typed(inner) for key, inner in value.items()}


def write_files(jobs: Sequence[Job], folder: Path, platforms: Collection[str] = ()) -> tuple[Path, ...]:
    """Write the file of every job into ``folder``, remove those of jobs that are no more, and return what was written.

    Where ``jobs`` are those of some ``platforms`` only, the files of other platforms stay, and so does whatever is not
    named as a job is. All files are written under other names first, so that nothing has changed if one cannot be.
    Raises `UsageError` and `MachineError`.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(
            f"{folder} is no folder",
            code="feedstock.not-a-folder",
            place=Place(file=str(folder)),
            remedy="name a folder for the files; it is made if it is not there",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as fresh:
            for job in jobs:
                _write(Path(fresh, job.file_name), file_text(job))
            names = {job.file_name for job in jobs}
            for name in sorted(names):
                Path(fresh, name).replace(folder / name)
        for old in sorted(folder.glob("*.yaml")):
            if old.name not in names and _is_of(old, platforms) and (old.is_symlink() or old.is_file()):
                old.unlink()
    except OSError as error:
        raise MachineError(
            f"the files of the jobs cannot be written: {error.strerror}",
            code="feedstock.write",
            place=Place(file=str(error.filename or folder)),
            remedy="name a folder that you may write to",
        ) from error
    return tuple(folder / name for name in sorted(names))


def _is_of(file: Path, platforms: Collection[str]) -> bool:
    """Whether a file has the name of a job, for one of ``platforms`` if there are any."""
    if not platforms:
        return _OF_A_JOB.match(file.name) is not None
    return file.name.startswith(tuple(f"{platform.replace('-', '_')}_" for platform in platforms))


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
