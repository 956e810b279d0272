"""Solving: from specs to exactly which packages, through rattler, from channels and platforms given as data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from builder.environment.access import OPEN, Access, leads_on
from builder.environment.admission import Admission
from builder.environment.alone import alone
from builder.environment.index import LOOSE, Index, IndexReader
from builder.environment.loose import loose_index
from builder.environment.offers import catalogue
from builder.environment.packages import PackageStore
from builder.environment.place import ChannelPlace, channel_place
from builder.environment.records import INDEXED, dependencies_first, locked_package
from builder.environment.remote import Remote, RemoteReader
from builder.environment.taken import Taken
from builder.environment.trouble import Catalogue, Found, explained
from builder.environment.wall import in_thread, rattler_wall
from builder.errors import UnsolvableError, UsageError
from builder.model.environment import Environment, LockedPackage
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.package import Package
from builder.model.solving import SolveRules
from builder.model.target import NOARCH, VirtualPackage, target, virtual_packages
from builder.store import Store

if TYPE_CHECKING:
    from rattler.repo_data.record import RepoDataRecord
    from rattler.virtual_package.generic import GenericVirtualPackage


_REMEMBERED = 512
_CANCELLED = "has been cancelled"
_AS_ALWAYS = SolveRules()


class Solving(Protocol):
    """Whatever answers with an environment: a `Solver`, or a lock file."""

    async def solve(
        self,
        specs: Sequence[str],
        *,
        subdir: str,
        loose: Sequence[Package] = (),
        constraints: Sequence[str] = (),
    ) -> Environment:
        """Return the environment for ``specs`` on ``subdir``."""
        ...

    async def run_exports(self, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
        """Return what ``package`` adds to its users, by kind."""
        ...


@frozen
class Request:
    """What is asked of a solve, in the normal form that answers are remembered by."""

    specs: tuple[str, ...]
    constraints: tuple[str, ...]
    subdir: str
    virtual: tuple[VirtualPackage, ...]


@dataclass(slots=True)
class _Answer:
    """The place of one answer; whoever holds ``lock`` works it out, others wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    environment: Environment | None = None


