"""What a recipe's sources are, known without a network: digests for keys, and everything that can be wrong by then."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from builder.errors import BakehouseError, Problem, SourceError
from builder.model.payload import EntryKind
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.model.source import SourceDigest
from builder.source import folder
from builder.source.address import check_address, shown
from builder.source.git.address import git_address, without_secret
from builder.source.git.revision import pinned_commit, wanted
from builder.store import digest_file

_ABSENT = "name a file or folder in the recipe's folder"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def source_digests(sources: Sequence[Source], recipe_folder: Path) -> tuple[SourceDigest, ...]:
    """Return a digest for each source, in order; asks no network.

    For an address it is the recipe's sha256 (without one, that of what came when the plan was made, if it came), for a
    path `builder.source.folder.digest` of what is there now, for a git repository the commit, which the recipe says or
    the plan has found. Raises one `SourceError` with all that is wrong: no sha256, unusable addresses, paths that are
    absent or leave the recipe's folder.
    """
    digests: list[SourceDigest] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            digests.append(_digest(source, recipe_folder))
        except BakehouseError as error:
            problems.extend(error.problems)
    if problems:
        raise SourceError.of(problems)
    return tuple(digests)


def _digest(source: Source, recipe_folder: Path) -> SourceDigest:
    if source.target_directory is not None:
        inside_only(source.target_directory, "target_directory")
    match source:
        case GitSource():
            return _commit_digest(source, recipe_folder)
        case UrlSource():
            sha256, unhashed = _sha256(source), source.sha256 is None
            return SourceDigest(url=shown(source.urls[0]), sha256=sha256, kind="url", unhashed=unhashed)
        case PathSource():
            place = located(source.path, recipe_folder)
            try:
                return _path_digest(source, place)
            except OSError as error:
                message = f"{error.filename or place} cannot be read: {error.strerror}"
                raise SourceError(message, code="source.unreadable") from error


def _commit_digest(source: GitSource, recipe_folder: Path) -> SourceDigest:
    git_address(source.git, recipe_folder)
    pinned = pinned_commit(source)
    commit = source.commit or pinned
    if commit is None:
        raise SourceError(
            f"{wanted(source).words} of {without_secret(source.git)} may be any commit",
            code="source.git-commit",
            remedy="write `rev` with a whole commit id, or `expected_commit`",
        )
    # All that is taken of a repository hangs on the commit's id, as all of a file does on its digest.
    sha256 = hashlib.sha256(f"git commit {commit}".encode()).hexdigest()
    return SourceDigest(url=without_secret(source.git), sha256=sha256, kind="git", commit=commit)


def _sha256(source: UrlSource) -> str:
    for address in source.urls:
        check_address(address)
    if source.file_name is not None:
        plain_name(source.file_name)
    sha256 = source.known_sha256
    if sha256 is None:
        raise SourceError(
            f"{shown(source.urls[0])} has no sha256" + ("" if source.md5 is None else ", and md5 alone proves nothing"),
            code="source.unhashed",
            remedy="`bakehouse fetch` downloads it once and says the line to write; with --allow-unhashed it is used, "
            "for packages that are never published",
        )
    if not _SHA256.fullmatch(sha256):
        raise SourceError(
            f"{sha256!r} is no sha256 in lower-case hexadecimal",
            code="source.unhashed",
            remedy="write 64 digits",
        )
    return sha256


def _path_digest(source: PathSource, place: Path) -> SourceDigest:
    if place.is_dir():
        found = folder.items_of(source, place)
        contents = folder.contents_digest(found)
    else:
        found = (file_item(place, source.file_name),)
        contents = digest_file(place).sha256
        if source.sha256 is not None and contents != source.sha256:
            raise SourceError(
                f"{source.path} has sha256 {contents}, not {source.sha256} as the recipe says",
                code="source.wrong-bytes",
            )
        for kind, wanted, there in other_digests(source, place):
            if there != wanted:
                message = f"{source.path} has {kind} {there}, not {wanted} as the recipe says"
                raise SourceError(message, code="source.wrong-bytes")
    return SourceDigest(url=source.path, sha256=folder.digest(found), kind="path", contents_sha256=contents)


def other_digests(source: UrlSource | PathSource, file: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what the recipe says of a file beside its sha256: the kind of digest, the recipe's, the file's."""
    given = dict(source.digests) | ({} if source.md5 is None else {"md5": source.md5})
    for kind, digest in given.items():
        with file.open("rb") as opened:
            there = hashlib.file_digest(opened, partial(hashlib.new, kind, usedforsecurity=False))
        yield kind, digest.lower(), there.hexdigest()


def file_item(place: Path, name: str | None) -> folder.Item:
    """Return the only item of a source that is one file."""
    executable = bool(place.stat().st_mode & 0o111)
    return folder.Item(path=plain_name(name or place.name), place=place, kind=EntryKind.FILE, executable=executable)


def located(path: str, recipe_folder: Path) -> Path:
    """Return where a recipe's ``path`` lies; links may not lead out of the recipe's folder either."""
    try:
        place = (recipe_folder / path).resolve()
        is_there = place.is_dir() or place.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, NUL, endless names
        raise SourceError(f"{path[:200]!r} is no path of a file", code="source.absent", remedy=_ABSENT) from error
    if Path(path).is_absolute() or not place.is_relative_to(recipe_folder.resolve()):
        raise SourceError(
            f"{path!r} lies outside the recipe's folder",
            code="source.outside",
            remedy="put it beside the recipe, or name an archive of it by address and sha256",
        )
    if not is_there:
        raise SourceError(
            f"there is no file or folder {path!r} beside the recipe", code="source.absent", remedy=_ABSENT
        )
    return place


def inside_only(path: str, what: str) -> PurePosixPath:
    """Return ``path`` when it is relative and stays below where it starts, else raise a `SourceError`."""
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or "\0" in path:
        raise SourceError(f"{what} {path!r} leaves the work folder", code="source.outside")
    return relative


def plain_name(name: str) -> str:
    """Return ``name`` when it is the name of a file and no path, else raise a `SourceError`."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise SourceError(f"file_name {name!r} is no plain file name", code="source.outside")
    return name
