"""Channels as users name them: a folder, a ``file://`` or an ``http(s)://`` address, a name such as ``conda-forge``."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.name import is_channel_name

_ONE_SLASH = re.compile(r"(?:file|https?):(?!//)|[A-Za-z][A-Za-z0-9+.-]+:/(?!/)")
_UNTIDY = re.compile(r"[\x00-\x20\x7f\\]")


@frozen
class ChannelPlace:
    """Where a channel is: ``name`` as the user gave it, ``url`` without a slash at its end, ``folder`` if local."""

    name: str
    url: str
    folder: Path | None = None

    @property
    def by_name(self) -> bool:
        """Whether it goes by a name: there was no folder of that name."""
        return self.folder is None and "://" not in self.name

    def index(self, subdir: str) -> Path:
        """Return the index file of ``subdir``; only of a local channel."""
        assert self.folder is not None
        return self.folder / subdir / "repodata.json"


def channel_place(name: str) -> ChannelPlace:
    """Read a channel's name; UsageError if it is neither a folder nor anything that we can ask.

    A folder wins over a channel of the same name; a path that cannot be a name (``./channel``) need not be there.
    """
    check_channel(name)
    scheme, separator, _ = name.partition("://")
    if not separator:
        folder = Path(name)
        return _named(name) if is_channel_name(name) and not folder.is_dir() else _local(name, folder)
    if scheme == "file":
        return _local(name, Path(unquote(urlsplit(name).path)))
    return ChannelPlace(name=name, url=name.rstrip("/"))


def check_channel(name: str) -> None:
    """Raise `UsageError` if ``name`` is an address that nobody can ask; whether anything is there is not looked at."""
    fault = _fault(name)
    if fault is not None:
        raise UsageError(
            f"cannot use {name!r} as a channel: {fault}",
            code="environment.channel",
            remedy="give a folder, an address that begins with file://, http:// or https://, or a name as conda-forge",
        )


def _fault(name: str) -> str | None:
    """Return what is wrong with an address; people and programs must read the same host in it."""
    if not name:
        return "it is empty"
    if _ONE_SLASH.match(name):
        return "two slashes follow the colon of an address"
    scheme, separator, _ = name.partition("://")
    if not separator:
        return None
    if scheme not in {"file", "http", "https"}:
        return "no channel is asked that way"
    if _UNTIDY.search(name):
        return "it has a blank, a control character or a backslash"
    try:
        parts = urlsplit(name)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return str(error)
    if scheme == "file":
        return "it names no folder of this machine" if host not in {None, "localhost"} or not parts.path else None
    return None if host else "it names no host"


def _local(name: str, folder: Path) -> ChannelPlace:
    # Only the file system knows what is above a link, and addresses are compared by their text.
    folder = folder.resolve() if ".." in folder.parts else folder.absolute()
    return ChannelPlace(name=name, url=folder.as_uri(), folder=folder)


def _named(name: str) -> ChannelPlace:
    """Return the channel where rattler looks for it, as conda does."""
    from rattler.channel.channel import Channel

    return ChannelPlace(name=name, url=Channel(name).base_url.rstrip("/"))
