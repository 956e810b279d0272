"""What may stand in a source's ``url``: ordinary addresses, ``pypi:`` and ``debian:`` ones, mirrors, and file names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.model.policy import Policy

Mirrors = Mapping[str, tuple[str, ...]]
"""What an address starts with → what to try in place of that start, in order, before the address itself."""

Mappings = Sequence[tuple[str, tuple[str, ...]]]
"""Mirrors as they are written: the same start may stand there twice."""

_SCHEMES = ("https", "http", "file", "pypi", "debian")


@frozen
class Addresses:
    """Where sources come from on this machine.

    ``debian`` is the base address of a Debian archive (the folder that holds ``dists`` and ``pool``); without it the
    first one of the apt configuration in ``apt`` is taken. Its indexes are trusted when a key of ``keyring`` signed
    them. ``pypi`` is the base address of a simple index (PEP 503, 691); without it PyPI's own. ``environment`` are the
    caller's variables, of which git sees those that lead it to programs, keys and proxies. ``policy`` says whether
    recipes may name any address (`builder.source.fence`), ``allow_unhashed`` whether sources without a sha256 are taken
    as they come.
    """

    debian: str | None = None
    pypi: str | None = None
    mirrors: Mirrors = field(default_factory=dict)
    apt: Path = Path("/etc/apt")
    keyring: Path = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    environment: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = Policy()
    allow_unhashed: bool = False


@frozen
class Offer:
    """A place to try: ``base`` is what the operator of this machine wrote, None when the recipe wrote all of it."""

    address: str
    base: str | None = None


@frozen
class PypiFile:
    """A ``pypi:PROJECT/VERSION/FILE`` address."""

    project: str
    version: str
    file: str


def scheme(address: str) -> str:
    """Return the address's scheme; a `SourceError` for one that no source can have."""
    found, colon, rest = address.partition(":")
    if not colon or found not in _SCHEMES or not rest:
        raise SourceError(
            f"{shown(address)!r} is no address of a source",
            code="source.address",
            remedy="write https://…, file://…, pypi:PROJECT/VERSION/FILE or debian:pool/…",
        )
    return found


def parse_pypi(address: str) -> PypiFile:
    """Take a ``pypi:`` address apart."""
    parts = address.removeprefix("pypi:").split("/")
    if len(parts) != 3 or not all(parts) or any(part in {".", ".."} for part in parts):
        raise SourceError(
            f"{address!r} does not name a file on PyPI",
            code="source.address",
            remedy="write pypi:PROJECT/VERSION/FILE, for example pypi:example/1.0/example-1.0.tar.gz",
        )
    return PypiFile(project=parts[0], version=parts[1], file=unquote(parts[2]))


def debian_path(address: str) -> str:
    """Return the unquoted path in the archive that a ``debian:`` address names (``pool/main/z/zlib/…``)."""
    path = unquote(address.removeprefix("debian:"))
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise SourceError(
            f"{address!r} does not name a file in a Debian archive",
            code="source.address",
            remedy="write debian:pool/main/…, the path from the archive's top folder",
        )
    return path


def join(base: str, path: str) -> str:
    """Return the address of the unquoted ``path`` below ``base``.

    ``+`` is quoted too, although a path may hold it: servers in front of object stores read it as a blank (apt does
    the same).
    """
    return f"{base.rstrip('/')}/{quote(path, safe='/')}"


def all_mirrors(first: Mappings, then: Mappings) -> Mirrors:
    """Put two maps of mirrors together: of one start, those of ``first`` are tried first."""
    found: dict[str, tuple[str, ...]] = {}
    for start, replacements in (*first, *then):
        found[start] = tuple(dict.fromkeys((*found.get(start, ()), *replacements)))
    return found


def mirror_fault(start: str, replacement: str) -> str | None:
    """Return what is wrong with putting ``replacement`` in place of ``start``, None when nothing is.

    Both end with a slash or neither does: what a recipe writes after the one must make sense after the other.
    """
    if ":" not in start:
        return f"{shown(start)!r} is not the beginning of an address"
    if "://" not in replacement:
        return f"{shown(replacement)!r} is no address"
    if not start.endswith(":") and start.endswith("/") != replacement.endswith("/"):
        return f"{shown(start)!r} and {shown(replacement)!r} must both end with a slash, or neither"
    return None


def with_mirrors(address: str, mirrors: Mirrors) -> Iterator[str]:
    """Yield the address's mirrors, those of the longest matching start, then the address itself."""
    return (offer.address for offer in offers(address, mirrors))


def offers(address: str, mirrors: Mirrors) -> Iterator[Offer]:
    """Yield what `with_mirrors` yields, and who wrote it."""
    start = max((prefix for prefix in mirrors if _begins(address, prefix)), key=len, default=None)
    if start is not None:
        rest = address.removeprefix(start)
        yield from (Offer(address=replacement + rest, base=replacement) for replacement in mirrors[start])
    yield Offer(address=address)


def _begins(address: str, prefix: str) -> bool:
    """Whether ``address`` begins with ``prefix`` up to the end of a name: example.org is not example.org.evil."""
    rest = address.removeprefix(prefix)
    return len(rest) < len(address) and (not rest or prefix.endswith(("/", ":")) or rest.startswith("/"))


def file_name(address: str) -> str:
    """Return the name of the file that an address names: unquoted, without query and fragment."""
    path = address.partition(":")[2] if scheme(address) in {"pypi", "debian"} else _parts(address).path
    name = unquote(path.rpartition("/")[2])
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise SourceError(
            f"the address {shown(address)} names no file", code="source.address", remedy="give the source a `file_name`"
        )
    return name


def local_path(address: str) -> Path:
    """Return the file that a ``file:`` address names on this machine."""
    parts = _parts(address)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise SourceError(f"{address!r} names no file of this machine", code="source.address")
    return Path(unquote(parts.path))


def check_address(address: str) -> None:
    """Raise a `SourceError` when ``address`` cannot be the address of a source, without asking anybody."""
    match scheme(address):
        case "pypi":
            parse_pypi(address)
        case "debian":
            debian_path(address)
        case "file":
            local_path(address)
        case _:
            _parts(address)


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:  # brackets that do not close
        raise SourceError(
            f"{shown(address)!r} is no address of a source: {error}",
            code="source.address",
            remedy="write an IPv6 address in brackets: https://[2600::1]/",
        ) from error


def shown(address: str) -> str:
    """Return the address as messages show it: without user name and password."""
    before, slashes, rest = address.partition("//")
    end = next((at for at, sign in enumerate(rest) if sign in "/?#"), len(rest))
    return before + slashes + rest[:end].rpartition("@")[2] + rest[end:]
