"""Where symlinks of a prefix lead, worked out from their texts alone."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

MAX_HOPS = 40
"""As many symlinks as Linux follows in one path."""


def resolve(path: str, links: Mapping[str, str]) -> str | None:
    """Return the path in the prefix that ``path`` leads to when every symlink on the way is followed.

    ``links`` maps the prefix's symlinks to their relative targets; symlinks to folders are followed too. None when the
    way leaves the prefix, is absolute, or goes round in circles.
    """
    done: list[str] = []
    todo = [part for part in reversed(path.split("/")) if part not in {"", "."}]
    hops = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if not done:
                return None
            done.pop()
            continue
        target = links.get("/".join([*done, part]))
        if target is None:
            done.append(part)
            continue
        hops += 1
        if hops > MAX_HOPS or target.startswith("/"):
            return None
        todo.extend(step for step in reversed(target.split("/")) if step not in {"", "."})
    return "/".join(done)


def relative(target: str, start: str) -> str:
    """Return ``target`` as seen from the folder ``start``, both relative to the prefix (``""`` is the prefix)."""
    return posixpath.relpath("/" + target, "/" + start)


def joined(folder: str, target: str) -> str | None:
    """Return the path that ``target`` names from ``folder``, by the text alone; None when it leaves the prefix."""
    depth: list[str] = []
    for part in f"{folder}/{target}".split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            depth.append(part)
        elif depth:
            depth.pop()
        else:
            return None
    return "/".join(depth)
