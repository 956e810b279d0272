"""Addresses as packages may show them: nothing of the building machine, nothing secret."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def public_address(url: str) -> str | None:
    """Return ``url`` without user, password, token and query; None for a place on the building machine."""
    parts = urlsplit(url)
    if not url or parts.scheme == "file" or (not parts.scheme and "/" in url):
        return None
    host = parts.netloc.rpartition("@")[2]
    segments = parts.path.split("/")
    if len(segments) > 2 and segments[1] == "t" and segments[2]:  # /t/<token>/channel, as Anaconda's servers take it
        del segments[1:3]
    return urlunsplit((parts.scheme, host, "/".join(segments), "", ""))


def package_address(url: str, subdir: str, file_name: str) -> str:
    """Return where a package came from; one from a channel on the building machine is ``local:///<subdir>/<file>``."""
    return public_address(url) or f"local:///{subdir}/{file_name}"
