"""What a suite of the Debian archive has now, from its signed index; apt takes no part."""

from __future__ import annotations

import asyncio
import lzma
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from builder.errors import MachineError, SourceError
from builder.model.frozen import frozen
from builder.model.recipe import UrlSource

BINARY_SUITE = "bookworm"
"""Where binary packages are pinned from: it stands still, so that pins live long."""

_BINARY_RELEASE = 12
"""That suite's number, as updates carry it in their versions (``+deb12u1``)."""

SOURCE_SUITES = ("bookworm", "trixie")
"""Where a source package's tarball is looked for."""

_DEB = re.compile(r"(?P<package>[^_/]+)_(?P<version>[^_/]+)_(?:amd64|all)\.deb")
_TARBALL = re.compile(
    r"(?P<package>[^_/]+)_(?P<version>[^_/]+?)(?P<part>\.orig(?:-[A-Za-z0-9-]+)?|)\.tar\.(?:gz|bz2|xz|lzma)"
)


@frozen
class PoolFile:
    """A file in the archive's pool.

    ``package`` is the binary package's name for a deb and the source package's for a tarball. ``version`` is without
    epoch, as file names give it; a tarball's is the upstream version. ``part`` tells a source's tarballs apart:
    ``.orig``, ``.orig-NAME``, or empty for the only one of a native package. ``epoch`` ends with its colon. Where only
    a name is known, as in a recipe, ``sha256``, ``suite`` and ``epoch`` are empty.
    """

    package: str
    version: str
    path: str
    part: str | None = None
    sha256: str = ""
    size: int = 0
    suite: str = ""
    epoch: str = ""

    @property
    def is_deb(self) -> bool:
        """Whether this is a binary package."""
        return self.part is None


class Index(Protocol):
    """Gets the files of a signed index; `builder.source.fetch.Fetcher` is one."""

    @property
    def keyring(self) -> Path:
        """The keys that may sign it."""
        ...

    async def fetch(self, source: UrlSource) -> Path:
        """Return a file by hash."""
        ...

    async def current(self, address: str) -> Path:
        """Return what lies at an address now, which no hash vouches for."""
        ...

    async def is_gone(self, address: str) -> bool:
        """Tell whether the archive no longer has the address."""
        ...


def pool_file(path: str) -> PoolFile | None:
    """Return what the name of a pool file says, None when it is neither a deb for amd64 nor an upstream tarball."""
    name = path.rpartition("/")[2]
    if deb := _DEB.fullmatch(name):
        return PoolFile(package=deb["package"], version=deb["version"], path=path)
    tarball = _TARBALL.fullmatch(name)
    if tarball is None or tarball["version"].endswith(".debian"):
        return None
    return PoolFile(package=tarball["package"], version=tarball["version"], part=tarball["part"], path=path)


def is_of_an_older_release(version: str) -> bool:
    """Whether a version says that it was made for a release before `BINARY_SUITE` (``2.31-13+deb11u11``)."""
    update = re.search(r"[+~]deb(\d{1,3})u\d+", version)
    return update is not None and int(update[1]) < _BINARY_RELEASE


def is_newer(one: str, other: str) -> bool:
    """Compare two versions by Debian's rules."""
    from debian.debian_support import NativeVersion  # only renewing pins needs it

    return bool(NativeVersion(one) > NativeVersion(other))


async def binaries(index: Index, names: Collection[str]) -> dict[str, PoolFile]:
    """Return the packages of `BINARY_SUITE` (amd64 and all) among ``names``."""
    path = await _index_file(index, BINARY_SUITE, "main/binary-amd64/Packages.xz")
    with _index_errors():
        return await asyncio.to_thread(_read_packages, path, frozenset(names))


async def tarballs(index: Index, suite: str, names: Collection[str]) -> dict[str, tuple[PoolFile, ...]]:
    """Return the upstream tarballs of the source packages among ``names`` that ``suite`` has."""
    path = await _index_file(index, suite, "main/source/Sources.xz")
    with _index_errors():
        return await asyncio.to_thread(_read_sources, path, suite, frozenset(names))


async def successors(index: Index, paths: Collection[str]) -> dict[str, PoolFile]:
    """Return, for each pool path, the file that the archive has now under the same package and part.

    Debs are looked for in `BINARY_SUITE`, tarballs in `SOURCE_SUITES`: there the first that is not older than the
    path's own version, else the last one found. Paths of other kinds, and packages that are nowhere, are left out.
    """
    known = [file for file in map(pool_file, paths) if file is not None]
    found: dict[str, PoolFile] = {}
    debs = {file.package for file in known if file.is_deb}
    if debs:
        there = await binaries(index, debs)
        found |= {file.path: there[file.package] for file in known if file.is_deb and file.package in there}
    wanted = [file for file in known if not file.is_deb]
    for suite in SOURCE_SUITES if wanted else ():
        sources = await tarballs(index, suite, {file.package for file in wanted})
        for file in wanted:
            before = found.get(file.path)
            now = next((other for other in sources.get(file.package, ()) if other.part == file.part), None)
            if now is not None and (before is None or is_newer(file.version, before.version)):
                found[file.path] = now
    return found


@contextmanager
def _index_errors() -> Iterator[None]:
    """Turn what happens to an index that is not as deb-src-control(5) says into a `SourceError`."""
    try:
        yield
    except (KeyError, ValueError, EOFError, lzma.LZMAError) as error:
        raise SourceError(
            f"the archive's index cannot be read: {type(error).__name__}: {str(error)[:200]}",
            code="source.debian-index",
            remedy="check the address of the archive",
        ) from error


