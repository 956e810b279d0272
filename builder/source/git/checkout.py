"""Lays out the tree of a commit as an archive's members are: one policy, no hooks, no filters, no `.git`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from builder.archive import Member, MemberKind, Unpacked, UnpackLimits
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.source.git.dotgit import is_dot_git
from builder.source.git.lfs import pointer
from builder.source.git.objects import FILE, FOLDER, KIND, LINK, SUBMODULE, Objects, TreeEntry

_LONGEST_LINK = 4096
_PIECE = 1 << 20

Pieces = Iterator[memoryview]
Walked = Generator[tuple[Member, Pieces], None, None]


@frozen
class Checkout:
    """A commit whose objects are in the bare repository ``folder``; ``name`` is its address for people.

    ``submodules`` are by their path. With ``lfs`` large files take the place of their pointers; they are
    ``large`` bytes in all.
    """

    name: str
    commit: str
    folder: Path
    submodules: Mapping[str, Checkout] = field(default_factory=dict)
    lfs: bool = False
    large: int = 0


class LayOut(Protocol):
    """Writes members as `builder.sandbox.confined.Confined.lay_out` does."""

    def __call__(  # noqa: D102
        self,
        walk: Callable[[], Walked],
        into: Path,
        *,
        name: str,
        size: int,
        limits: UnpackLimits,
        case_blind: bool = False,
    ) -> Unpacked: ...


@frozen
class Means:
    """How a commit is laid out: git runs with ``variables``, ``stored`` gives the file of the store with a sha256."""

    variables: Mapping[str, str]
    stored: Callable[[str], Path | None]
    lay_out: LayOut


def check_out(
    checkout: Checkout, into: Path, means: Means, *, limits: UnpackLimits | None = None, case_blind: bool = False
) -> Unpacked:
    """Have the tree of ``checkout`` written to the folder ``into``; missing or empty before.

    All files carry the commit's time. Bytes are those of the repository: line ends are not converted, no filter runs.
    With ``case_blind`` names that Windows or macOS cannot hold, or hold as one, are refused.

    Raises:
        SourceError: a path or link that the member policy refuses, a part of a path named ``.git``.
        MachineError: the fetched repository is damaged, the disk is full.
    """
    limits = limits or UnpackLimits()
    # A repository holds few bytes for many, too: what is admitted of an archive's ratio holds for it.
    packed, large = _packed_size(checkout), _large_size(checkout)
    limits = replace(limits, size=min(limits.size, max(limits.ratio_from, limits.ratio * packed) + large))
    walk = partial(_walk, checkout, means, limits)
    return means.lay_out(walk, into, name=checkout.name, size=packed + large, limits=limits, case_blind=case_blind)


def _walk(checkout: Checkout, means: Means, limits: UnpackLimits) -> Walked:
    return _Walk(means, limits).members(checkout)


class _Walk:
    """Walks the trees of a commit and of its submodules, each repository read by a process of its own."""

    def __init__(self, means: Means, limits: UnpackLimits) -> None:
        self._means = means
        self._limits = limits
        self._time: int | None = None
        self._seen: set[str] = set()

    def members(self, checkout: Checkout, prefix: str = "") -> Walked:
        with Objects(checkout.folder, self._means.variables, self._limits) as objects:
            commit = objects.commit(checkout.commit)
            if self._time is None:
                self._time = commit.time
            for path, entry in objects.walk(commit.tree, checkout.name):
                place = prefix + path
                if is_dot_git(entry.name) or "/" in entry.name:  # a repository need not have been made by git
                    raise _refusal(checkout, place, "may not be in a repository")
                if place in self._seen:
                    raise _refusal(checkout, place, "stands in it twice")
                self._seen.add(place)
                kind = entry.mode & KIND
                if kind == FOLDER:
                    yield self._folder(place)
                elif kind == SUBMODULE:
                    yield self._folder(place)
                    if (inner := checkout.submodules.get(path)) is not None:
                        yield from self.members(inner, f"{place}/")
                else:
                    yield self._leaf(checkout, objects, entry, place)

    def _folder(self, path: str) -> tuple[Member, Pieces]:
        return Member(path=path, kind=MemberKind.DIRECTORY, mode=0o755, mtime=self._time or 0), iter(())

    def _leaf(self, checkout: Checkout, objects: Objects, entry: TreeEntry, path: str) -> tuple[Member, Pieces]:
        kind = entry.mode & KIND
        if kind not in {FILE, LINK}:
            raise _refusal(checkout, path, f"has the unknown mode {entry.mode:o}")
        size, pieces = objects.blob(entry.object_id)
        time = self._time or 0
        if kind == LINK:
            if size > _LONGEST_LINK:
                raise _refusal(checkout, path, f"is a symlink of {size} bytes")
            target = b"".join(pieces).decode("utf-8", "surrogateescape")
            return Member(path=path, kind=MemberKind.SYMLINK, mode=0o777, mtime=time, target=target), iter(())
        mode = 0o755 if entry.mode & 0o100 else 0o644
        if checkout.lfs:
            size, pieces = self._large(checkout, path, size, pieces)
        return Member(path=path, kind=MemberKind.FILE, mode=mode, size=size, mtime=time), pieces

    def _large(self, checkout: Checkout, path: str, size: int, pieces: Pieces) -> tuple[int, Pieces]:
        """Return the large file in place of its pointer, everything else as it is."""
        found, pieces = pointer(size, pieces)
        if found is None:
            return size, pieces
        file = self._means.stored(found.sha256)
        if file is None or file.stat().st_size != found.size:
            raise _refusal(checkout, path, "is a large file that was not fetched")
        return found.size, _contents(file)


def _contents(file: Path) -> Pieces:
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield memoryview(piece)


def _packed_size(checkout: Checkout) -> int:
    own = sum(path.stat().st_size for path in (checkout.folder / "objects").rglob("*") if path.is_file())
    return own + sum(_packed_size(inner) for inner in checkout.submodules.values())


def _large_size(checkout: Checkout) -> int:
    return checkout.large + sum(_large_size(inner) for inner in checkout.submodules.values())


def _refusal(checkout: Checkout, path: str, why: str) -> SourceError:
    return SourceError(
        f"{checkout.name}: {path[:200]!r} {why}",
        code="source.git-member",
        remedy="a repository like this cannot be trusted; take an archive that its authors publish",
    )
