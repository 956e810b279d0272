"""How channels are asked: with the network or without, what is believed of what they say, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from builder.environment.place import ChannelPlace, channel_place
from builder.model.frozen import frozen
from builder.model.policy import Policy


@frozen
class Access:
    """How channels are asked; ``report`` hears, in a line, of what was not believed though the rest was.

    ``offline`` asks no ``http`` channel, only what the store remembers of it. ``allow_rollback`` takes an index that
    is older than one that was seen before. ``longest`` is the time that one solve may take; the largest real ones take
    a tenth of it.
    """

    offline: bool = False
    policy: Policy = Policy()
    allow_rollback: bool = False
    longest: timedelta = timedelta(minutes=1)
    report: Callable[[str], None] = lambda _: None


OPEN = Access()
"""As on a laptop, without any rule."""


def leads_on(place: ChannelPlace, address: str, hosts: tuple[str, ...] | None) -> bool:
    """Whether a channel may lead to an address, in full: on its own server, or on one of ``hosts`` (None: any).

    From ``https`` none leads to ``http``, and nothing but a local channel to a file.
    """
    here, there = urlsplit(place.url), urlsplit(address)
    if there.scheme not in {"http", "https"}:
        return False
    if (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower()):
        return True
    if there.username is not None:
        return False
    named = {there.hostname or "", there.netloc.lower()} & {host.lower() for host in hosts or ()}
    return (hosts is None or bool(named)) and not (here.scheme == "https" and there.scheme == "http")


class Namespaces:
    """Whose names are whose: a name that a namespace of the policy holds comes from that namespace's channels alone."""

    def __init__(self, policy: Policy, own: frozenset[str] = frozenset()) -> None:
        """Go by ``policy``; the channels whose addresses are our ``own`` may have every name, we built it."""
        self._policy = policy
        self._own = own
        self._addresses: dict[str, str] = {}

    def bar(self, name: str, place: ChannelPlace) -> bool:
        """Whether a package's name belongs to other channels than ``place``, whatever their order or priority."""
        if not self._policy.namespaces or place.url in self._own:
            return False
        channels = self._policy.channels_of(name)
        return channels is not None and place.url not in map(self._address, channels)

    def why(self, name: str) -> str:
        """Say why a name that is barred somewhere is."""
        return f"{name} may come from {', '.join(sorted(self._policy.channels_of(name) or ()))} alone"

    def _address(self, channel: str) -> str:
        """Return a channel's address: people name one channel in several ways."""
        if channel not in self._addresses:
            self._addresses[channel] = channel_place(channel).url
        return self._addresses[channel]
