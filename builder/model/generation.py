"""Which state of a channel's subdir its index files are of: a number that only rises, with the digest of each file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.model.frozen import frozen

FILE_NAME = "bakehouse_generation.json"
"""Lies beside ``repodata.json``; no other tool looks at it."""

_FORMAT = 1
_MOST = 2**53
LONGEST = 1 << 16
"""Bytes of such a file; a longer one is none."""


@frozen
class Generation:
    """One state of a subdir's index: ``files`` maps the names of its files to their sha256."""

    number: int
    files: Mapping[str, str]


@frozen
class Generations:
    """The generation that a subdir's files are of, and those that some may still be of while a writer replaces them.

    It is written before the files themselves, so whoever reads a file first and this afterwards knows its generation,
    whenever a writer was at work or was killed.
    """

    now: Generation
    before: tuple[Generation, ...] = ()

    def of(self, name: str, digest: str) -> int | None:
        """Return the generation that a file with this sha256 is of, the newest of several; None if of none."""
        return next((each.number for each in (self.now, *self.before) if each.files.get(name) == digest), None)


def to_json(generations: Generations) -> bytes:
    """Return the bytes of the file, the same for the same value."""
    now, *before = ({"generation": each.number, "files": dict(each.files)} for each in _all(generations))
    document = {"format": _FORMAT, **now, "before": before}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def from_json(data: bytes) -> Generations | None:
    """Return what such a file says; None for anything else, however it came about."""
    if len(data) > LONGEST:
        return None
    try:
        document = json.loads(data)
        if document["format"] != _FORMAT:
            return None
        if not isinstance(document["before"], list):
            return None
        now, *before = [_read(one) for one in (document, *document["before"])]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    numbers = [one.number for one in (now, *before)]
    return Generations(now=now, before=tuple(before)) if numbers == sorted(set(numbers), reverse=True) else None


def _read(plain: Mapping[str, object]) -> Generation:
    number, files = plain["generation"], plain["files"]
    if type(number) is not int or not 0 < number < _MOST or not isinstance(files, dict):
        raise ValueError(plain)
    if not all(isinstance(digest, str) for digest in files.values()):
        raise ValueError(plain)
    return Generation(number=number, files=files)


def _all(generations: Generations) -> tuple[Generation, ...]:
    return generations.now, *generations.before
