"""What recipes ask of git repositories, ``git.head_rev`` and its like: answered by git, offline as it answered last."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.errors import SourceError
from builder.source.address import Addresses
from builder.source.git.address import git_address, protocol, without_secret
from builder.source.git.command import GitError, run_git
from builder.source.git.lent import lend
from builder.source.git.revision import is_commit
from builder.source.git.trouble import never_fetched, unanswered
from builder.source.git.ways import Way, Ways
from builder.store import Store, atomic_write, disk_errors

_FOLDER = "git-answers"
_LONGEST = 1000
_HEAD = "refs/heads/asked"
_TAGS = "refs/tags/"
_SECONDS = 60.0  # it reads what lies on a disk


class Questions:
    """Answers as rattler-build does: a folder is asked what it has checked out, an address what its server lists.

    The latest tag of a folder is the nearest one in its history, that of an address the highest as a version.
    """

    def __init__(self, store: Store, addresses: Addresses, *, offline: bool = False) -> None:
        """Ask through ``addresses``; ``offline`` gives what ``store`` remembers of repositories that are not here."""
        self._store = store
        self._ways = Ways(store, addresses)
        self._offline = offline

    async def answer(self, question: str, text: str, recipe_folder: Path) -> str:
        """Return the answer to ``question`` about the repository that a recipe in ``recipe_folder`` calls ``text``.

        Raises `SourceError` for what is no address, or a repository without an answer; `MachineError` for one that
        cannot be reached, or was never asked this before and may not be ``offline``.
        """
        address = git_address(text, recipe_folder)
        if "://" not in text and protocol(address) == "file":
            folder = Path(unquote(urlsplit(address).path))
            try:
                return _usable(address, await self._of_folder(question, folder))
            except GitError as failure:
                raise unanswered([(address, str(failure))]) from failure
        return await self._of_address(question, address)

    async def _of_folder(self, question: str, folder: Path) -> str:
        async with self._store.scratch_async("git") as room:
            return await self._of_lent(question, await lend(folder, room / "lent", self._ways.nowhere, above=True))

    async def _of_lent(self, question: str, repository: Path) -> str:
        async def ask(*arguments: str) -> str:
            said = await run_git(self._ways.nowhere, repository, *arguments, seconds=_SECONDS)
            return said.decode("utf-8", "replace").strip()

        match question:
            case "head_rev":
                return await ask("rev-parse", "--verify", "HEAD^{commit}")
            case "latest_tag_distance":
                return (await ask("describe", "--tags", "--long")).rsplit("-", 2)[1]
            case _:
                tag = await ask("describe", "--tags", "--abbrev=0")
        return tag if question == "latest_tag" else await ask("rev-parse", "--verify", f"{_TAGS}{tag}^{{commit}}")

    async def _of_address(self, question: str, address: str) -> str:
        name = without_secret(address)
        if self._offline and protocol(address) != "file":
            known = await asyncio.to_thread(self._known, question, name)
            if known is None:
                raise never_fetched(f"git.{question} of {name}")
            return known
        found = _usable(name, await self._ways.first(address, lambda way: self._of_server(question, way)))
        await asyncio.to_thread(self._remember, question, name, found)
        return found

    async def _of_server(self, question: str, way: Way) -> str:
        head = (await self._listed(way, "HEAD"))[0][0] if question in {"head_rev", "latest_tag_distance"} else ""
        if question == "head_rev":
            return head
        commit, tag = (await self._listed(way, "--tags", "--sort=-v:refname"))[0]
        match question:
            case "latest_tag":
                return tag.removeprefix(_TAGS).removesuffix("^{}")
            case "latest_tag_rev":
                return commit
            case _:
                return await self._distance(way, commit, head)

    async def _listed(self, way: Way, *asked: str) -> list[tuple[str, str]]:
        """Return commits and names as the server lists them; what an annotated tag marks stands before the tag."""
        options = [one for one in asked if one.startswith("-")]
        names = [one for one in asked if not one.startswith("-")]
        said = await run_git(way.variables, None, "ls-remote", "--quiet", *options, "--", way.address, *names)
        lines = said.decode("utf-8", "replace").splitlines()
        found = [(commit, name) for commit, _, name in (line.partition("\t") for line in lines) if is_commit(commit)]
        if not found:
            raise GitError("it has no tags" if options else "it has no HEAD")
        return found

    async def _distance(self, way: Way, tag: str, head: str) -> str:
        """Return how many commits of ``head`` are not behind ``tag``; the history must be fetched to count them."""
        async with self._store.scratch_async("git") as room:
            folder = room / "whole"
            await run_git(self._ways.nowhere, None, "init", "--quiet", "--bare", "--template=", str(folder))
            wanted = (f"+HEAD:{_HEAD}", f"+{_TAGS}*:{_TAGS}*")
            options = ("--quiet", "--no-write-fetch-head")
            await run_git(way.variables, folder, "fetch", *options, "--", way.address, *wanted)
            counted = await run_git(self._ways.nowhere, folder, "rev-list", "--count", f"{tag}..{head}", "--")
        return counted.decode().strip()

    def _known(self, question: str, name: str) -> str | None:
        try:
            return self._place(question, name).read_text(encoding="utf-8").rstrip("\n") or None
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def _remember(self, question: str, name: str, answer: str) -> None:
        place = self._place(question, name)
        if self._known(question, name) != answer:
            with disk_errors(self._store.root):
                place.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(place, f"{answer}\n".encode())

    def _place(self, question: str, name: str) -> Path:
        digest = hashlib.sha256(f"{question}\0{name}".encode()).hexdigest()
        return self._store.root / _FOLDER / digest


def _usable(name: str, answer: str) -> str:
    if answer and len(answer) <= _LONGEST and answer.isprintable():
        return answer
    raise SourceError(
        f"{name} gives no answer that a recipe can use",
        code="source.git-answer",
        remedy="write the value into the recipe",
    )
