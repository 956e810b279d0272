"""What a policy has to say of packages that were chosen, by a solve or by a lock file, before any is unpacked."""

from __future__ import annotations

from collections.abc import Iterable

from builder.environment.access import Access, Namespaces
from builder.environment.attestation import Verifier
from builder.environment.place import ChannelPlace, channel_place
from builder.errors import UsageError
from builder.model.environment import LockedPackage
from builder.model.policy import Attested
from builder.store import Store


class Admission:
    """Admits the packages of environments as a policy says: names from their own channels, attested where asked."""

    def __init__(self, store: Store, access: Access, own: frozenset[str] = frozenset()) -> None:
        """Go by the policy of ``access``; ``own`` are the addresses of channels that we publish to ourselves."""
        self._policy = access.policy
        self._namespaces = Namespaces(access.policy, own)
        self._verifier = Verifier(store, offline=access.offline)
        self._places: dict[str, ChannelPlace] = {}

    async def admit(self, packages: Iterable[LockedPackage]) -> None:
        """Return if all ``packages`` may be used, none of which is a loose one.

        Raises:
            UsageError: a package's name belongs to other channels.
            SourceError: it must be attested to, and is not.
            MachineError: an attestation cannot be fetched.
        """
        if not self._policy.namespaces and not self._policy.attestations:
            return
        for package in packages:
            place = self._place(package.channel)
            if self._namespaces.bar(package.name, place):
                raise UsageError(
                    f"{package.file_name} is from {package.channel}, but {self._namespaces.why(package.name)}",
                    code="environment.namespace",
                    remedy="solve again without the lock file, or change `namespaces` in bakehouse.yaml",
                )
            for asked in self._asked(place):
                await self._verifier.verify(package, asked)

    def _asked(self, place: ChannelPlace) -> Iterable[Attested]:
        return (asked for asked in self._policy.attestations if self._place(asked.channel).url == place.url)

    def _place(self, channel: str) -> ChannelPlace:
        if channel not in self._places:
            self._places[channel] = channel_place(channel)
        return self._places[channel]
