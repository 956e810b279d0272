"""What templates of a ``meta.yaml`` know of a git source: the nearest tag, the distance to it, the commit.

conda-build's variables (its ``environ.py``), from ``git describe --tags --long``. They need the whole history, which
nothing else does: it is fetched into a scratch folder, and only the answer is kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from builder.model.recipe import GitSource
from builder.sandbox.confined import confine
from builder.source.address import Addresses
from builder.source.git.address import git_address, protocol, without_secret
from builder.source.git.bounded import fetch
from builder.source.git.command import GitError, run_git
from builder.source.git.lent import lend
from builder.source.git.repositories import Repositories
from builder.source.git.trouble import never_fetched, unanswered
from builder.source.git.ways import Way, Ways
from builder.store import Store, atomic_write, disk_errors

VARIABLES = (
    "GIT_DESCRIBE_TAG", "GIT_DESCRIBE_TAG_PEP440", "GIT_DESCRIBE_NUMBER", "GIT_DESCRIBE_HASH", "GIT_FULL_HASH",
    "GIT_BUILD_STR",
)  # fmt: skip

_FOLDER = "git-descriptions"
_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_TAG = re.compile(r"[-_`azA-Z]*(?P<version>[a-zA-Z0-9.]+)-(?P<post>\d+)-g(?P<hash>[0-9a-f]{7,})$")
"""conda-build's pattern, whose ``[_-a-zA-Z]`` is fewer letters than it looks like."""

Description = Mapping[str, str]
"""Some of `VARIABLES` with their values; without a tag those of tags are not there."""


class Descriptions:
    """Describes commits; an answer about an address is remembered, for ``offline`` and because it takes long."""

    def __init__(self, store: Store, addresses: Addresses, *, offline: bool = False) -> None:
        """Ask through ``addresses``; what ``store`` does not know ``offline`` is a `MachineError`."""
        self._store = store
        self._addresses = addresses
        self._ways = Ways(store, addresses)
        self._offline = offline

    async def of(self, source: GitSource, recipe_folder: Path) -> Description:
        """Return the description of the commit that ``source`` means now.

        A repository on this machine is always asked. Raises what `Repositories.commit` raises.
        """
        address = git_address(source.git, recipe_folder)
        is_here = protocol(address) == "file"
        offline = self._offline and not is_here
        commit = await Repositories(self._store, self._addresses, offline=offline).commit(source, recipe_folder)
        place = self._place(without_secret(address), commit)
        known = None if is_here else _read(place)
        if known is not None:
            return known
        if offline:
            raise never_fetched(f"the history of {without_secret(address)}")
        found = await self._ways.first(address, lambda way: self._fetched(way, commit))
        if not is_here:
            with disk_errors(self._store.root):
                place.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(place, json.dumps(found, sort_keys=True).encode())
        return found

    async def of_folder(self, folder: Path) -> Description:
        """Return the description of what is checked out in ``folder``, empty when it is no repository of its own."""
        if not (folder / ".git").exists():
            return {}
        try:
            async with self._store.scratch_async("git") as room:
                lent = await lend(folder, room / "lent", self._ways.nowhere)
                return await _described(self._ways.nowhere, lent, "HEAD")
        except GitError as failure:
            raise unanswered([(str(folder), str(failure))]) from failure

    async def _fetched(self, way: Way, commit: str) -> Description:
        async with self._store.scratch_async("git") as room:
            whole = room / "whole"
            await run_git(self._ways.nowhere, None, "init", "--quiet", "--bare", "--template=", str(whole))
            largest = confine(self._store).limits.ratio_from
            await fetch(way.variables, whole, "--", way.address, *_EVERYTHING, largest=largest)
            return await _described(self._ways.nowhere, whole, commit)

    def _place(self, address: str, commit: str) -> Path:
        return self._store.root / _FOLDER / hashlib.sha256(f"{address}\0{commit}".encode()).hexdigest()


async def _described(variables: Mapping[str, str], repository: Path, commit: str) -> Description:
    async def ask(*arguments: str) -> str:
        return (await run_git(variables, repository, *arguments)).decode("utf-8", "replace").partition("\n")[0]

    full = await ask("rev-parse", "--verify", f"{commit}^{{commit}}")
    try:
        return variables_of(await ask("describe", "--tags", "--long", full), full)
    except GitError:  # there is no tag behind it
        short = await ask("rev-parse", "--short", full)
        return {"GIT_DESCRIBE_HASH": f"g{short}", "GIT_FULL_HASH": full}


def variables_of(described: str, full: str) -> Description:
    """Return the variables for what ``git describe --tags --long`` says of the commit ``full``."""
    tag, number, short = described.rsplit("-", 2)
    match = _TAG.match(described)
    version = "None"  # what conda-build writes
    if match:
        version = (
            match["version"] if match["post"] == "0" else f"{match['version']}.post{match['post']}+{match['hash']}"
        )
    return {
        "GIT_DESCRIBE_TAG": tag,
        "GIT_DESCRIBE_TAG_PEP440": version,
        "GIT_DESCRIBE_NUMBER": number,
        "GIT_DESCRIBE_HASH": short,
        "GIT_FULL_HASH": full,
        "GIT_BUILD_STR": f"{number}_{short}",
    }


def _read(place: Path) -> Description | None:
    try:
        found = json.loads(place.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None