class Solver:
    """Solves against channels in the order in which they are given.

    Local channels are read afresh for each solve; what an ``http`` channel says is kept as long as the solver lives.
    The same specs over the same indexes are solved once. Nothing of the machine is detected, no configuration of other
    tools is read.
    """

    def __init__(
        self,
        channels: Sequence[str],
        store: Store,
        *,
        machines: Mapping[str, Sequence[VirtualPackage]] | None = None,
        may_be_empty: Sequence[str] = (),
        rules: SolveRules = _AS_ALWAYS,
        access: Access = OPEN,
    ) -> None:
        """Use ``channels`` (folders or addresses).

        ``machines`` says what a platform has, by subdir; others have what `virtual_packages` gives. ``may_be_empty``
        names those of the channels that need not exist yet: our own output. ``rules`` hold for every solve, and
        ``access`` says how channels are asked and what is believed of them.
        """
        places = dict[str, ChannelPlace]()
        for place in map(channel_place, channels):
            places.setdefault(place.url, place)
        self.channels = tuple(places.values())
        self._store = store
        self._machines = dict(machines or {})
        self._young = {channel_place(name).url for name in may_be_empty}
        self._access = access
        self._rules = rules
        self._ageless = frozenset({LOOSE.url, *self._young} if rules.newest else ())
        self._reader = IndexReader(store, self._ageless, access=access, own=self._young)
        self._remote = RemoteReader(store, self._reader, access)
        self._reading = asyncio.Lock()
        self._answers: dict[tuple[object, ...], _Answer] = {}
        self._packages = PackageStore(store, access)
        self._admission = Admission(store, access, frozenset(self._young))
        self._taken = Taken(store, access, {LOOSE.url, *self._young})

    async def solve(
        self,
        specs: Sequence[str],
        *,
        subdir: str,
        loose: Sequence[Package] = (),
        constraints: Sequence[str] = (),
    ) -> Environment:
        """Return the best environment for ``specs`` on ``subdir``, the same for the same indexes.

        ``loose`` packages are offered as a channel of their own that wins over all others; ``constraints`` hold for
        what is installed but install nothing. Without specs nothing is solved.

        Raises:
            UnsolvableError: no set of packages satisfies the specs; the problems say which, and what there is.
            UsageError: a spec, a channel or its index cannot be read.
            MachineError: a channel cannot be reached.
        """
        words = {str(_parsed(text)): text for text in specs}
        request = Request(
            specs=tuple(sorted(words)),
            constraints=tuple(sorted({str(_parsed(text)) for text in constraints})),
            subdir=subdir,
            virtual=tuple(self._machines.get(subdir) or virtual_packages(target(subdir))),
        )
        if not request.specs:
            return Environment()
        if not request.constraints and (only := alone(request.specs, subdir, loose)) is not None:
            return Environment(specs=request.specs, packages=(only,))
        sources = await self._sources(subdir, loose)
        states = tuple((source.place.url, source.subdir, source.digest) for source in sources)
        answer = self._answer((request, states, tuple(package.path for package in loose)))
        async with answer.lock:
            if answer.environment is None:
                try:
                    found = await self._solved(request, sources, loose)
                    await self._admission.admit(package for package in found.packages if package.channel != LOOSE.name)
                    answer.environment = found
                except UnsolvableError as error:
                    asked = [words[spec] for spec in request.specs]
                    raise explained(asked, await self._offers(request, sources), str(error)) from error.__cause__
        return answer.environment

    def _answer(self, key: tuple[object, ...]) -> _Answer:
        """Return the place of an answer; those of indexes that are long out of date make room for new ones."""
        answer = self._answers.pop(key, None) or _Answer()
        self._answers[key] = answer
        for old in list(self._answers)[:-_REMEMBERED]:
            if not self._answers[old].lock.locked():
                del self._answers[old]
        return answer

    async def offered(self, names: Collection[str], subdir: str) -> Mapping[str, Sequence[Found]]:
        """Return what the channels have under ``names``, channel by channel, for ``subdir`` and for every platform.

        Raises `UsageError` for a channel or an index that cannot be read, `MachineError` for one that does not answer.
        """
        if not names or not self.channels:
            return {}
        return (await self._catalogue(names, await self._sources(subdir, ()))).packages

    async def run_exports(self, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
        """Return what ``package`` adds to its users, by kind; the package is fetched if its index does not tell."""
        return await self._packages.run_exports(package)

    async def _sources(self, subdir: str, loose: Sequence[Package]) -> list[Remote]:
        """Return the indexes of loose packages and of all channels, in their order."""
        import rattler  # noqa: F401 - here, for threads that import it at once would wait for each other

        async with self._reading:
            local = await in_thread(self._indexes, subdir, loose)
            away = [place for place in self.channels if place.folder is None]
            remote = await self._remote.read(away, subdir) if away else []
        order = [LOOSE.url, *(place.url for place in self.channels)]
        return sorted([*local, *remote], key=lambda source: order.index(source.place.url))

    def _indexes(self, subdir: str, loose: Sequence[Package]) -> list[Index]:
        subdirs = (subdir, NOARCH)
        offered = [loose_index(loose, each, self._reader, self._store) for each in subdirs]
        found = [index for index in offered if index is not None]
        for place in self.channels:
            if place.folder is None:
                continue
            if place.url not in self._young and not any(place.index(each).exists() for each in subdirs):
                raise UsageError(
                    f"{place.name} is not a channel: it has no index for {subdir} or {NOARCH}",
                    code="environment.channel",
                    remedy="check its path; a channel has at least noarch/repodata.json",
                )
            found += [self._reader.read(place, each) for each in subdirs]
        return found

    async def _solved(self, request: Request, sources: Sequence[Remote], loose: Sequence[Package]) -> Environment:
        names = {MatchSpec.parse(text).name for text in (*request.specs, *request.constraints)}
        with rattler_wall("solving", remedy="this is a defect of ours or of rattler's: please report it"):
            indexes = await self._remote.complete(sources, names)
            try:
                records = await self._records(request, indexes)
            except OSError:
                indexes = await self._remote.complete(await self._readable(request.subdir, loose), names)
                records = await self._records(request, indexes)
            offered = {package.file_name: package for package in loose}
            packages = [self._locked(json.loads(record.to_json()), offered) for record in records]
        await in_thread(self._taken.look, packages, indexes)
        return Environment(specs=request.specs, packages=dependencies_first(packages))

    async def _readable(self, subdir: str, loose: Sequence[Package]) -> list[Remote]:
        """Return the indexes once more, without the records that rattler cannot read: one of them ended a solve."""
        self._reader.distrust()
        self._remote.forget()
        return await self._sources(subdir, loose)

    async def _offers(self, request: Request, sources: Sequence[Remote]) -> Catalogue:
        names = {MatchSpec.parse(text).name for text in request.specs}
        found = await self._catalogue(names, sources, request.virtual)
        own = (place.name for place in (LOOSE, *self.channels) if place.url in self._ageless)
        return replace(found, rules=self._rules, ageless=frozenset(own))

    async def _catalogue(
        self, names: Iterable[str], sources: Sequence[Remote], virtual: Sequence[VirtualPackage] = ()
    ) -> Catalogue:
        wanted = set(names)
        indexes = await self._remote.listed(sources, wanted)
        known = frozenset(name for source in sources for name in source.names)
        with rattler_wall("looking for what there is"):
            return await in_thread(catalogue, wanted, indexes, known, virtual)

    async def _records(self, request: Request, indexes: Sequence[Index]) -> list[RepoDataRecord]:
        from rattler.channel.channel_priority import ChannelPriority
        from rattler.exceptions import SolverError
        from rattler.match_spec.match_spec import MatchSpec as RattlerSpec
        from rattler.solver.solver import solve_with_sparse_repodata

        strict = self._rules.channel_priority == "strict"
        try:
            return await solve_with_sparse_repodata(
                [RattlerSpec(text) for text in request.specs],
                [index.data for index in indexes],
                virtual_packages=[_generic(package) for package in request.virtual],
                constraints=[RattlerSpec(text) for text in request.constraints],
                channel_priority=ChannelPriority.Strict if strict else ChannelPriority.Disabled,
                exclude_newer=self._rules.newest,
                timeout=self._access.longest,
            )
        except SolverError as error:
            if _CANCELLED in str(error):
                raise self._too_long(request) from error
            raise UnsolvableError(str(error)) from error

    def _locked(self, record: Mapping[str, object], loose: Mapping[str, Package]) -> LockedPackage:
        """Return the record with its address and channel as the user knows them."""
        url = str(record["url"])
        if any(url.startswith(f"{own}/") for own in self._ageless):
            record = {key: value for key, value in record.items() if key != INDEXED}
        if url.startswith(LOOSE.url):
            return locked_package(record, url=loose[str(record["fn"])].path.absolute().as_uri(), channel=LOOSE.name)
        places = [place for place in self.channels if url.startswith(f"{place.url}/")]
        nearest = max(places, key=lambda place: len(place.url), default=None)
        if nearest is None:
            return locked_package(record, url=self._led(url, str(record["fn"])), channel=str(record["channel"]))
        return locked_package(record, url=url, channel=nearest.url if nearest.by_name else nearest.name)

    def _too_long(self, request: Request) -> UsageError:
        return UsageError(
            f"no answer for {', '.join(request.specs)} was found within {self._access.longest.total_seconds():g} s",
            code="environment.too-hard",
            remedy="ask for narrower versions, or take away channels whose packages exclude each other",
        )

    def _led(self, url: str, file_name: str) -> str:
        """Return an address outside of all channels, if one of them may lead to it."""
        if any(leads_on(place, url, self._access.policy.hosts) for place in self.channels):
            return url
        raise UsageError(
            f"{file_name} is not where its channel is, but at {url}",
            code="environment.host",
            remedy="if you trust that host, write it into `hosts` in bakehouse.yaml",
        )


def _parsed(text: str) -> MatchSpec:
    try:
        return MatchSpec.parse(text)
    except ValueError as error:
        raise UsageError(str(error), code="environment.spec") from error


def _generic(package: VirtualPackage) -> GenericVirtualPackage:
    from rattler.package.build_string import BuildString
    from rattler.package.package_name import PackageName
    from rattler.version.version import Version
    from rattler.virtual_package.generic import GenericVirtualPackage

    return GenericVirtualPackage(PackageName(package.name), Version(package.version), BuildString(package.build))
