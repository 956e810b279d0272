"""How packages are written: their format, how hard they are compressed, and what goes in beside the recipe's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal

from builder.model.frozen import frozen

FileType = Literal["conda", "tar.bz2"]

FORMAT_OPTION = "--package-format"
PACKAGE_OPTIONS = (FORMAT_OPTION, "--extra-meta", "--no-include-recipe")
"""The options that change the bytes of packages, in the order of `Packaging.asked`."""

_LEVELS: dict[FileType, range] = {"conda": range(-7, 23), "tar.bz2": range(1, 10)}
_DEFAULTS: dict[FileType, int] = {"conda": 10, "tar.bz2": 9}
_NAMED = {"min": 0, "lowest": 0, "fast": 0, "max": -1, "highest": -1}
"""Names of levels → where they stand in the range of a format; ``default`` and ``normal`` are no place in it."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,2}")
_SPELLED: dict[str, FileType] = {"conda": "conda", "tarbz2": "tar.bz2", "2": "conda", "1": "tar.bz2"}
"""Letters and digits of what may be written; the numbers are conda-build's."""


@frozen
class Packaging:
    """How packages are written.

    ``level`` is that of zstd (``conda``) or bzip2 (``tar.bz2``). ``threads`` compress at once, which changes no byte.
    ``extra`` is added to ``extra`` in about.json and wins over the recipe's. Without ``with_recipe`` there is no
    ``info/recipe/``.
    """

    file_type: FileType = "conda"
    level: int = _DEFAULTS["conda"]
    threads: int = 2
    extra: tuple[tuple[str, str], ...] = ()
    with_recipe: bool = True

    @property
    def suffix(self) -> str:
        """The end of a package's file name: ``.conda``."""
        return f".{self.file_type}"

    def asked(self) -> Iterator[tuple[str, str]]:
        """Yield what changes the bytes of packages and is not as always: the option's name, and its value."""
        if (self.file_type, self.level) != ("conda", _DEFAULTS["conda"]):
            yield FORMAT_OPTION, f"{self.file_type}:{self.level}"
        for key, value in sorted(self.extra):
            yield f"--extra-meta {key}", json.dumps(value, ensure_ascii=False)
        if not self.with_recipe:
            yield "--no-include-recipe", "yes"


def every_packaging() -> Iterator[Packaging]:
    """Yield every format at every level."""
    for file_type, levels in _LEVELS.items():
        yield from (Packaging(file_type=file_type, level=level) for level in levels)


def read_format(text: str) -> tuple[FileType, int]:
    """Return format and level of ``FORMAT[:LEVEL]``, spelled as rattler-build lets it be: ``tar-bz2``, ``conda:max``.

    Raises ValueError with what may be written.
    """
    name, colon, level = text.partition(":")
    file_type = _SPELLED.get("".join(sign for sign in name.lower() if sign.isalnum()))
    if file_type is None:
        raise ValueError(f"{name!r} is not a package format: there are conda and tar-bz2")
    return file_type, _level(file_type, level) if colon else _DEFAULTS[file_type]


def _level(file_type: FileType, text: str) -> int:
    levels = _LEVELS[file_type]
    if text in {"default", "normal"}:
        return _DEFAULTS[file_type]
    if text in _NAMED:
        return levels[_NAMED[text]]
    number = int(text) if _NUMBER.fullmatch(text) else None
    if number is None or number not in levels:
        names = f"min, max, default or a number from {levels[0]} to {levels[-1]}"
        raise ValueError(f"{text!r} is no level of {file_type}: that is {names}")
    return number
