"""The one member policy, for all formats, for reading and for writing: which members may exist at all.

The rules (ids C1-C12 and D1-D20 of the bad inputs): only folders, regular files, symlinks and hard links; no absolute
path, no ``..``, no control characters; bounded lengths, depth, count, bytes; nothing below a symlink; a hard link names
a regular member that came before. Symlinks must stay inside, judged by their text and, at the end, by following them
through all members in memory.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NoReturn

from builder.archive.member import DIRECTORY, FILE, HARDLINK, SYMLINK, Cap, Member, MemberKind, raising
from builder.archive.oddity import (
    ELSEWHERE,
    NEVER_PACKED,
    Oddities,
    Oddity,
    OddKind,
    collisions,
    is_usual,
    odd_modes,
    odd_names,
)
from builder.errors import BakehouseError, SourceError
from builder.model.frozen import frozen

_LONGEST_COMPONENT = 255
_LONGEST_PATH = 1024
_LONGEST_CHAIN = 40  # symlinks that Linux follows before it gives up

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNTIDY = frozenset({"", ".", ".."})
"""Parts that keep a path from being in its shortest form; of an absolute path the first is empty."""


class Links(Enum):
    """What symlinks may say: stay ``INSIDE``, or anything, kept as ``TEXT`` that nobody follows (Debian's packages)."""

    INSIDE = "inside"
    TEXT = "text"


@frozen
class Rules:
    """What differs between archives: ``strict`` asks for UTF-8 paths in shortest form, each at most once.

    With ``case_blind`` what is one name for the target's file systems (Windows, macOS), or none, is refused; else it
    is told as an oddity.
    """

    links: Links = Links.INSIDE
    strict: bool = False
    case_blind: bool = False


SOURCES = Rules()
DEBIAN = Rules(links=Links.TEXT)
PACKAGES = Rules(strict=True)


@frozen
class UnpackLimits:
    """How much an archive may hold: ``size`` in bytes unpacked; ``ratio`` counts from ``ratio_from`` bytes on.

    ``depth`` is how many folders deep a member may lie. Of sources a collection may say others.
    """

    members: int = 500_000
    size: int = 64 << 30
    ratio: int = 200
    ratio_from: int = 256 << 20
    depth: int = 64


class Gate:
    """Judges the members of one archive in their order, and remembers what it let through."""

    def __init__(
        self,
        archive: str,
        rules: Rules,
        limits: UnpackLimits,
        error: type[BakehouseError] = SourceError,
        *,
        packed: int | None = None,
    ) -> None:
        """Raise ``error`` for whatever breaks ``rules`` or ``limits``; ``archive`` names it for people.

        With ``packed``, the bytes of the archive itself, what its members say that they hold counts for the ratio.
        """
        self.archive = archive
        self.members = 0
        self.size = 0
        self._rules = rules
        self._limits = limits
        self._most = limits.size if packed is None else min(limits.size, max(limits.ratio_from, limits.ratio * packed))
        self._error = error
        self._kinds: dict[str, MemberKind] = {}
        self._folders: dict[str, None] = {}  # in the order in which they came
        self._links: dict[str, str] = {}
        self._oddities = Oddities()

    def admit(self, member: Member) -> str | None:
        """Return the member's path in shortest form, None for the archive's own root; refuse it otherwise."""
        self._count(member)
        usual = is_usual(member.path)
        path = self._tidy(member.path, member, usual=usual)
        if not path:
            if member.kind is not DIRECTORY:
                self._refuse(member, "has no name")
            return None
        parent = path.rpartition("/")[0]
        if parent and parent not in self._folders:
            self._enter(parent, member)
        if path in self._kinds or path in self._folders:
            self._repeat(path, member)
        if member.kind is SYMLINK:
            self._links[path] = self._judged_link(path, member)
        elif member.kind is DIRECTORY:
            self._folders[path] = None
        elif member.kind is HARDLINK:
            self.original(member)
        self._kinds[path] = member.kind
        if not usual or member.mode & 0o7002:
            self._look(path, member)
        return path

    def oddities(self) -> tuple[Oddity, ...]:
        """Return what is odd about the members, one value for each kind; complete after `finish`."""
        return self._oddities.told()

    def original(self, member: Member) -> str:
        """Return the path in shortest form of the regular member that the hard link ``member`` names."""
        target = member.target or ""
        path = self._tidy(target, member, usual=is_usual(target))
        if self._kinds.get(path) not in {FILE, HARDLINK}:
            self._refuse(member, f"is a hard link to {member.target!r}, which is no regular member before it")
        return path

    def single_folder(self) -> str | None:
        """Return the only entry at the top if it is a folder."""
        tops = {path.partition("/")[0] for path in self._kinds}
        top = tops.pop() if len(tops) == 1 else None
        return top if top in self._folders else None

    def finish(self, top: str | None = None) -> None:
        """Follow every symlink through all members; refuse those that leave the archive (or its folder ``top``)."""
        for path, other in collisions(dict.fromkeys((*self._kinds, *self._folders))):
            words = f"and {other[:200]!r} are one where case and the form of accents do not count"
            self._odd(OddKind.COLLISION, path, words)
        if self._rules.links is Links.TEXT:
            return
        floor = 1 if top else 0
        for path, target in self._links.items():
            if self._leaves(path, target, floor):
                member = Member(path=path, kind=SYMLINK)
                self._refuse(member, f"is a symlink that leaves the archive: {target!r}")

    def _look(self, path: str, member: Member) -> None:
        """Note what is odd about a member that is let through."""
        for kind in odd_modes(member):
            self._oddities.note(kind, path)
        for kind in odd_names(path):
            if self._rules.strict and kind in NEVER_PACKED:
                self._refuse(member, NEVER_PACKED[kind])
            self._odd(kind, path)

    def _odd(self, kind: OddKind, path: str, words: str = "") -> None:
        if self._rules.case_blind and kind in ELSEWHERE:
            odd = Oddities()
            odd.note(kind, path, words)
            raise self._error(
                f"{self.archive}: {odd.told()[0].sentence}",
                code="archive.name",
                remedy="Windows and macOS cannot hold such names; repack it without them, or build for Linux only",
            )
        self._oddities.note(kind, path, words)

    def _count(self, member: Member) -> None:
        self.members += 1
        self.size += member.size
        if self.members > self._limits.members:
            self._exceeds(member, f"is one more than the {self._limits.members} members that are allowed", "members")
        if self.size > self._most:
            if self._most < self._limits.size:
                self._exceeds(member, f"expands it to more than {self._limits.ratio} times its own size", "ratio")
            self._exceeds(member, f"makes it more than the {self._limits.size} bytes that are allowed", "size")

    def _tidy(self, path: str, member: Member, *, usual: bool) -> str:
        """Return ``path`` in shortest form; one that is ``usual`` is so already."""
        if not usual or len(path) > _LONGEST_COMPONENT:
            path = self._tidied(path, member)
        if path.count("/") >= self._limits.depth:
            self._exceeds(member, f"lies more than {self._limits.depth} folders deep", "depth")
        return path

    def _tidied(self, path: str, member: Member) -> str:
        if _CONTROL.search(path):
            self._refuse(member, "has a control character in its path")
        if not _UNTIDY.isdisjoint(path.split("/")):
            path = self._shortened(path, member)
        raw = path.encode("utf-8", "surrogateescape")
        if len(raw) > _LONGEST_COMPONENT:
            if len(raw) > _LONGEST_PATH:
                self._refuse(member, f"has a path of more than {_LONGEST_PATH} bytes")
            if max(map(len, raw.split(b"/"))) > _LONGEST_COMPONENT:
                self._refuse(member, f"has a name of more than {_LONGEST_COMPONENT} bytes")
        if self._rules.strict and not path.isascii() and not _is_utf8(raw):
            self._refuse(member, "has a path that is no UTF-8")
        return path

    def _shortened(self, path: str, member: Member) -> str:
        if path.startswith("/"):
            self._refuse(member, "has an absolute path")
        parts = path.split("/")
        if ".." in parts:
            self._refuse(member, "has '..' in its path")
        tidy = "/".join(part for part in parts if part not in {"", "."})
        # Folders end with a slash in tar and zip, and `tar .` begins with `./`: no reason to refuse a package.
        plain = path.removesuffix("/") if member.kind is DIRECTORY else path
        if self._rules.strict and tidy and tidy not in {plain, plain.removeprefix("./")}:
            self._refuse(member, "has a path that is not in its shortest form")
        return tidy

    def _enter(self, folder: str, member: Member) -> None:
        """Note ``folder`` and all above it as folders, unless one of them is something else already."""
        here = ""
        for part in folder.split("/"):
            here = f"{here}/{part}" if here else part
            if here in self._folders:
                continue
            kind = self._kinds.get(here)
            if kind is not None:
                self._refuse(member, f"lies below {here!r}, which is a {kind}")
            self._folders[here] = None

    def _repeat(self, path: str, member: Member) -> None:
        """Judge a path that is there already: a folder may be named again, a newer file replaces an older one."""
        known = path in self._folders
        if self._rules.strict and path in self._kinds:
            self._refuse(member, "stands in it twice")
        if known is not (member.kind is DIRECTORY):
            self._refuse(member, "stands in it twice, as a folder and as something else")
        self._links.pop(path, None)

    def _judged_link(self, path: str, member: Member) -> str:
        target = member.target or ""
        if not target or _CONTROL.search(target) or len(target) > _LONGEST_PATH:
            self._refuse(member, f"is a symlink to nothing that can be: {target[:80]!r}")
        if self._rules.links is Links.INSIDE:
            if target.startswith("/"):
                self._refuse(member, f"is an absolute symlink: {target!r}")
            depth = path.count("/")
            for part in target.split("/"):
                depth += -1 if part == ".." else part not in {"", "."}
                if depth < 0:
                    self._refuse(member, f"is a symlink that leaves the archive: {target!r}")
        return target

    def _leaves(self, path: str, target: str, floor: int) -> bool:
        """Whether following the symlink ``path`` would go above the first ``floor`` folders of the archive."""
        here = path.split("/")[:-1]
        ahead = target.split("/")[::-1]
        followed = 0
        while ahead:
            part = ahead.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if len(here) <= floor:
                    return True
                here.pop()
                continue
            here.append(part)
            link = self._links.get("/".join(here))
            if link is not None:
                followed += 1
                if followed > _LONGEST_CHAIN:
                    return False
                here.pop()
                ahead.extend(link.split("/")[::-1])
        return False

    def _refuse(self, member: Member, why: str) -> NoReturn:
        raise self._error(
            f"{self.archive}: member {member.path[:200]!r} {why}",
            code="archive.member",
            remedy="an archive like this cannot be trusted; ask its authors for another, or repack it",
        )

    def _exceeds(self, member: Member, why: str, cap: Cap) -> NoReturn:
        if self._rules.strict:  # a package is for others, who know of no other limits
            self._refuse(member, why)
        message = f"{self.archive}: member {member.path[:200]!r} {why}"
        raise self._error(message, code="archive.limit", remedy=raising(cap))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
