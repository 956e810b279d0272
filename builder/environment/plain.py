"""Hard links to the plain files of packages, made folder by folder: by far most of what linking does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

EPOCH = 315_532_800
"""1980-01-01: the time of folders and of files that linking itself makes."""
FOLDER_MODE = 0o755

_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW


def place(prefix: Path, packages: Iterable[tuple[Path, Mapping[str, Sequence[str]]]]) -> None:
    """Link the files of each package, a folder and the names in each of its folders, at the same paths in ``prefix``.

    The folders above them get their final mode and time. No link is followed in the prefix, and nothing there is
    replaced: where something is in the way, or no more links can be made, this raises OSError and leaves what it did.
    """
    for tree, folders in packages:
        way = _Way(prefix)
        try:
            for folder, names in folders.items():
                source = os.open(tree / folder, _FOLDER)
                try:
                    target = way.to(folder.split("/") if folder else [])
                    for name in names:
                        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
                finally:
                    os.close(source)
        finally:
            way.back(0)


class _Way:
    """The way from a prefix down to the folder that is worked in; each folder is open, and is finished when left."""

    def __init__(self, prefix: Path) -> None:
        self._names: list[str] = []
        self._open = [os.open(prefix, _FOLDER)]

    def to(self, names: Sequence[str]) -> int:
        """Return a descriptor of the folder that these names lead to, which is made if there is none."""
        same = 0
        for here, there in zip(self._names, names, strict=False):
            if here != there:
                break
            same += 1
        self.back(same + 1)
        for name in names[same:]:
            above = self._open[-1]
            with suppress(FileExistsError):  # whether it is a folder shows now
                os.mkdir(name, FOLDER_MODE, dir_fd=above)
            self._open.append(os.open(name, _FOLDER, dir_fd=above))
            self._names.append(name)
        return self._open[-1]

    def back(self, depth: int) -> None:
        """Leave all folders but the first ``depth``."""
        while len(self._open) > depth:
            descriptor = self._open.pop()
            del self._names[max(len(self._open) - 1, 0) :]
            try:
                os.fchmod(descriptor, FOLDER_MODE)
                os.utime(descriptor, (EPOCH, EPOCH))
            finally:
                os.close(descriptor)
