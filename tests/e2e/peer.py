"""What py-rattler-build finds of the machine when it builds and tests here."""

from __future__ import annotations

import shutil
from pathlib import Path


def commands(rootfs: Path, into: Path) -> Path:
    """Make a folder with the machine's commands of those names that our sandbox has too: no compiler is among them."""
    into.mkdir()
    names = sorted({file.name for folder in ("bin", "usr/bin") for file in (rootfs / folder).iterdir()})
    for name in names:
        if found := shutil.which(name, path="/usr/bin:/bin"):
            (into / name).symlink_to(found)
    assert not {"gcc", "cc", "ld", "make", "cmake", "python3", "perl"} & {file.name for file in into.iterdir()}
    return into
