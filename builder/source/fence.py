"""The fence of a farm: which addresses a stranger's recipe may name, and which machines a name may lead to.

Off on a laptop, where whoever builds wrote or chose the recipe. What the operator of a farm wrote himself (mirrors, the
Debian archive, the index of PyPI) is never judged. The rules, in the order in which they are told:

- https, or http for what a sha256 vouches for; `pypi:` and `debian:`, which the operator says where to look for.
- Plain ASCII without blanks, backslashes and ``..``; no user name or password; the scheme's own port.
- A host is a public name, or a public IP address in its usual spelling: nothing that only some programs read as one.
- Every address that a name resolves to is public, and the connection goes to the very address that was judged.
- Each redirect is judged like the address that it came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from builder.errors import SourceError
from builder.model.policy import Policy
from builder.source.address import shown

PORTS = {"https": 443, "http": 80}
SCHEMES = frozenset({*PORTS, "pypi", "debian"})

Resolve = Callable[[str, int], Iterable[str]]
"""Returns the IP addresses that a name has, as texts; `OSError` when it has none."""

_ODD = re.compile(r"[^\x21-\x7e]|[\\^`{|}<>\"]")
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$")  # what ends so is an IPv4 address to some programs
_QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_LOCAL = ("localhost", "local", "internal", "home.arpa", "localdomain", "lan", "intranet", "corp", "home", "private")

# IANA's registries of special-purpose addresses, and what clouds answer their own machines at.
_NOT_PUBLIC_4 = {
    "0.0.0.0/8": "this network", "10.0.0.0/8": "private", "100.64.0.0/10": "shared by a carrier",
    "127.0.0.0/8": "loopback", "168.63.129.16/32": "a cloud's own", "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private", "192.0.0.0/24": "reserved", "192.0.2.0/24": "for documentation",
    "192.88.99.0/24": "6to4", "192.168.0.0/16": "private", "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documentation", "203.0.113.0/24": "for documentation", "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}  # fmt: skip
_NOT_PUBLIC_6 = {
    "::/128": "nobody's", "::1/128": "loopback", "::/96": "an IPv4 address in disguise",
    "::ffff:0:0/96": "an IPv4 address in disguise", "64:ff9b:1::/48": "a network's own translation",
    "2001::/23": "reserved", "2001:db8::/32": "for documentation", "2002::/16": "6to4",
    "3fff::/20": "for documentation", "fc00::/7": "private", "fe80::/10": "link-local", "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}  # fmt: skip
_PUBLIC_6 = "2000::/3"
_TRANSLATED = "64:ff9b::/96"  # NAT64 (RFC 6052): the last 32 bits are an IPv4 address, which is what counts


def judge(address: str, policy: Policy, *, schemes: Collection[str] = SCHEMES) -> None:
    """Raise a `SourceError` when a farm may not fetch from ``address``, judged by its text; asks no network.

    Whoever opens a connection resolves the host by `public_addresses` and takes one of these.
    """
    if not policy.farm:
        return
    scheme = address.partition(":")[0]
    if scheme not in schemes:
        _refuse(address, f"only {', '.join(sorted(schemes))} may be named")
    if odd := _ODD.search(address):
        _refuse(address, f"it holds {odd[0]!a}")
    if scheme not in PORTS:
        return
    try:
        parts = urlsplit(address)
        port = PORTS[scheme] if parts.port is None else parts.port
    except ValueError as error:  # brackets that do not close, a port that is no number
        _refuse(address, str(error))
    if "@" in parts.netloc:
        _refuse(address, "it holds a user name or a password")
    if ".." in unquote(parts.path).split("/"):
        _refuse(address, "its path holds '..'")
    _judge_host(address, parts.netloc.removesuffix(f":{port}").lower())
    if port != PORTS[scheme]:
        _refuse(address, f"port {port} is not that of {scheme}, {PORTS[scheme]}")


def lies_within(base: str, address: str) -> bool:
    """Whether ``address`` is on the server that the operator wrote as ``base``, without ways out of its folder."""
    try:
        parts = urlsplit(address)
        same = _server(base) == _server(address)
    except ValueError:
        return False
    return same and ".." not in unquote(parts.path).replace("\\", "/").split("/")


def _server(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def public_addresses(host: str, port: int, address: str, *, resolve: Resolve | None = None) -> tuple[str, ...]:
    """Return the IP addresses of ``host``, all of which are public, else raise a `SourceError`.

    ``address`` is what was asked for, for people. Blocks while names are looked up; raises `OSError` when there is no
    such name. One that is not public spoils the others: who says such a thing is not to be trusted with the rest.
    """
    bare = host.removeprefix("[").removesuffix("]").lower()
    _judge_host(address, f"[{bare}]" if ":" in bare else bare)
    found = tuple(dict.fromkeys((resolve or _resolve)(bare, port)))
    for one in found:
        why = not_public(one)
        if why is not None:
            _refuse(address, one_is(one, why) if one == bare else f"{bare} leads to {one_is(one, why)}")
    return found


def not_public(text: str) -> str | None:
    """Return what an IP address is instead of public (``loopback``), None when it is public."""
    import ipaddress  # only farms judge

    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return "no IP address"
    if found.version == 4:
        return next((why for net, why in _NOT_PUBLIC_4.items() if found in ipaddress.IPv4Network(net)), None)
    if found.scope_id is not None:
        return "an address of one interface"
    if found in ipaddress.IPv6Network(_TRANSLATED):
        return not_public(str(ipaddress.IPv4Address(found.packed[-4:])))
    special = next((why for net, why in _NOT_PUBLIC_6.items() if found in ipaddress.IPv6Network(net)), None)
    return special or (None if found in ipaddress.IPv6Network(_PUBLIC_6) else "reserved")


def one_is(address: str, why: str) -> str:
    """Say what an address is."""
    return f"{address}, which is {why}"


def _judge_host(address: str, host: str) -> None:
    if host.startswith("["):
        bare = host[1:-1]
        if not host.endswith("]") or "%" in bare or not re.fullmatch(r"[0-9a-f:.]+", bare):
            _refuse(address, f"{host} is no usual spelling of an IPv6 address")
        why = not_public(bare)
        if why is not None:
            _refuse(address, f"it names {one_is(bare, why)}")
    elif _NUMBER.search(host):
        if not _QUAD.fullmatch(host):
            _refuse(address, f"{host} is no usual spelling of an IPv4 address")
        why = not_public(host)
        if why is not None:
            _refuse(address, f"it names {one_is(host, why)}")
    elif not _NAME.fullmatch(host):
        _refuse(address, f"{host!r} is no public name of a host" if host else "it names no host")
    elif any(host.endswith(f".{name}") for name in _LOCAL):
        _refuse(address, f"{host} is a name of this network")


def _resolve(host: str, port: int) -> Iterable[str]:
    import socket

    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return (str(one[4][0]) for one in found)


def _refuse(address: str, why: str) -> NoReturn:
    name = shown(address) if not _ODD.search(address) else ascii(shown(address))
    raise SourceError(
        f"{name[:500]} is no address that this farm fetches from: {why}",
        code="source.forbidden",
        remedy="fetch it from a public address; the operator of the farm can put a mirror in its place (`mirrors`)",
    )
