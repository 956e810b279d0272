"""Gives a command with network what it needs to find and trust others: the resolver, hosts and authorities."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

_AUTHORITIES = (
    "etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "etc/ssl/ca-bundle.pem",  # SUSE
    "etc/ssl/cert.pem",
)
"""Where systems keep the certificates of the authorities that they trust, in one file; inside it is Debian's."""


def network_etc(etc: Path, into: Path, machine: Path = Path("/")) -> Path:
    """Make in ``into`` a copy of the root's ``etc`` with what ``machine`` knows of its network; return it.

    Names are looked for in files first and asked for then. What the machine lacks, or nobody may read, is left out.
    """
    shutil.copytree(etc, into, symlinks=True)
    resolver = _text(machine / "etc/resolv.conf")
    if resolver is not None:
        (into / "resolv.conf").write_text(resolver, encoding="utf-8")
    hosts = (into / "hosts").read_text(encoding="utf-8")
    (into / "hosts").write_text(hosts + (_text(machine / "etc/hosts") or ""), encoding="utf-8")
    switch = (into / "nsswitch.conf").read_text(encoding="utf-8")
    (into / "nsswitch.conf").write_text(switch.replace("hosts: files\n", "hosts: files dns\n"), encoding="utf-8")
    for place in _AUTHORITIES:
        authorities = _text(machine / place)
        if authorities is not None:
            inside = into / "ssl/certs/ca-certificates.crt"
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_text(authorities, encoding="utf-8")
            break
    return into


def _text(file: Path) -> str | None:
    with suppress(OSError, ValueError):
        return file.read_text(encoding="utf-8")
    return None
