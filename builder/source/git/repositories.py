"""Fetches commits of git repositories into the store, each into a folder of its own that never changes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from builder.archive import Unpacked
from builder.errors import SourceError
from builder.model.recipe import GitSource
from builder.source.address import Addresses, with_mirrors
from builder.source.git.address import git_address, protocol, submodule_address, without_secret
from builder.source.git.checkout import Checkout, check_out
from builder.source.git.command import GitError, git_variables, run_git
from builder.source.git.known import Known
from builder.source.git.lfs import fetch_large, missing_large
from builder.source.git.revision import (
    Wanted,
    chosen,
    is_commit,
    parse_references,
    patterns,
    pinned_commit,
    unexpected,
    wanted,
)
from builder.source.git.submodules import linked, submodules
from builder.source.git.trouble import never_fetched, unanswered
from builder.store import Store

_KIND = "git"
_DEEPEST = 8
_TAKEN = "refs/heads/taken"
_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_T = TypeVar("_T")


class Repositories:
    """Turns revisions into commits, and commits into checkouts.

    A commit is fetched without history, once, under a file lock of its id; whoever reads it checks every object. So it
    does not matter where it came from, and a killed process leaves nothing that anybody could take for finished.
    """

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        *,
        offline: bool = False,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Fetch through ``addresses``; ``offline`` makes everything that is not in the store a `MachineError`."""
        self._store = store
        self._addresses = addresses
        self._offline = offline
        self._report = report
        self._known = Known(store)

    async def commit(self, source: GitSource, recipe_folder: Path) -> str:
        """Return the commit that ``source`` means now; its repository is asked unless the recipe says it.

        Offline it is the one that was fetched last, and that is reported. Raises `SourceError` when the repository has
        no such revision, `MachineError` when it does not answer.
        """
        pinned = source.commit or pinned_commit(source)
        if pinned is not None:
            return pinned
        address, asked = git_address(source.git, recipe_folder), wanted(source)
        known = self._known.commit(without_secret(address), asked.words)
        if self._offline:
            if known is None:
                raise never_fetched(f"{asked.words} of {without_secret(source.git)}")
            self._report(f"{without_secret(source.git)}: {asked.words} is taken to be {known}, as fetched last")
            return known
        if known is not None and asked.short is not None and known.startswith(asked.short):
            return known
        return await self._resolved(source, address, asked)

    async def fetch(self, source: GitSource, recipe_folder: Path) -> Checkout:
        """Return the checkout of ``source``, all of it in the store: submodules and large files too.

        Raises `SourceError` when its revision is not the expected commit, or is gone; `MachineError` when the
        repository cannot be reached, or ``offline`` was asked for and something is missing.
        """
        address, asked = git_address(source.git, recipe_folder), wanted(source)
        commit = await self.commit(source, recipe_folder)
        await self._compare(source, address, asked, commit)
        checkout = await self._checkout(address, commit, source, recipe_folder)
        if not is_commit(source.rev or ""):
            await asyncio.to_thread(self._known.remember, without_secret(address), asked.words, commit)
        return checkout

    def check_out(self, checkout: Checkout, into: Path) -> Unpacked:
        """Write the tree of ``checkout`` to the folder ``into``; see `builder.source.git.checkout.check_out`."""
        return check_out(checkout, into, variables=self._variables(), stored=self._store.file)

    async def _resolved(self, source: GitSource, address: str, asked: Wanted) -> str:
        async def ask(place: str) -> str | None:
            listing = await run_git(self._variables(place), None, "ls-remote", "--quiet", "--", place, *patterns(asked))
            return chosen(asked, parse_references(listing))

        found = await self._anywhere(address, ask)
        if found is None and asked.short is not None:
            found = await self._of_short(address, asked.short)
        if found is None:
            raise SourceError(
                f"{without_secret(source.git)} has no {asked.words.removeprefix('the ')}",
                code="source.git-revision",
                remedy="`git ls-remote ADDRESS` lists what it has",
            )
        return found

    async def _compare(self, source: GitSource, address: str, asked: Wanted, commit: str) -> None:
        """Refuse a revision that is not the expected commit; one that was compared before is not asked for again."""
        if source.expected_commit is None or is_commit(source.rev or ""):
            return
        known = await asyncio.to_thread(self._known.commit, without_secret(address), asked.words)
        if known == source.expected_commit:
            return
        found = known if self._offline else await self._resolved(source, address, asked)
        if found is None:
            raise never_fetched(f"{asked.words} of {without_secret(source.git)}")
        if found != commit:
            raise unexpected(source, found)

    async def _checkout(
        self, address: str, commit: str, source: GitSource, recipe_folder: Path, depth: int = 0
    ) -> Checkout:
        folder = await self._fetched(address, commit)
        inner: dict[str, Checkout] = {}
        if source.submodules:
            variables = self._variables()
            links = await asyncio.to_thread(linked, folder, variables, commit)
            if links and depth == _DEEPEST:
                raise SourceError(
                    f"{without_secret(address)} has submodules more than {_DEEPEST} deep", code="source.git-submodule"
                )
            for one in await submodules(folder, variables, commit, links):
                place = submodule_address(one.address, address, recipe_folder)
                inner[one.path] = await self._checkout(place, one.commit, source, recipe_folder, depth + 1)
        if source.lfs:
            await self._large(address, commit, folder)
        return Checkout(name=without_secret(address), commit=commit, folder=folder, submodules=inner, lfs=source.lfs)

    async def _fetched(self, address: str, commit: str) -> Path:
        """Return the bare repository that holds ``commit``, fetched when it is not in the store."""
        there = self._store.folder(_KIND, commit)
        if there is not None:
            return there
        if self._offline:
            raise never_fetched(f"commit {commit} of {without_secret(address)}")
        async with self._store.making_async(_KIND, commit) as making:
            if not making.ready:
                self._report(f"{without_secret(address)}: fetching commit {commit}")
                await self._make(making.path, commit)
                await self._anywhere(address, lambda place: self._bring(place, commit, making.path))
        there = self._store.folder(_KIND, commit)
        assert there is not None
        return there

    async def _make(self, folder: Path, commit: str) -> None:
        """Make an empty bare repository for commits with ids like ``commit``."""
        form = "sha1" if len(commit) == 40 else "sha256"
        options = ("--quiet", "--bare", "--template=", "--initial-branch=taken", f"--object-format={form}")
        await run_git(self._variables(), None, "init", *options, str(folder))

    async def _bring(self, place: str, commit: str, folder: Path) -> None:
        """Fetch ``commit`` alone; where the server gives only what it lists, by way of all that it lists."""
        try:
            await self._take(place, commit, folder)
        except GitError as failure:
            if not _is_unlisted(str(failure)):
                raise
            async with self._whole(place, len(commit)) as whole:
                if not await _has(self._variables(), whole, commit):
                    raise GitError(f"it has no commit {commit}") from failure
                await self._take(whole.as_uri(), commit, folder)
        if not await _has(self._variables(), folder, commit):
            raise GitError(f"{commit} is no commit there, but something else")

    async def _take(self, place: str, commit: str, folder: Path) -> None:
        await run_git(
            self._variables(place), folder,
            "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--", place, f"{commit}:{_TAKEN}",
        )  # fmt: skip

    @asynccontextmanager
    async def _whole(self, place: str, width: int) -> AsyncIterator[Path]:
        """Give a repository with all branches and tags of the one at ``place``, for the length of the block."""
        async with self._store.scratch_async("git") as room:
            folder = room / "whole"
            await self._make(folder, "0" * width)
            await run_git(
                self._variables(place), folder, "fetch", "--quiet", "--no-write-fetch-head", "--", place, *_EVERYTHING
            )
            yield folder

    async def _of_short(self, address: str, short: str) -> str | None:
        """Return the commit that begins with ``short``; the whole history must be looked through."""
        self._report(
            f"{without_secret(address)}: looking for {short} in its whole history; a whole commit id is faster"
        )

        async def look(place: str) -> str | None:
            async with self._whole(place, 40) as whole:
                try:
                    said = await run_git(self._variables(), whole, "rev-parse", "--verify", f"{short}^{{commit}}")
                except GitError:
                    return None
                return said.decode().strip()

        return await self._anywhere(address, look)

    async def _large(self, address: str, commit: str, folder: Path) -> None:
        variables = self._variables()
        if not await asyncio.to_thread(missing_large, self._store, variables, folder, commit):
            return
        if self._offline:
            raise never_fetched(f"a large file of {without_secret(address)}")

        async def bring(place: str) -> None:
            async with self._store.scratch_async("git-lfs") as room:
                await self._make(room / "copy", commit)
                await self._take(folder.as_uri(), commit, room / "copy")
                await fetch_large(self._store, self._variables(place), room / "copy", place, commit)
            if missing := await asyncio.to_thread(missing_large, self._store, variables, folder, commit):
                raise GitError(f"git-lfs did not get {missing[0]}")

        await self._anywhere(address, bring)

    async def _anywhere(self, address: str, attempt: Callable[[str], Awaitable[_T]]) -> _T:
        """Return what the first place gives that does: the address's mirrors in order, then itself."""
        failures: list[tuple[str, str]] = []
        for place in with_mirrors(address, self._addresses.mirrors):
            try:
                found = await attempt(place)
            except GitError as failure:
                failures.append((without_secret(place), str(failure)))
                continue
            for passed, why in failures:
                self._report(f"{passed}: {why}; took {without_secret(place)}")
            return found
        raise unanswered(failures)

    def _variables(self, place: str | None = None) -> Mapping[str, str]:
        return git_variables(self._addresses.environment, None if place is None else protocol(place))


def _is_unlisted(words: str) -> bool:
    """Whether a server refused a commit only because no branch or tag is at it."""
    signs = ("not our ref", "unadvertised object", "dumb http", "couldn't find remote ref", "no such remote ref")
    return any(sign in words.lower() for sign in signs)


async def _has(variables: Mapping[str, str], folder: Path, commit: str) -> bool:
    try:
        kind = await run_git(variables, folder, "cat-file", "-t", commit)
    except GitError:
        return False
    return kind.strip() == b"commit"
