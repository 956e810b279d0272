"""The words of a recipe's scripts and of other texts beside it: names of variables that they may read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from builder.syntax.file import IrregularError, read_file

MOST_FILES = 100
"""So many files of a folder are looked into; recipes with more carry data."""

LARGEST = 1 << 18
"""In bytes; what is larger was written by no person."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_SCRIPTS = (".diff", ".md", ".patch", ".rst")
_READ_ELSEWHERE = frozenset({"conda_build_config.yaml", "meta.yaml", "recipe_append.yaml", "recipe_clobber.yaml"})


def words_of(text: str) -> frozenset[str]:
    """Return the words of ``text`` that could be names of variables."""
    return frozenset(_WORD.findall(text))


def words_beside(folder: Path) -> frozenset[str]:
    """Return the words of all texts in the recipe's folder but for the recipe, patches and prose."""
    words: set[str] = set()
    for path in _files(folder):
        try:
            data = read_file(path, LARGEST)
        except (OSError, IrregularError):
            continue
        if len(data) <= LARGEST and b"\0" not in data:
            words.update(_WORD.findall(data.decode("utf-8", "replace")))
    return frozenset(words)


def _files(folder: Path) -> Iterator[Path]:
    left = MOST_FILES
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name not in _READ_ELSEWHERE and not name.endswith(_NO_SCRIPTS):
                if not left:
                    return
                left -= 1
                yield Path(top, name)
