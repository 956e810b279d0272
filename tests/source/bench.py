"""A bench for work folders: recipes, archives made on the spot, a real sandbox for patches."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from builder.model.inside import SEALED, InsidePaths
from builder.model.recipe import Source, UrlSource
from builder.model.source import SourceTree
from builder.sandbox import Limits, Mount, Sandbox, Session
from builder.source import Fetcher, WorkFolder, prepare

ENV = {"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"}


@dataclass
class Bench:
    """Prepares ``work`` for the recipe in ``recipe``; ``sessions`` are the mounts of each session that was opened."""

    folder: Path
    fetcher: Fetcher
    sandbox: Sandbox
    rootfs: Path
    inside: InsidePaths = SEALED
    case_blind: bool = False
    env: Mapping[str, str] = field(default_factory=lambda: ENV)
    sessions: list[tuple[Mount, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recipe.mkdir(parents=True, exist_ok=True)

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe"

    @property
    def work(self) -> Path:
        return self.folder / "task" / "work"

    def archive(self, name: str, content: bytes) -> UrlSource:
        """Put ``content`` where it can be fetched; returns the source."""
        path = self.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return UrlSource(urls=(path.as_uri(),), sha256=hashlib.sha256(content).hexdigest())

    def patch(self, name: str, text: str) -> str:
        (self.recipe / name).parent.mkdir(parents=True, exist_ok=True)
        (self.recipe / name).write_bytes(text.encode())
        return name

    def prepare(self, *sources: Source) -> SourceTree:
        return asyncio.run(self._prepare(sources))

    async def _prepare(self, sources: Sequence[Source]) -> SourceTree:
        return await prepare(
            sources,
            recipe_folder=self.recipe,
            into=WorkFolder(here=self.work, inside=self.inside, case_blind=self.case_blind),
            fetcher=self.fetcher,
            patch_session=self.open,
        )

    def open(self, mounts: Sequence[Mount]) -> AbstractAsyncContextManager[Session]:
        self.sessions.append(tuple(mounts))
        return self.sandbox.open(self.rootfs, mounts, Limits(), self.env)

    def files(self) -> dict[str, str]:
        """The text of each file in the work folder; links by their target."""
        found = (path for path in sorted(self.work.rglob("*")) if path.is_symlink() or not path.is_dir())
        return {
            path.relative_to(self.work).as_posix(): f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
            for path in found
        }


def tar(files: Mapping[str, str], *, mtime: int = 1000, links: Mapping[str, str] | None = None) -> bytes:
    """A .tar.gz of ``files``; a name ending with a slash is a folder, a text starting with ``#!`` executable."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            member.mtime = mtime
            if name.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
                continue
            member.size, member.mode = len(text.encode()), 0o755 if text.startswith("#!") else 0o644
            archive.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mtime = tarfile.SYMTYPE, target, mtime
            archive.addfile(member)
    return buffer.getvalue()


def zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), text)
    return buffer.getvalue()


def deb(files: Mapping[str, str]) -> bytes:
    """A Debian package without control data worth the name."""
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": tar({"./control": "Package: x\n"}),
        "data.tar.gz": tar(files),
    }
    packed = b"!<arch>\n"
    for name, content in members.items():
        packed += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        packed += content + b"\n" * (len(content) % 2)
    return packed
