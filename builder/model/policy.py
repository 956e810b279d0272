"""How far what comes from outside is trusted: on a laptop, or on a farm that builds what strangers send."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from builder.model.frozen import frozen

FARM = "farm"
"""What `policy:` in a collection file says where strangers' recipes are built."""


@frozen
class Namespace:
    """Names of packages (a glob, as ``acme-*``) that come from ``channels`` alone, whatever others offer."""

    names: str
    channels: tuple[str, ...]

    def holds(self, name: str) -> bool:
        """Whether a package's name belongs to it; solvers do not tell capitals from small letters."""
        return fnmatchcase(name.lower(), self.names.lower())


@frozen
class Attested:
    """Packages of ``channel`` are taken with an attestation only: ``publisher``, whom ``issuer`` knows, made them.

    An attestation names the channel that a package was published to: ``published_to``, for a mirror that of the
    original, or else the channel's own address. ``root`` is the ``trusted_root.json`` of the Sigstore that is believed,
    by default the public one.
    """

    channel: str
    publisher: str
    issuer: str
    root: Path | None = None
    published_to: str | None = None


@frozen
class Policy:
    """What is accepted from outside.

    A ``farm`` reaches no private address and no file of the machine, and takes no package without a digest. ``hosts``
    are those that addresses inside a channel's index may lead to, besides the channel's own. ``namespaces`` hold on a
    laptop too; of several that hold a name, all must allow a channel. ``attestations`` are asked of the packages of
    some channels, each named once.
    """

    farm: bool = False
    hosts: tuple[str, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    attestations: tuple[Attested, ...] = ()

    def channels_of(self, name: str) -> frozenset[str] | None:
        """Return the only channels that a package of this name may come from, None when any may."""
        own = [frozenset(space.channels) for space in self.namespaces if space.holds(name)]
        return frozenset.intersection(*own) if own else None
