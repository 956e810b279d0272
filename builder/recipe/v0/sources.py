"""``source`` of a ``meta.yaml``: archives, folders and repositories, as conda-build's ``source.py`` takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypedDict

from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.recipe.v0.keys import Keys

_UNPACKED = (
    ".7z", ".tar", ".tar.bz2", ".tar.gz", ".tar.lzma", ".tar.xz", ".tar.z", ".tar.zst", ".tgz", ".whl", ".zip",
)  # fmt: skip
"""What is unpacked; a file with any other name is copied, though it may be an archive."""

_WHEEL = ".whl"
_DIGESTS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
"""Digests that a recipe may give of a file, and how many hexadecimal digits they have."""

_OF_THE_MODEL = ("md5", "sha256")
_CONTENT = ("content_sha256", "content_sha384", "content_sha512", "content_hash_skip")
_REVISIONS = ("git_rev", "git_tag", "git_branch")
_ELSEWHERE = {"hg_url": "Mercurial", "svn_url": "Subversion"}
_TAKEN = (
    "fn", "url", *_DIGESTS, *_CONTENT, "path", "path_via_symlink", "git_url", *_REVISIONS, "git_depth", "hg_url",
    "hg_tag", "svn_url", "svn_rev", "svn_ignore_externals", "svn_username", "svn_password", "folder", "no_hoist",
    "patches",
)  # fmt: skip
KNOWN = frozenset(_TAKEN)


class _Placed(TypedDict):
    """What sources of all kinds have."""

    patches: tuple[str, ...]
    target_directory: str | None


class _File(TypedDict):
    """What files have, at an address or beside the recipe."""

    file_name: str | None
    archive_name: str | None
    sha256: str | None
    md5: str | None
    digests: tuple[tuple[str, str], ...]
    keeps_top_folder: bool


def sources_of(entries: Iterable[Keys]) -> tuple[Source, ...]:
    """Return the sources in their order; an entry that only has a folder is none.

    Patches by themselves change what is there by then.
    """
    found: list[Source] = []
    for entry in entries:
        sources = list(_source(entry))
        patches = entry.texts("patches")
        if not sources and patches and found and found[-1].target_directory == entry.text("folder"):
            found[-1] = replace(found[-1], patches=(*found[-1].patches, *patches))
        elif not sources and patches and not any(key in entry for key in (*_ELSEWHERE, "fn")):
            message = f"{entry.path} has patches, and nothing before it is there"
            remedy = "give them to the source that they change"
            entry.remarks.problem("recipe.source", message, entry.at("patches"), remedy)
        found += sources
    return tuple(found)


def _source(keys: Keys) -> Iterator[Source]:
    keys.unknown(KNOWN)
    for key in _CONTENT:
        if key in keys:
            keys.remarks.ignored(keys.at(key), "the digest of the whole file is compared")
    placed = _Placed(patches=keys.texts("patches"), target_directory=keys.text("folder"))
    if "url" in keys:
        yield from _files(keys, placed)
    elif "fn" in keys:
        keys.remarks.problem("recipe.source", f"{keys.path} has fn without url", keys.at("fn"), "add url")
    elif "git_url" in keys:
        yield _git(keys, placed)
    elif (other := next((key for key in _ELSEWHERE if key in keys), None)) is not None:
        keys.remarks.problem(
            "recipe.source",
            f"{keys.at(other)}: sources in {_ELSEWHERE[other]} are not fetched",
            keys.at(other),
            "name an archive of that revision by url and sha256, or a git repository",
        )
    elif "path" in keys:
        yield _path(keys, placed)


def _files(keys: Keys, placed: _Placed) -> Iterator[Source]:
    """Yield the file at an address; an address without a scheme is a path beside the recipe.

    ``fn`` is the file's name, by which it is known whether it is unpacked. Of a wheel there is the file, too.
    """
    urls, fn = keys.texts("url"), keys.text("fn")
    if not urls:
        keys.remarks.problem("recipe.source", f"{keys.at('url')} names no address", keys.at("url"), "write one")
        return
    name = fn or PurePosixPath(urls[0].partition("?")[0]).name
    is_unpacked, digests = name.lower().endswith(_UNPACKED), dict(_digests(keys))
    is_beside = "://" not in urls[0] and not urls[0].startswith(("pypi:", "debian:"))
    file = _File(
        file_name=None if is_unpacked else name,
        archive_name=fn if is_unpacked else None,
        sha256=digests.get("sha256"),
        md5=digests.get("md5"),
        digests=tuple((kind, digest) for kind, digest in digests.items() if kind not in _OF_THE_MODEL),
        keeps_top_folder="no_hoist" in keys.data,
    )
    source: UrlSource | PathSource = UrlSource(urls=urls, **file, **placed)
    if is_beside:
        source = PathSource(path=urls[0], use_gitignore=False, **file, **placed)
    if name.lower().endswith(_WHEEL):
        yield replace(source, file_name=name, archive_name=None, patches=())
    yield source


def _digests(keys: Keys) -> Iterator[tuple[str, str]]:
    for kind, length in _DIGESTS.items():
        digest = (keys.text(kind) or "").strip().lower()
        if digest and (len(digest) != length or not set(digest) <= set("0123456789abcdef")):
            message = f"{keys.at(kind)} is {digest[:length]!r}, which is not {length} hexadecimal digits"
            keys.remarks.problem("recipe.value", message, keys.at(kind), f"write the {kind} of the file")
        elif digest:
            yield kind, digest


def _git(keys: Keys, placed: _Placed) -> GitSource:
    revisions = [key for key in _REVISIONS if key in keys]
    if len(revisions) > 1:
        message = f"{keys.path} has {' and '.join(revisions)}"
        keys.remarks.problem("recipe.source", message, keys.at(revisions[1]), "keep one of them")
    depth = keys.text("git_depth") or ""
    return GitSource(
        git=keys.text("git_url") or "",
        rev=keys.text(revisions[0]) if revisions else None,
        depth=int(depth) if depth.isdigit() and int(depth) else None,
        **placed,
    )


def _path(keys: Keys, placed: _Placed) -> PathSource:
    """Return a folder, or a file that is copied as it is."""
    if "path_via_symlink" in keys:
        why = "sources are always copied, so that builds cannot change them"
        keys.remarks.ignored(keys.at("path_via_symlink"), why)
    path = keys.text("path") or ""
    name = PurePosixPath(path).name
    named = None if name in {"", ".", ".."} else name
    return PathSource(path=path, use_gitignore=False, file_name=named, **placed)
