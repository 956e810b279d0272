"""``source`` of a ``meta.yaml``: archives, folders and repositories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypedDict

from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.recipe.v0.keys import Keys


class _Placed(TypedDict):
    """What sources of all kinds have."""

    patches: tuple[str, ...]
    target_directory: str | None


def sources_of(entries: Iterable[Keys]) -> tuple[Source, ...]:
    """Return the sources in their order; those that only have a folder or patches are none."""
    return tuple(source for entry in entries for source in _source(entry))


def _source(keys: Keys) -> Iterator[Source]:
    placed = _Placed(patches=keys.texts("patches"), target_directory=keys.text("folder"))
    if "url" in keys:
        yield UrlSource(
            urls=keys.texts("url"),
            sha256=keys.text("sha256"),
            md5=keys.text("md5"),
            file_name=keys.text("fn"),
            **placed,
        )
    elif "git_url" in keys:
        depth = keys.text("git_depth") or ""
        yield GitSource(
            git=keys.text("git_url") or "",
            rev=keys.text("git_rev") or keys.text("git_tag") or keys.text("git_branch"),
            depth=int(depth) if depth.isdigit() else None,
            **placed,
        )
    elif "path" in keys:
        yield PathSource(path=keys.text("path") or "", use_gitignore=False, **placed)
