"""Which texts may name things in a store, and names of files that people recognise any text in."""

from __future__ import annotations

import re

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")
_LONGEST = 120


def checked(key: str) -> str:
    """Return ``key``, which a file may be called; `ValueError` for one that no file of a store is called."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot name something in the store")
    return key


def readable(key: str) -> str:
    """Return a file name that people recognise ``key`` (any text) in."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", key).lstrip(".")[:_LONGEST] or "_"