async def _index_file(index: Index, suite: str, name: str) -> Path:
    """Fetch one of the suite's index files by the hash that its signed release file gives."""
    release = await _verified(await index.current(f"debian:dists/{suite}/InRelease"), index.keyring)
    with _index_errors():
        fields, hashes = _read_release(release)
    if fields.get("Codename") != suite or name not in hashes:
        raise SourceError(
            f"the archive's release file for {suite} is that of {fields.get('Codename')!r}",
            code="source.debian-release",
        )
    folder, _, _ = name.rpartition("/")
    # By hash first: the plain name may already hold the next release's file.
    urls = (f"debian:dists/{suite}/{folder}/by-hash/SHA256/{hashes[name]}", f"debian:dists/{suite}/{name}")
    return await index.fetch(UrlSource(urls=urls, sha256=hashes[name]))


async def _verified(path: Path, keyring: Path) -> str:
    """Return the signed text of an ``InRelease`` file (OpenPGP clear-signed) and nothing that stands around it."""
    remedy = "install gpgv and debian-archive-keyring (apt-get install gpgv debian-archive-keyring)"
    keyring = await asyncio.to_thread(keyring.absolute)  # gpgv looks for a bare name in its own folder
    if not await asyncio.to_thread(keyring.is_file):
        raise MachineError(f"there is no keyring {keyring}", code="source.no-keyring", remedy=remedy)
    options = ("--status-fd", "2", "--keyring", str(keyring), "--output", "-")
    pipe = asyncio.subprocess.PIPE
    try:
        gpgv = await asyncio.create_subprocess_exec("gpgv", *options, str(path), stdout=pipe, stderr=pipe)
    except FileNotFoundError as error:
        raise MachineError("gpgv is not installed", code="source.no-gpgv", remedy=remedy) from error
    try:
        text, status = await gpgv.communicate()
    finally:
        if gpgv.returncode is None:
            gpgv.kill()
            await gpgv.wait()
    # The exit code does not serve: a second signature by a key that the keyring lacks makes it an error.
    said = {line.split()[1] for line in status.decode("utf-8", "replace").splitlines() if line.startswith("[GNUPG:] ")}
    if not {"GOODSIG", "VALIDSIG"} <= said or said & {"BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"}:
        raise SourceError(
            "the archive's release file is not signed by a key of the keyring " + str(keyring),
            code="source.debian-release",
            remedy="check the address of the archive; update debian-archive-keyring",
        )
    return text.decode("utf-8", "replace")


def _read_release(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return a release file's one-line fields, and the sha256 of each index file."""
    fields = _fields(text)
    hashes = {}
    for line in fields.get("SHA256", "").splitlines():
        digest, _, rest = line.strip().partition(" ")
        hashes[rest.split()[-1] if rest else ""] = digest
    return fields, hashes


def _read_packages(path: Path, names: frozenset[str]) -> dict[str, PoolFile]:
    found: dict[str, PoolFile] = {}
    for fields in _stanzas(path, names):
        name, (epoch, version) = fields["Package"], _split_epoch(fields["Version"])
        if name not in found or is_newer(epoch + version, found[name].epoch + found[name].version):
            found[name] = PoolFile(
                package=name,
                version=version,
                path=fields["Filename"],
                sha256=fields["SHA256"],
                size=int(fields["Size"]),
                suite=BINARY_SUITE,
                epoch=epoch,
            )
    return found


def _read_sources(path: Path, suite: str, names: frozenset[str]) -> dict[str, tuple[PoolFile, ...]]:
    found: dict[str, tuple[PoolFile, ...]] = {}
    newest: dict[str, str] = {}
    for fields in _stanzas(path, names):
        name, version = fields["Package"], fields["Version"]
        if fields.get("Extra-Source-Only") == "yes" or (name in newest and is_newer(newest[name], version)):
            continue  # kept for licences' sake only, or an older one beside the present one
        newest[name] = version
        found[name] = tuple(_source_files(fields, suite))
    return found


def _source_files(fields: Mapping[str, str], suite: str) -> Iterator[PoolFile]:
    for line in fields["Checksums-Sha256"].splitlines():
        if not line.strip():
            continue
        digest, size, name = line.split()
        known = pool_file(f"{fields['Directory']}/{name}")
        if known is not None:
            yield replace(known, sha256=digest, size=int(size), suite=suite)


def _stanzas(path: Path, names: frozenset[str]) -> Iterator[dict[str, str]]:
    """Yield the stanzas of the packages in ``names``; the others are only looked at as far as their name."""
    with lzma.open(path, "rb") as stream:
        whole = stream.read()
    for stanza in whole.split(b"\n\n"):
        first = stanza.lstrip().partition(b"\n")[0].decode("utf-8", "replace")
        if first.startswith("Package: ") and first.removeprefix("Package: ").strip() in names:
            yield _fields(stanza.decode("utf-8", "replace"))


def _fields(text: str) -> dict[str, str]:
    """Return the fields of one deb822 stanza; the lines of a long value stay lines."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.strip("\n").splitlines():
        if line[:1] in {" ", "\t"}:
            fields[name] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields


def _split_epoch(version: str) -> tuple[str, str]:
    epoch, colon, rest = version.rpartition(":")
    return epoch + colon, rest
