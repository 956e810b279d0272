"""Puts together what a command works with, from its options, the collection and the caller's environment.

From the environment come ``SOURCE_DATE_EPOCH``, pip's ``PIP_INDEX_URL`` and the values of secrets.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from builder.channel import Channel
from builder.cli.archives import unpack_limits
from builder.cli.collection import Collection
from builder.cli.options import Places
from builder.environment.access import Access
from builder.environment.place import check_channel
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.rendering import Rendering
from builder.model.solving import SolveRules
from builder.report import write_text
from builder.report.events import Downloaded, Event, Noted
from builder.sandbox import tidy
from builder.sandbox.confined import confine
from builder.sandbox.rootfs import rootfs_lock
from builder.source import Addresses, Fetcher
from builder.source.address import all_mirrors
from builder.store import Store, default_root

_LATEST = 2**32 - 1
"""The last second that every archive format and every reader of packages understands (in 2106)."""


@frozen
class Site:
    """Where a command works; ``channels_given`` says that the user names the channels, ``home`` is the collection."""

    store: Store
    output: Path
    channels: tuple[str, ...]
    addresses: Addresses
    offline: bool
    rules: SolveRules = SolveRules()
    channels_given: bool = False
    collection: Collection = Collection()
    home: Path | None = None
    allow_rollback: bool = False

    def access(self, report: Callable[[str], None] | None = None) -> Access:
        """Return how channels are asked; ``report`` hears what is left out of their indexes, else the terminal."""
        return Access(
            offline=self.offline,
            policy=self.collection.policy,
            allow_rollback=self.allow_rollback,
            report=report or _warn,
        )

    def channels_of(self, rendering: Rendering) -> tuple[str, ...]:
        """Return the channels that a rendering's environments come from, besides our own output.

        Those of the command line and of the collection win over the variant's ``channel_sources``, these over what a
        configuration file names for want of better. On a farm no variant names any: those who send recipes choose no
        channel.
        """
        return (
            self.channels
            if self.channels_given or self.collection.policy.farm
            else rendering.channel_sources or self.channels
        )

    @property
    def channel(self) -> Channel:
        """The channel that packages go to."""
        return Channel(self.output, vouched_only=self.collection.policy.farm)

    @property
    def broken(self) -> Path:
        """The folder for packages that failed their tests: none that is copied, served or searched with the channel."""
        return self.store.root / "broken"

    def fetcher(self, emit: Callable[[Event], None]) -> Fetcher:
        """Return what fetches sources, telling of it through ``emit``."""

        def progress(name: str, received: int, size: int | None) -> None:
            emit(Downloaded(name=name, received=received, size=size))

        def report(text: str) -> None:
            emit(Noted(text=text))

        return Fetcher(self.store, self.addresses, offline=self.offline, report=report, progress=progress)

    @property
    def rootfs_digest(self) -> str:
        """The digest of the sandbox's root."""
        return rootfs_lock().digest


def site(places: Places, collection: Collection) -> Site:
    """Put a site together; options win over the collection, the collection over defaults.

    Raises `UsageError` for options that the collection's policy forbids.
    """
    if places.allow_unhashed and collection.policy.farm:
        raise UsageError(
            "--allow-unhashed is not there on a farm (`policy: farm`)",
            code="cli.unhashed",
            remedy="write the sha256 of every source; `bakehouse fetch` elsewhere says the lines",
        )
    output = places.output or collection.output or Path("channel")
    store = Store(places.store or default_root(), read_always=collection.policy.farm)
    tidy(store.root / "probe", died=store.tidy())  # by whoever comes next, even if there is nothing left to do
    configured = _configured(places.config_file)
    for name in (*places.channels, *configured, *collection.channels):
        check_channel(name)
    limits = unpack_limits(collection.archives, places.archive_limits)
    confine(store, strict=collection.policy.farm, tell=_note, limits=limits)
    if (running := click.get_current_context(silent=True)) is not None:
        running.call_on_close(store.close)
    return Site(
        store=store,
        output=output.absolute(),
        channels=places.channels or configured or collection.channels,
        channels_given=bool(places.channels or (collection.channels and not configured)),
        rules=SolveRules(channel_priority=places.channel_priority),
        addresses=Addresses(
            debian=collection.debian,
            pypi=collection.pypi or os.environ.get("PIP_INDEX_URL"),
            mirrors=all_mirrors(places.replacements(), collection.mirrors),
            environment=dict(os.environ),
            policy=collection.policy,
            allow_unhashed=places.allow_unhashed,
        ),
        offline=places.offline,
        collection=collection,
        home=collection.root,
        allow_rollback=places.allow_rollback,
    )


def _configured(file: Path | None) -> tuple[str, ...]:
    """Return the channels that a configuration file names, and tell of what in it does nothing."""
    if file is None:
        return ()
    from builder.cli.peer_config import read_peer_config

    config = read_peer_config(file)
    if config.idle:
        write_text(f"{file} says what has no effect here: {', '.join(config.idle)}", sys.stderr)
    return config.channels


def _note(text: str) -> None:
    write_text(f"note: {text}", sys.stderr)


def _warn(text: str) -> None:
    write_text(f"warning: {text}", sys.stderr)


def source_date_epoch() -> int | None:
    """Return ``SOURCE_DATE_EPOCH`` in seconds since 1970, None when it is not set."""
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    if not text.isdecimal() or len(text) > len(str(_LATEST)) or int(text) > _LATEST:
        remedy = f"give seconds since 1970, {_LATEST} at most"
        raise UsageError(f"SOURCE_DATE_EPOCH={text!r} is not a number of seconds", code="cli.epoch", remedy=remedy)
    return int(text)


def secrets(names: tuple[str, ...]) -> dict[str, str]:
    """Return the values of the environment variables that recipes name as secrets; unset ones are absent.

    Warns about those that are too short to be hidden.
    """
    if not names:
        return {}
    from builder.script.masking import too_short  # most recipes have no secrets
    from builder.script.secret import SHORTEST

    found = {name: os.environ[name] for name in names if name in os.environ}
    for name in too_short(found):
        write_text(f"warning: {name}, a secret, has fewer than {SHORTEST} signs: it is not hidden in logs", sys.stderr)
    return found


def private() -> dict[str, str]:
    """Return the caller's variables that look like credentials, by name and value: none may get into a package."""
    from builder.script.secret import looks_private

    return {name: value for name, value in os.environ.items() if looks_private(name, value)}
