"""From what a recipe asks for (a branch, a tag, a revision) to the one commit that it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.model.recipe import GitSource
from builder.source.git.address import without_secret

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = re.compile(r"[0-9a-f]{4,63}")


@frozen
class Wanted:
    """What a source asks for: ``words`` for people, ``names`` the references that may carry it, the likeliest first.

    ``short`` is the beginning of a commit, when it may be one.
    """

    words: str
    names: tuple[str, ...]
    short: str | None = None


def is_commit(text: str) -> bool:
    """Whether ``text`` is a whole commit id (SHA-1, or SHA-256 in repositories of that kind)."""
    return _COMMIT.fullmatch(text) is not None


def wanted(source: GitSource) -> Wanted:
    """Return what ``source`` asks for; the repository's default branch when it does not say."""
    if source.rev is not None:
        rev = source.rev
        words = f"commit {rev}" if _SHORT.fullmatch(rev) else f"revision {rev}"
        names = (rev,) if rev == "HEAD" or rev.startswith("refs/") else (f"refs/tags/{rev}", f"refs/heads/{rev}")
        return Wanted(words=words, names=names, short=rev if _SHORT.fullmatch(rev) else None)
    if source.tag is not None:
        return Wanted(words=f"tag {source.tag}", names=(f"refs/tags/{source.tag}",))
    if source.branch is not None:
        return Wanted(words=f"branch {source.branch}", names=(f"refs/heads/{source.branch}",))
    return Wanted(words="the default branch", names=("HEAD",))


def pinned_commit(source: GitSource) -> str | None:
    """Return the commit that ``source`` itself names, None when only its repository knows.

    Raises `SourceError` for an ``expected_commit`` that is no whole commit, or another one than ``rev``.
    """
    expected, rev = source.expected_commit, source.rev
    if expected is not None and not is_commit(expected):
        raise SourceError(
            f"expected_commit {expected!r} is no whole commit id",
            code="source.git-commit",
            remedy="write all 40 digits in lower case: `bakehouse fetch PATH…` prints them",
        )
    if rev is not None and is_commit(rev):
        if expected not in {None, rev}:
            raise unexpected(source, rev)
        return rev
    return expected


def is_moving(source: GitSource) -> bool:
    """Whether ``source`` may be another commit tomorrow."""
    return pinned_commit(source) is None


def unexpected(source: GitSource, found: str) -> SourceError:
    """Make the error of a revision that is not the expected commit; it names both."""
    return SourceError(
        f"{wanted(source).words} of {without_secret(source.git)} is commit {found}, "
        f"not {source.expected_commit} as expected_commit says",
        code="source.git-commit",
        remedy=f"if that change is wanted, write `expected_commit: {found}`; to stay, `rev: {source.expected_commit}`",
    )


def parse_references(listing: bytes) -> dict[str, str]:
    """Return the references of ``git ls-remote``: name → commit; an annotated tag stands for what it marks."""
    found: dict[str, str] = {}
    for line in listing.decode("utf-8", "replace").splitlines():
        commit, _, name = line.partition("\t")
        if is_commit(commit) and name:
            found[name] = commit
    return {name: found.get(f"{name}^{{}}", commit) for name, commit in found.items() if not name.endswith("^{}")}


def patterns(asked: Wanted) -> Iterator[str]:
    """Yield what to give to ``git ls-remote``, so that the server need not list everything."""
    for name in asked.names:
        yield name
        if name.startswith("refs/tags/"):
            yield f"{name}^{{}}"


def chosen(asked: Wanted, references: Mapping[str, str]) -> str | None:
    """Return the commit that the references give for what is asked, None when none of them carries it."""
    return next((references[name] for name in asked.names if name in references), None)
