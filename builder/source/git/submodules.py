"""Which commits of which other repositories stand in the tree of a commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from builder.archive import UnpackLimits
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.source.git.command import GitError, run_git
from builder.source.git.dotgit import is_dot_git
from builder.source.git.objects import FILE, KIND, SUBMODULE, Objects

_FILE = ".gitmodules"
_LONGEST = 1 << 20
_SECONDS = 60.0  # it reads a text
_DEFAULT = UnpackLimits()
_KEY = re.compile(r"submodule\.(?P<name>.*)\.(?P<what>path|url)", re.DOTALL)


@frozen
class Submodule:
    """A submodule: the folder that it stands in, its commit, and its address as its repository gives it."""

    path: str
    commit: str
    address: str


@frozen
class Links:
    """What a commit says of submodules: their commits by path, and the text of its ``.gitmodules``."""

    commits: Mapping[str, str]
    listing: bytes | None


def linked(repository: Path, variables: Mapping[str, str], commit: str, limits: UnpackLimits = _DEFAULT) -> Links:
    """Return what ``commit`` says of submodules; each object that tells it was checked against its id.

    Raises `SourceError` for a tree of more than ``limits`` allow, or such a ``.gitmodules``.
    """
    with Objects(repository, variables, limits) as objects:
        name = f"commit {commit}"
        tree = objects.commit(commit).tree
        found = {path: one.object_id for path, one in objects.walk(tree, name) if one.mode & KIND == SUBMODULE}
        if not found:
            return Links(commits={}, listing=None)
        return Links(commits=found, listing=small_file(objects, tree, _FILE, name))


def small_file(objects: Objects, tree: str, file: str, name: str) -> bytes | None:
    """Return a regular file at the top of a tree, None without one; `SourceError` for more than 1 MiB."""
    entry = next((one for one in objects.tree(tree) if one.name == file and one.mode & KIND == FILE), None)
    if entry is None:
        return None
    size, pieces = objects.blob(entry.object_id)
    if size > _LONGEST:
        raise SourceError(
            f"{name} has a {file} of {size} bytes",
            code="source.git-member",
            remedy="a repository like this cannot be trusted; take an archive that its authors publish",
        )
    return b"".join(pieces)


async def settings(variables: Mapping[str, str], listing: bytes) -> list[tuple[str, str]]:
    """Return keys and values of a file in the form of git's configuration; git parses it and does nothing else with it.

    Raises `GitError` for one that has another form.
    """
    said = await run_git(
        variables, None, "config", "--file=-", "--no-includes", "--null", "--list", given=listing, seconds=_SECONDS
    )
    items = said.decode("utf-8", "surrogateescape").split("\0")
    return [(key, value) for key, _, value in (item.partition("\n") for item in items) if key]


async def submodules(variables: Mapping[str, str], commit: str, links: Links) -> tuple[Submodule, ...]:
    """Return the submodules that ``commit`` says it has, by path.

    Raises `SourceError` for a link that has no address, and for paths that leave the repository.
    """
    if not links.commits:
        return ()
    addresses = await _addresses(variables, commit, links.listing or b"")
    unknown = sorted(links.commits.keys() - addresses.keys())
    if unknown:
        raise SourceError(
            f"the submodule {unknown[0]!r} of commit {commit} has no address in {_FILE}",
            code="source.git-submodule",
            remedy="set `submodules: false` if nothing needs it",
        )
    return tuple(
        Submodule(path=path, commit=links.commits[path], address=addresses[path]) for path in sorted(links.commits)
    )


async def _addresses(variables: Mapping[str, str], commit: str, listing: bytes) -> dict[str, str]:
    """Return path → address of what ``.gitmodules`` lists."""
    try:
        found = await settings(variables, listing)
    except GitError as error:
        raise SourceError(
            f"commit {commit} has submodules, and its {_FILE} cannot be read: {error}",
            code="source.git-submodule",
            remedy="set `submodules: false` if nothing needs them",
        ) from error
    sections: dict[str, dict[str, str]] = {}
    for key, value in found:
        if parts := _KEY.fullmatch(key):
            sections.setdefault(parts["name"], {})[parts["what"]] = value
    for section in sections.values():
        _check_path(section.get("path", ""), commit)
    return {section["path"]: section["url"] for section in sections.values() if {"path", "url"} <= section.keys()}


def _check_path(path: str, commit: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith(("/", "-")) or ".." in parts or any(is_dot_git(part) for part in parts):
        raise SourceError(
            f"commit {commit} has a submodule at {path!r}, outside of itself",
            code="source.git-submodule",
            remedy="a repository like this cannot be trusted; take an archive that its authors publish",
        )
