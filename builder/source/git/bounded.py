"""Fetches with git so that an object is refused by the size that it declares, before a byte of it is inflated.

A pack of a few kilobytes may hold objects of any size: deltas that copy one piece a million times, streams of zeros.
The size stands in front of each, and git makes room for all of it at once unless it counts as a big file. So no file is
big here (`core.bigFileThreshold`), and git gives up where it would make more room than it may (``GIT_ALLOC_LIMIT``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from builder.source.git.command import GitError, run_git

TOO_LARGE = "bytes that an object of a repository may have"
_OVER = re.compile(r"attempting to allocate (\d+) over limit \d+")


async def fetch(variables: Mapping[str, str], folder: Path, *arguments: str, largest: int) -> None:
    """Run ``git fetch`` in the repository ``folder``, with objects of up to ``largest`` bytes.

    Raises `GitError`, for a larger one with its size; so it does for a history whose list of objects alone is larger.
    """
    # Who packs makes room for what zlib could make of it in the worst case.
    bounded = {**variables, "GIT_ALLOC_LIMIT": str(largest + (largest >> 8))}
    options = ("-c", "core.bigFileThreshold=1024g", "fetch", "--quiet", "--no-write-fetch-head")
    try:
        await run_git(bounded, folder, *options, *arguments)
    except GitError as failure:
        over = _OVER.search(str(failure))
        if over is None:
            raise
        raise GitError(f"an object of it takes {over[1]} bytes, more than the {largest} {TOO_LARGE}") from failure
