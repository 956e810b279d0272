"""Large files of git-lfs: a pointer in the repository names the sha256 of what the store keeps under it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from builder.archive import UnpackLimits
from builder.errors import MachineError, SourceError
from builder.model.frozen import frozen
from builder.source.git.address import git_address, protocol, without_secret
from builder.source.git.command import run_git
from builder.source.git.objects import FILE, KIND, Objects
from builder.source.git.submodules import settings, small_file
from builder.source.git.ways import Way
from builder.store import Store

_FILE = ".lfsconfig"
_LONGEST = 1024
_DEFAULT = UnpackLimits()
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n?"
)
_PIECE = 1 << 20
_OPTIONS = ("lfs.basictransfersonly=true", "lfs.skipdownloaderrors=false", "lfs.lockignoredfiles=false")


@frozen
class Pointer:
    """What a pointer says of a large file: its ``sha256`` and its ``size`` in bytes."""

    sha256: str
    size: int


def pointer(size: int, pieces: Iterator[memoryview]) -> tuple[Pointer | None, Iterator[memoryview]]:
    """Return the pointer that a file of ``size`` bytes is, or None, and the file's pieces all the same."""
    if size > _LONGEST:
        return None, pieces
    body = b"".join(pieces)
    found = _POINTER.fullmatch(body)
    again = iter((memoryview(body),) if body else ())
    return (None if found is None else Pointer(sha256=found[1].decode(), size=int(found[2]))), again


@frozen
class Wanted:
    """The large ``files`` of a commit that the store does not have; ``size`` counts all of them in bytes.

    ``listing`` is what the commit says of their server.
    """

    files: tuple[Pointer, ...]
    size: int
    listing: bytes | None = None


def missing_large(
    store: Store, variables: Mapping[str, str], repository: Path, commit: str, limits: UnpackLimits = _DEFAULT
) -> Wanted:
    """Return what of the large files of ``commit`` ``store`` does not have.

    Raises `SourceError` when they are said to be more than ``limits`` allow.
    """
    with Objects(repository, variables, limits) as objects:
        name, tree = f"commit {commit}", objects.commit(commit).tree
        missing: dict[str, Pointer] = {}
        size = 0
        for _, entry in objects.walk(tree, name):
            if entry.mode & KIND == FILE and objects.size(entry.object_id) <= _LONGEST:
                one, rest = pointer(*objects.blob(entry.object_id))
                for _ in rest:
                    pass
                size += 0 if one is None else one.size
                if one is not None and store.file(one.sha256) is None:
                    missing[one.sha256] = one
        if size > limits.size:
            raise SourceError(
                f"{name} points to large files of {size} bytes, more than the {limits.size} that are allowed",
                code="source.git-member",
                remedy="set `lfs: false`, and fetch what is needed of them as sources of their own, or allow "
                "more with --archive-limit size=…",
            )
        listing = small_file(objects, tree, _FILE, name) if missing else None
        return Wanted(files=tuple(missing.values()), size=size, listing=listing)


async def fetch_large(store: Store, way: Way, repository: Path, commit: str, wanted: Wanted) -> None:
    """Fetch ``wanted`` into ``store``, under digests that nobody else has a say in; what does not come is not there.

    Of a repository on this machine its files are read; from elsewhere git-lfs brings them. ``repository`` has the
    commit and is nobody else's: git-lfs writes into it. Raises `GitError` when it fails, `MachineError` where there is
    none, `SourceError` where it may not go.
    """
    if way.lent is not None:
        objects = (way.lent / "objects").resolve().parent / "lfs" / "objects"
        await asyncio.to_thread(_keep, store, objects, wanted.files)
        return
    if way.fenced:
        raise SourceError(
            f"{without_secret(way.address)}: a farm fetches no large files, for their server says where they lie",
            code="source.forbidden",
            remedy="set `lfs: false`; the operator of the farm can put a mirror in the repository's place (`mirrors`)",
        )
    if shutil.which("git-lfs", path=way.variables["PATH"]) is None:
        raise MachineError(
            "git-lfs is not installed, and a source asks for `lfs: true`",
            code="source.no-git-lfs",
            remedy="install git-lfs (apt-get install git-lfs)",
        )
    chosen = [f"remote.origin.url={way.address}", *await _own_server(way, wanted.listing), *_OPTIONS]
    options = [part for option in chosen for part in ("-c", option)]
    await run_git(way.variables, repository, *options, "lfs", "fetch", "origin", commit)
    await asyncio.to_thread(_keep, store, repository / "lfs" / "objects", wanted.files)


async def _own_server(way: Way, listing: bytes | None) -> list[str]:
    """Return the setting for the server of the large files when the commit names one; nothing else of its file counts.

    It is read here because git-lfs would go anywhere, into folders of this machine too.
    """
    found = dict(await settings(way.variables, listing)) if listing else {}
    address = found.get("lfs.url")
    if address is None:
        return []
    git_address(address, Path("/"))
    if "://" not in address or protocol(address) not in {"https", protocol(way.address)}:
        raise SourceError(
            f"{without_secret(way.address)} names {without_secret(address)} as the server of its large files, "
            "which it may not",
            code="source.git-lfs",
            remedy="set `lfs: false`, and fetch what is needed of them as sources of their own",
        )
    return [f"lfs.url={address}"]


def _keep(store: Store, folder: Path, wanted: Sequence[Pointer]) -> None:
    for one in wanted:
        place = folder / one.sha256[:2] / one.sha256[2:4] / one.sha256
        if place.is_file():
            store.add_file(_pieces(place), sha256=one.sha256)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece
