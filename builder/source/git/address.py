"""Where a git repository may lie: https, http, ssh, or on this machine; nothing that makes git run programs."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from builder.errors import SourceError

_SCHEMES = ("https", "http", "ssh", "file")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_SCP = re.compile(r"(?:[^/@:]+@)?[^/@:]+:(?!//)[^:]*")
_WITHOUT = "set `submodules: false`, and name that repository as a source of its own"
_SECRET = re.compile(r"(?<=://)[^/@\s']+@")


def git_address(text: str, folder: Path) -> str:
    """Return the address that git is given for what a recipe in ``folder`` writes; folders become ``file:`` addresses.

    Raises `SourceError` for everything that is no address: git takes some texts for options or programs to run.
    """
    scheme, separator, _ = text.partition("://")
    if text.startswith("-") or "::" in text or (_CONTROL.search(text) and (separator or _SCP.fullmatch(text))):
        raise _refusal(text)
    if separator:
        if scheme not in _SCHEMES or (scheme != "file" and not _is_host(urlsplit(text).netloc)):
            raise _refusal(text)
        return text
    if _SCP.fullmatch(text):
        if not _is_host(text.partition(":")[0]):
            raise _refusal(text)
        return text
    return (folder / text).resolve().as_uri()


def protocol(address: str) -> str:
    """Return the only protocol that git may use for ``address``: a redirect to another one is not followed."""
    scheme, separator, _ = address.partition("://")
    return scheme if separator else "ssh"


def submodule_address(text: str, parent: str, folder: Path) -> str:
    """Return the address of a submodule of the repository at ``parent``; ``./`` and ``../`` start from there.

    A submodule of a repository from elsewhere may not lie on this machine, nor travel less safely than that.
    """
    if text.startswith(("./", "../")):
        address = _joined(parent, text)
    else:
        if "://" not in text and not _SCP.fullmatch(text):
            raise SourceError(
                f"{without_secret(parent)} names {text!r} as a submodule, which is neither an address nor relative",
                code="source.git-submodule",
                remedy=_WITHOUT,
            )
        address = git_address(text, folder)
    if protocol(address) in {"file", "http"} and protocol(parent) != protocol(address):
        raise SourceError(
            f"{without_secret(parent)} names {without_secret(address)} as a submodule, which it may not",
            code="source.git-submodule",
            remedy=_WITHOUT,
        )
    return address


def without_secret(text: str) -> str:
    """Return ``text`` (an address, or git's words) without user names and passwords in addresses."""
    return _SECRET.sub("", text)


def _joined(parent: str, relative: str) -> str:
    if "://" not in parent:
        host, _, path = parent.partition(":")
        return f"{host}:{posixpath.normpath(posixpath.join(path, relative))}"
    parts = urlsplit(parent)
    path = posixpath.normpath(posixpath.join(parts.path.rstrip("/"), relative))
    return urlunsplit(parts._replace(path=path))


def _is_host(netloc: str) -> bool:
    """Whether this names a host; ssh takes one that begins with a dash for an option."""
    host = netloc.rpartition("@")[2]
    return bool(host) and not host.startswith("-") and not netloc.startswith("-")


def _refusal(text: str) -> SourceError:
    return SourceError(
        f"{without_secret(text)!r} is no address of a git repository that is fetched from",
        code="source.git-address",
        remedy="write https://…, ssh://…, user@host:path, file://… or a path",
    )
