"""Which commits of which other repositories stand in the tree of a commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.source.git.command import GitError, run_git
from builder.source.git.objects import KIND, SUBMODULE, Objects

_FILE = ".gitmodules"
_KEY = re.compile(r"submodule\.(?P<name>.*)\.(?P<what>path|url)", re.DOTALL)


@frozen
class Submodule:
    """A submodule: the folder that it stands in, its commit, and its address as its repository gives it."""

    path: str
    commit: str
    address: str


def linked(repository: Path, variables: Mapping[str, str], commit: str) -> dict[str, str]:
    """Return the paths in the tree of ``commit`` that stand for commits of other repositories, with those commits."""
    with Objects(repository, variables) as objects:
        walk = objects.walk(objects.commit(commit).tree)
        return {path: entry.object_id for path, entry in walk if entry.mode & KIND == SUBMODULE}


async def submodules(
    repository: Path, variables: Mapping[str, str], commit: str, links: Mapping[str, str]
) -> tuple[Submodule, ...]:
    """Return the submodules at ``links``, by path.

    Raises `SourceError` for a link that has no address, and for paths that leave the repository.
    """
    if not links:
        return ()
    addresses = await _addresses(repository, variables, commit)
    unknown = sorted(links.keys() - addresses.keys())
    if unknown:
        raise SourceError(
            f"the submodule {unknown[0]!r} of commit {commit} has no address in {_FILE}",
            code="source.git-submodule",
            remedy="set `submodules: false` if nothing needs it",
        )
    return tuple(Submodule(path=path, commit=links[path], address=addresses[path]) for path in sorted(links))


async def _addresses(repository: Path, variables: Mapping[str, str], commit: str) -> dict[str, str]:
    """Return path → address of what ``.gitmodules`` lists; git parses it and does nothing else with it."""
    try:
        listing = await run_git(
            variables, repository, "config", "--no-includes", "--blob", f"{commit}:{_FILE}", "--null", "--list"
        )
    except GitError as error:
        raise SourceError(
            f"commit {commit} has submodules, and its {_FILE} cannot be read: {error}", code="source.git-submodule"
        ) from error
    sections: dict[str, dict[str, str]] = {}
    for item in listing.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = item.partition("\n")
        if found := _KEY.fullmatch(key):
            sections.setdefault(found["name"], {})[found["what"]] = value
    for section in sections.values():
        _check_path(section.get("path", ""), commit)
    return {section["path"]: section["url"] for section in sections.values() if {"path", "url"} <= section.keys()}


def _check_path(path: str, commit: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith(("/", "-")) or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise SourceError(
            f"commit {commit} has a submodule at {path!r}, outside of itself",
            code="source.git-submodule",
            remedy="a repository like this cannot be trusted; take an archive that its authors publish",
        )
