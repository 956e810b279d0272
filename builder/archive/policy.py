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

from builder.archive.member import Member, MemberKind
from builder.errors import BakehouseError, SourceError
from builder.model.frozen import frozen

_LONGEST_COMPONENT = 255
_LONGEST_PATH = 1024
_DEEPEST = 64
_LONGEST_CHAIN = 40  # symlinks that Linux follows before it gives up

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Anything that keeps a path from being in its shortest form: empty, absolute, `.`, `..`, `//`, a slash at the end.
_UNTIDY = re.compile(r"^$|^/|/$|//|(?:^|/)\.{1,2}(?:/|$)")


class Links(Enum):
    """What symlinks may say: stay ``INSIDE``, or anything, kept as ``TEXT`` that nobody follows (Debian's packages)."""

    INSIDE = "inside"
    TEXT = "text"


@frozen
class Rules:
    """What differs between archives: ``strict`` asks for UTF-8 paths in shortest form, each at most once."""

    links: Links = Links.INSIDE
    strict: bool = False


SOURCES = Rules()
DEBIAN = Rules(links=Links.TEXT)
PACKAGES = Rules(strict=True)


@frozen
class UnpackLimits:
    """How much an archive may hold: ``size`` in bytes unpacked; ``ratio`` counts from ``ratio_from`` bytes on."""

    members: int = 500_000
    size: int = 64 << 30
    ratio: int = 200
    ratio_from: int = 256 << 20


class Gate:
    """Judges the members of one archive in their order, and remembers what it let through."""

    def __init__(
        self, archive: str, rules: Rules, limits: UnpackLimits, error: type[BakehouseError] = SourceError
    ) -> None:
        """Raise ``error`` for whatever breaks ``rules`` or ``limits``; ``archive`` names it for people."""
        self.archive = archive
        self.members = 0
        self.size = 0
        self._rules = rules
        self._limits = limits
        self._error = error
        self._kinds: dict[str, MemberKind] = {}
        self._folders: set[str] = set()
        self._links: dict[str, str] = {}

    def admit(self, member: Member) -> str | None:
        """Return the member's path in shortest form, None for the archive's own root; refuse it otherwise."""
        self._count(member)
        path = self._tidy(member.path, member)
        if not path:
            if member.kind is not MemberKind.DIRECTORY:
                self._refuse(member, "has no name")
            return None
        parent = path.rpartition("/")[0]
        if parent and parent not in self._folders:
            self._enter(parent, member)
        if path in self._kinds or path in self._folders:
            self._repeat(path, member)
        if member.kind is MemberKind.SYMLINK:
            self._links[path] = self._judged_link(path, member)
        elif member.kind is MemberKind.DIRECTORY:
            self._folders.add(path)
        elif member.kind is MemberKind.HARDLINK:
            self.original(member)
        self._kinds[path] = member.kind
        return path

    def original(self, member: Member) -> str:
        """Return the path in shortest form of the regular member that the hard link ``member`` names."""
        path = self._tidy(member.target or "", member)
        if self._kinds.get(path) not in {MemberKind.FILE, MemberKind.HARDLINK}:
            self._refuse(member, f"is a hard link to {member.target!r}, which is no regular member before it")
        return path

    def single_folder(self) -> str | None:
        """Return the only entry at the top if it is a folder."""
        tops = {path.partition("/")[0] for path in self._kinds}
        top = tops.pop() if len(tops) == 1 else None
        return top if top in self._folders else None

    def finish(self, top: str | None = None) -> None:
        """Follow every symlink through all members; refuse those that leave the archive (or its folder ``top``)."""
        if self._rules.links is Links.TEXT:
            return
        floor = 1 if top else 0
        for path, target in self._links.items():
            if self._leaves(path, target, floor):
                member = Member(path=path, kind=MemberKind.SYMLINK)
                self._refuse(member, f"is a symlink that leaves the archive: {target!r}")

    def _count(self, member: Member) -> None:
        self.members += 1
        self.size += member.size
        if self.members > self._limits.members:
            self._refuse(member, f"is one more than the {self._limits.members} members that are allowed")
        if self.size > self._limits.size:
            self._refuse(member, f"makes it more than the {self._limits.size} bytes that are allowed")

    def _tidy(self, path: str, member: Member) -> str:
        """Return ``path`` in shortest form."""
        if _CONTROL.search(path):
            self._refuse(member, "has a control character in its path")
        if _UNTIDY.search(path):
            path = self._tidied(path, member)
        raw = path.encode("utf-8", "surrogateescape")
        if len(raw) > _LONGEST_COMPONENT:
            if len(raw) > _LONGEST_PATH:
                self._refuse(member, f"has a path of more than {_LONGEST_PATH} bytes")
            if max(map(len, raw.split(b"/"))) > _LONGEST_COMPONENT:
                self._refuse(member, f"has a name of more than {_LONGEST_COMPONENT} bytes")
        if path.count("/") >= _DEEPEST:
            self._refuse(member, f"lies more than {_DEEPEST} folders deep")
        if self._rules.strict and not path.isascii() and not _is_utf8(raw):
            self._refuse(member, "has a path that is no UTF-8")
        return path

    def _tidied(self, path: str, member: Member) -> str:
        if path.startswith("/"):
            self._refuse(member, "has an absolute path")
        parts = path.split("/")
        if ".." in parts:
            self._refuse(member, "has '..' in its path")
        tidy = "/".join(part for part in parts if part not in {"", "."})
        # Folders end with a slash in tar and zip, and `tar .` begins with `./`: no reason to refuse a package.
        plain = path.removesuffix("/") if member.kind is MemberKind.DIRECTORY else path
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
            self._folders.add(here)

    def _repeat(self, path: str, member: Member) -> None:
        """Judge a path that is there already: a folder may be named again, a newer file replaces an older one."""
        known = path in self._folders
        if self._rules.strict and path in self._kinds:
            self._refuse(member, "stands in it twice")
        if known is not (member.kind is MemberKind.DIRECTORY):
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


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
