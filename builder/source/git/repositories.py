"""Fetches commits of git repositories into the store, each into a folder of its own that never changes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from builder.archive import Unpacked, UnpackLimits
from builder.errors import SourceError
from builder.model.recipe import GitSource
from builder.sandbox.confined import Confined, confine
from builder.source.address import Addresses
from builder.source.git.address import git_address, submodule_address, without_secret
from builder.source.git.bounded import fetch
from builder.source.git.checkout import Checkout, Means, check_out
from builder.source.git.command import GitError, run_git
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
from builder.source.git.submodules import Submodule, linked, submodules
from builder.source.git.trouble import never_fetched
from builder.source.git.ways import Way, Ways
from builder.store import Store

_KIND = "git"
_DEEPEST = 8
_MOST_SUBMODULES = 1000
_TAKEN = "refs/heads/taken"
_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


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
        self._ways = Ways(store, addresses, report)
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
        checkout = await _Gathering(self, source, recipe_folder).checkout(address, commit)
        if not is_commit(source.rev or ""):
            await asyncio.to_thread(self._known.remember, without_secret(address), asked.words, commit)
        return checkout

    def check_out(
        self, checkout: Checkout, into: Path, *, case_blind: bool = False, unpacker: Confined | None = None
    ) -> Unpacked:
        """Write the tree of ``checkout`` to the folder ``into``, behind walls; see `builder.source.git.checkout`."""
        unpacker = unpacker or confine(self._store)
        means = Means(variables=self._ways.nowhere, stored=self._store.file, lay_out=unpacker.lay_out)
        return check_out(checkout, into, means, limits=unpacker.limits, case_blind=case_blind)

    @property
    def _limits(self) -> UnpackLimits:
        return confine(self._store).limits

    async def _resolved(self, source: GitSource, address: str, asked: Wanted) -> str:
        async def ask(way: Way) -> str | None:
            asking = ("ls-remote", "--quiet", "--", way.address, *patterns(asked))
            return chosen(asked, parse_references(await run_git(way.variables, None, *asking)))

        found = await self._ways.first(address, ask)
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

    async def submodules(self, folder: Path, commit: str) -> tuple[Submodule, ...]:
        """Return the submodules of ``commit``, which the bare repository ``folder`` holds."""
        links = await asyncio.to_thread(linked, folder, self._ways.nowhere, commit, self._limits)
        return await submodules(self._ways.nowhere, commit, links)

    async def fetched(self, address: str, commit: str) -> Path:
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
                await self._ways.first(address, lambda way: self._bring(way, commit, making.path))
        there = self._store.folder(_KIND, commit)
        assert there is not None
        return there

    async def _make(self, folder: Path, commit: str, *, head: str = "taken") -> None:
        """Make an empty bare repository for commits with ids like ``commit``; ``head`` is its branch."""
        form = "sha1" if len(commit) == 40 else "sha256"
        options = ("--quiet", "--bare", "--template=", f"--initial-branch={head}", f"--object-format={form}")
        await run_git(self._ways.nowhere, None, "init", *options, str(folder))

    async def _bring(self, way: Way, commit: str, folder: Path) -> None:
        """Fetch ``commit`` alone; where the server gives only what it lists, by way of all that it lists."""
        try:
            await self._take(way, commit, folder)
        except GitError as failure:
            if not _is_unlisted(str(failure)):
                raise
            async with self._whole(way, len(commit)) as whole:
                if not await _has(self._ways.nowhere, whole, commit):
                    raise GitError(f"it has no commit {commit}") from failure
                await self._take(self._way_to(whole), commit, folder)
        if not await _has(self._ways.nowhere, folder, commit):
            raise GitError(f"{commit} is no commit there, but something else")

    async def _take(self, way: Way, commit: str, folder: Path) -> None:
        wanted = ("--depth=1", "--no-tags", "--", way.address, f"{commit}:{_TAKEN}")
        await fetch(way.variables, folder, *wanted, largest=self._limits.ratio_from)

    def _way_to(self, folder: Path) -> Way:
        """Return the way to a repository that is ours."""
        return Way(address=folder.as_uri(), variables=self._ways.here)

    @asynccontextmanager
    async def _whole(self, way: Way, width: int) -> AsyncIterator[Path]:
        """Give a repository with all branches and tags of the one at ``place``, for the length of the block."""
        async with self._store.scratch_async("git") as room:
            folder = room / "whole"
            await self._make(folder, "0" * width)
            largest = self._limits.ratio_from
            await fetch(way.variables, folder, "--", way.address, *_EVERYTHING, largest=largest)
            yield folder

    async def _of_short(self, address: str, short: str) -> str | None:
        """Return the commit that begins with ``short``; the whole history must be looked through."""
        self._report(
            f"{without_secret(address)}: looking for {short} in its whole history; a whole commit id is faster"
        )

        async def look(way: Way) -> str | None:
            async with self._whole(way, 40) as whole:
                try:
                    said = await run_git(self._ways.nowhere, whole, "rev-parse", "--verify", f"{short}^{{commit}}")
                except GitError:
                    return None
                return said.decode().strip()

        return await self._ways.first(address, look)

    async def bring_large(self, address: str, commit: str, folder: Path) -> int:
        """Have all large files of ``commit`` in the store and return their size; the repository ``folder`` holds it."""
        variables = self._ways.nowhere
        missing = await asyncio.to_thread(missing_large, self._store, variables, folder, commit, self._limits)
        if not missing.files:
            return missing.size
        if self._offline:
            raise never_fetched(f"a large file of {without_secret(address)}")

        async def bring(way: Way) -> None:
            async with self._store.scratch_async("git-lfs") as room:
                # Nothing is at its HEAD, where git-lfs would look for settings that the commit brings.
                await self._make(room / "copy", commit, head="nothing")
                await self._take(self._way_to(folder), commit, room / "copy")
                await fetch_large(self._store, way, room / "copy", commit, missing)
            still = await asyncio.to_thread(missing_large, self._store, variables, folder, commit, self._limits)
            if still.files:
                raise GitError(f"git-lfs did not get {still.files[0].sha256}")

        await self._ways.first(address, bring)
        return missing.size


class _Gathering:
    """Gathers one source with all its submodules; what a commit says of these is looked at once."""

    def __init__(self, repositories: Repositories, source: GitSource, recipe_folder: Path) -> None:
        self._repositories = repositories
        self._source = source
        self._recipe_folder = recipe_folder
        self._known: dict[str, tuple[Submodule, ...]] = {}
        self._count = 0

    async def checkout(self, address: str, commit: str, depth: int = 0) -> Checkout:
        name = without_secret(address)
        folder = await self._repositories.fetched(address, commit)
        inner: dict[str, Checkout] = {}
        if self._source.submodules:
            if commit not in self._known:
                self._known[commit] = await self._repositories.submodules(folder, commit)
            self._bound(name, len(self._known[commit]), depth)
            for one in self._known[commit]:
                place = submodule_address(one.address, address, self._recipe_folder)
                inner[one.path] = await self.checkout(place, one.commit, depth + 1)
        lfs = self._source.lfs
        large = await self._repositories.bring_large(address, commit, folder) if lfs else 0
        return Checkout(name=name, commit=commit, folder=folder, submodules=inner, lfs=lfs, large=large)

    def _bound(self, name: str, more: int, depth: int) -> None:
        self._count += more
        why = f"more than {_DEEPEST} deep" if more and depth == _DEEPEST else ""
        if self._count > _MOST_SUBMODULES:
            why = f"of which there are more than {_MOST_SUBMODULES} in all"
        if why:
            raise SourceError(
                f"{name} has submodules {why}",
                code="source.git-submodule",
                remedy="set `submodules: false`, and name those that are needed as sources of their own",
            )


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
