"""Solving: from specs to exactly which packages, through rattler, from channels and platforms given as data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from builder.environment.alone import alone
from builder.environment.index import LOOSE, Index, IndexReader, check_records
from builder.environment.offers import catalogue
from builder.environment.packages import PackageStore
from builder.environment.place import ChannelPlace, channel_place
from builder.environment.records import INDEXED, dependencies_first, locked_package
from builder.environment.trouble import Catalogue, Found, explained
from builder.environment.wall import in_thread, rattler_wall, reason
from builder.errors import MachineError, UnsolvableError, UsageError
from builder.model.environment import Environment, LockedPackage
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.package import Package
from builder.model.solving import SolveRules
from builder.model.target import NOARCH, VirtualPackage, target, virtual_packages
from builder.store import Store

if TYPE_CHECKING:
    from rattler.channel.channel import Channel
    from rattler.repo_data.gateway import Gateway
    from rattler.repo_data.record import RepoDataRecord
    from rattler.repo_data.sparse import SparseRepoData
    from rattler.virtual_package.generic import GenericVirtualPackage


_REMEMBERED = 512
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
        offline: bool = False,
        rules: SolveRules = _AS_ALWAYS,
    ) -> None:
        """Use ``channels`` (folders or addresses).

        ``machines`` says what a platform has, by subdir; others have what `virtual_packages` gives. ``may_be_empty``
        names those of the channels that need not exist yet: our own output. ``offline`` asks no ``http`` channel, only
        what the store remembers of it. ``rules`` hold for every solve.
        """
        places = dict[str, ChannelPlace]()
        for place in map(channel_place, channels):
            places.setdefault(place.url, place)
        self.channels = tuple(places.values())
        self._store = store
        self._machines = dict(machines or {})
        self._young = {channel_place(name).url for name in may_be_empty}
        self._offline = offline
        self._rules = rules
        self._ageless = frozenset({LOOSE.url, *self._young} if rules.newest else ())
        self._reader = IndexReader(store, self._ageless)
        self._reading = asyncio.Lock()
        self._all_local = all(place.folder is not None for place in self.channels)
        self._answers: dict[tuple[object, ...], _Answer] = {}
        self._gateway: Gateway | None = None
        self._packages = PackageStore(store, offline=offline)

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
        async with self._reading:
            indexes = await in_thread(self._indexes, subdir, loose)
        states = tuple((index.place.url, index.subdir, index.digest) for index in indexes)
        answer = self._answer((request, states, tuple(package.path for package in loose)))
        async with answer.lock:
            if answer.environment is None:
                try:
                    answer.environment = await self._solved(request, indexes, loose)
                except UnsolvableError as error:
                    asked = [words[spec] for spec in request.specs]
                    raise explained(asked, await self._offers(request, indexes), str(error)) from error.__cause__
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
        async with self._reading:
            indexes = await in_thread(self._indexes, subdir, ())
        return (await self._catalogue(names, indexes, subdir)).packages

    async def run_exports(self, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
        """Return what ``package`` adds to its users, by kind; the package is fetched if its index does not tell."""
        return await self._packages.run_exports(package)

    def _indexes(self, subdir: str, loose: Sequence[Package]) -> list[Index]:
        subdirs = (subdir, NOARCH)
        offered = [self._reader.of_packages(loose, each) for each in subdirs]
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

    async def _solved(self, request: Request, indexes: Sequence[Index], loose: Sequence[Package]) -> Environment:
        from rattler.exceptions import GatewayError, SolverError

        with rattler_wall("solving", remedy="this is a defect of ours or of rattler's: please report it"):
            try:
                records = await self._records(request, indexes)
            except SolverError as error:
                raise UnsolvableError(str(error)) from error
            except GatewayError as error:
                raise self._unreachable(reason(error)) from error
            except OSError as error:
                check_records(indexes)
                raise self._unreachable(reason(error)) from error
            offered = {package.file_name: package for package in loose}
            packages = [self._locked(json.loads(record.to_json()), offered) for record in records]
        return Environment(specs=request.specs, packages=dependencies_first(packages))

    async def _offers(self, request: Request, indexes: Sequence[Index]) -> Catalogue:
        names = {MatchSpec.parse(text).name for text in request.specs}
        found = await self._catalogue(names, indexes, request.subdir, request.virtual)
        own = (place.name for place in (LOOSE, *self.channels) if place.url in self._ageless)
        return replace(found, rules=self._rules, ageless=frozenset(own))

    async def _catalogue(
        self, names: Iterable[str], indexes: Sequence[Index], subdir: str, virtual: Sequence[VirtualPackage] = ()
    ) -> Catalogue:
        from rattler.exceptions import GatewayError

        gateway = None if self._all_local else self._open_gateway()
        with rattler_wall("looking for what there is"):
            try:
                return await catalogue(names, self.channels, indexes, gateway, subdir=subdir, virtual=virtual)
            except GatewayError as error:
                raise self._unreachable(reason(error)) from error

    async def _records(self, request: Request, indexes: Sequence[Index]) -> list[RepoDataRecord]:
        from rattler.channel.channel_priority import ChannelPriority
        from rattler.match_spec.match_spec import MatchSpec as RattlerSpec
        from rattler.platform.subdir import Subdir
        from rattler.solver.solver import solve, solve_with_sparse_repodata

        specs = [RattlerSpec(text) for text in request.specs]
        constraints = [RattlerSpec(text) for text in request.constraints]
        virtual = [_generic(package) for package in request.virtual]
        strict = self._rules.channel_priority == "strict"
        priority = ChannelPriority.Strict if strict else ChannelPriority.Disabled
        if self._all_local:
            return await solve_with_sparse_repodata(
                specs,
                [index.data for index in indexes],
                virtual_packages=virtual,
                constraints=constraints,
                channel_priority=priority,
                exclude_newer=self._rules.newest,
            )
        return await solve(
            self._sources(indexes),
            specs,
            gateway=self._open_gateway(),
            platforms=[Subdir(request.subdir), Subdir(NOARCH)],
            virtual_packages=virtual,
            constraints=constraints,
            channel_priority=priority,
            exclude_newer=self._rules.newest,
            channel_relations="disabled",
        )

    def _sources(self, indexes: Sequence[Index]) -> list[Channel | SparseRepoData]:
        """Return what the gateway may ask, in the order of priority."""
        from rattler.channel.channel import Channel

        sources: list[Channel | SparseRepoData] = [index.data for index in indexes if index.place is LOOSE]
        for place in self.channels:
            if place.folder is None:
                sources.append(Channel(place.url))
            else:
                sources += [index.data for index in indexes if index.place == place]
        return sources

    def _open_gateway(self) -> Gateway:
        if self._gateway is None:
            from rattler.networking.client import Client
            from rattler.repo_data.gateway import Gateway, SourceConfig

            action: Literal["force-cache-only", "cache-or-fetch"] = (
                "force-cache-only" if self._offline else "cache-or-fetch"
            )
            self._gateway = Gateway(
                cache_dir=self._store.root / "index_cache",
                default_config=SourceConfig(cache_action=action),
                client=Client(),
            )
        return self._gateway

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
            return locked_package(record, url=url, channel=str(record["channel"]))
        return locked_package(record, url=url, channel=nearest.url if nearest.by_name else nearest.name)

    def _unreachable(self, why: str) -> MachineError:
        remedy = "solve once without --offline, or use local channels" if self._offline else "check the network"
        if names := [place.name for place in self.channels if place.by_name]:
            remedy += f"; what is no folder here was taken for a channel's name: {', '.join(names)}"
        return MachineError(f"a channel cannot be asked: {why}", code="environment.unreachable", remedy=remedy)


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
