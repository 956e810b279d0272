"""Channels as users name them: a folder, a ``file://`` or an ``http(s)://`` address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.errors import UsageError
from builder.model.frozen import frozen


@frozen
class ChannelPlace:
    """Where a channel is: ``name`` as the user gave it, ``url`` without a slash at its end, ``folder`` if local."""

    name: str
    url: str
    folder: Path | None = None

    def index(self, subdir: str) -> Path:
        """Return the index file of ``subdir``; only of a local channel."""
        assert self.folder is not None
        return self.folder / subdir / "repodata.json"


def channel_place(name: str) -> ChannelPlace:
    """Read a channel's name; UsageError if it is neither a folder nor an address that we can ask."""
    scheme, separator, rest = name.partition("://")
    if not separator:
        return _local(name, Path(name))
    if scheme == "file":
        return _local(name, Path(unquote(urlsplit(name).path)))
    if scheme in {"http", "https"} and rest.strip("/"):
        return ChannelPlace(name=name, url=name.rstrip("/"))
    raise UsageError(
        f"cannot use {name!r} as a channel",
        code="environment.channel",
        remedy="give a folder, or an address that begins with file://, http:// or https://",
    )


def _local(name: str, folder: Path) -> ChannelPlace:
    folder = folder.absolute()
    return ChannelPlace(name=name, url=folder.as_uri(), folder=folder)
