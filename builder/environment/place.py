"""Channels as users name them: a folder, a ``file://`` or an ``http(s)://`` address, a name such as ``conda-forge``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.name import is_channel_name


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
    scheme, separator, rest = name.partition("://")
    if not separator:
        folder = Path(name)
        return _named(name) if is_channel_name(name) and not folder.is_dir() else _local(name, folder)
    if scheme == "file":
        return _local(name, Path(unquote(urlsplit(name).path)))
    if scheme in {"http", "https"} and rest.strip("/"):
        return ChannelPlace(name=name, url=name.rstrip("/"))
    raise UsageError(
        f"cannot use {name!r} as a channel",
        code="environment.channel",
        remedy="give a folder, an address that begins with file://, http:// or https://, or a name as conda-forge",
    )


def _local(name: str, folder: Path) -> ChannelPlace:
    folder = folder.absolute()
    return ChannelPlace(name=name, url=folder.as_uri(), folder=folder)


def _named(name: str) -> ChannelPlace:
    """Return the channel where rattler looks for it, as conda does."""
    from rattler.channel.channel import Channel

    return ChannelPlace(name=name, url=Channel(name).base_url.rstrip("/"))
