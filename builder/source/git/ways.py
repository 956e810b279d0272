"""Leads to a repository by its mirrors in order, then by its own address; git may reach nothing else on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.source.address import Addresses, Offer, offers
from builder.source.fence import PORTS, judge, public_addresses
from builder.source.git.address import protocol, without_secret
from builder.source.git.command import GitError, git_variables, run_git
from builder.source.git.lent import lend
from builder.source.git.trouble import unanswered
from builder.store import Store

_FARM_SCHEMES = ("https",)  # a commit id is no sha256: who may change what is on its way may know of another way
_PINS_SINCE = (2, 37)
_VERSION = re.compile(rb"git version (\d+)\.(\d+)")
_NOBODYS = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
_T = TypeVar("_T")


@frozen
class Way:
    """One way to a repository: what git is given as ``address``, and the ``variables`` that it runs with there.

    ``lent`` is the repository on this machine that the address is of. ``fenced`` are ways that a farm keeps to the very
    machine that was judged: nothing may go elsewhere because the server says so.
    """

    address: str
    variables: Mapping[str, str]
    lent: Path | None = None
    fenced: bool = False


class Ways:
    """Finds ways; ``report`` is told which did not lead there when another one did."""

    def __init__(self, store: Store, addresses: Addresses, report: Callable[[str], None] = lambda _: None) -> None:
        """Go where ``addresses`` say, with scratch folders in ``store``."""
        self._store = store
        self._addresses = addresses
        self._report = report

    @property
    def nowhere(self) -> dict[str, str]:
        """The variables of a git that reaches nothing but the repository that it is given."""
        return git_variables(self._addresses.environment)

    @property
    def here(self) -> dict[str, str]:
        """The variables of a git that reads another repository of ours."""
        return git_variables(self._addresses.environment, "file")

    async def first(self, address: str, attempt: Callable[[Way], Awaitable[_T]]) -> _T:
        """Return what the first way gives by which ``attempt`` does not end with a `GitError`.

        Raises `SourceError` for an address that a farm does not go to, and what `unanswered` makes when all ways fail.
        """
        failures: list[tuple[str, str]] = []
        for offer in offers(address, self._addresses.mirrors):
            name = without_secret(offer.address)
            try:
                async with self._way(offer) as way:
                    found = await attempt(way)
            except GitError as failure:
                failures.append((name, str(failure)))
                continue
            for passed, why in failures:
                self._report(f"{passed}: {why}; took {name}")
            return found
        raise unanswered(failures)

    @asynccontextmanager
    async def _way(self, offer: Offer) -> AsyncIterator[Way]:
        kind = protocol(offer.address)
        variables = git_variables(self._addresses.environment, kind)
        fenced = self._addresses.policy.farm and offer.base is None
        if fenced:
            judge(offer.address, self._addresses.policy, schemes=_FARM_SCHEMES)
            variables = {**_stranger(self._addresses.environment, kind), **await self._pins(offer.address)}
        if kind == "file":
            async with self._store.scratch_async("git") as room:
                lent = await lend(Path(unquote(urlsplit(offer.address).path)), room / "lent", self.nowhere)
                yield Way(address=lent.as_uri(), variables=variables, lent=lent)
        else:
            yield Way(address=offer.address, variables=variables, fenced=fenced)

    async def _pins(self, address: str) -> dict[str, str]:
        """Return the variables that keep git to addresses that are judged: no look-up of its own, no redirect."""
        found = _VERSION.match(await run_git(self.nowhere, None, "--version"))
        if found is None or (int(found[1]), int(found[2])) < _PINS_SINCE:
            raise MachineError(
                "the git of this machine cannot be kept to an address that was judged",
                code="source.no-git",
                remedy="a farm needs git {}.{} or newer".format(*_PINS_SINCE),
            )
        host, port = urlsplit(address).hostname or "", PORTS["https"]
        try:
            public = await asyncio.to_thread(public_addresses, host, port, address)
        except OSError as error:
            raise GitError(f"could not resolve host {host}: {error.strerror}") from error
        places = ",".join(f"[{one}]" if ":" in one else one for one in public)
        return _settings({"http.curloptResolve": f"{host}:{port}:{places}", "http.followRedirects": "false"})


def _stranger(caller: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return the variables of a git that nobody vouches for: no keys, no ``.netrc``, no proxy that looks names up."""
    kept = {name: value for name, value in caller.items() if name in _NOBODYS}
    return {**git_variables(kept, kind), "HOME": "/dev/null"}


def _settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which git takes ``settings``."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found
