"""Real repositories, made on the spot: with git itself, or byte by byte where git would refuse."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.archive import Unpacked, UnpackLimits, lay_out
from builder.source.git.checkout import Means, Walked
from builder.source.git.command import git_variables

TIME = 1_600_000_000
VARIABLES = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.org",
    "PATH": os.environ["PATH"],
}


@dataclass
class Upstream:
    """A repository with a work tree, as its authors have it; every commit is a minute younger than the last."""

    folder: Path
    commits: int = 0

    @property
    def address(self) -> str:
        return self.folder.as_uri()

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        time = f"{TIME + 60 * self.commits} +0000"
        variables = {**VARIABLES, "GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=variables, input=stdin, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, files: Mapping[str, str | bytes | None], *, message: str = "change") -> str:
        """Write ``files`` (``-> TARGET`` is a symlink, ``#!`` executable, None removes) and return the new commit."""
        for name, content in files.items():
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            if isinstance(content, str) and content.startswith("-> "):
                place.symlink_to(content[3:])
            elif content is not None:
                place.write_bytes(content.encode() if isinstance(content, str) else content)
                place.chmod(0o755 if place.read_bytes().startswith(b"#!") else 0o644)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.commits += 1
        return self.git("rev-parse", "HEAD")


def upstream(folder: Path, files: Mapping[str, str | bytes | None] | None = None, *, form: str = "sha1") -> Upstream:
    """Make a repository with one commit on the branch ``main``."""
    folder.mkdir(parents=True)
    made = Upstream(folder)
    made.git("init", "--quiet", "--initial-branch=main", f"--object-format={form}")
    made.commit(files or {"README": "read me\n"})
    return made


@dataclass
class Handmade:
    """A bare repository written object by object, so that it may hold what git never would."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("objects", "refs/heads"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "HEAD").write_text("ref: refs/heads/main\n")
        (self.folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")

    @property
    def address(self) -> str:
        return self.folder.as_uri()

    def write(self, kind: str, body: bytes, *, named: str | None = None) -> str:
        """Write a loose object, under ``named`` in place of its own id if that is given."""
        whole = f"{kind} {len(body)}\0".encode() + body
        name = named or hashlib.sha1(whole).hexdigest()
        place = self.folder / "objects" / name[:2] / name[2:]
        place.parent.mkdir(exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(zlib.compress(whole))
        return name

    def tree(self, *entries: tuple[str, str, str]) -> str:
        """Write a tree of mode, name and id in that very order."""
        raw = (f"{mode} ".encode() + os.fsencode(name) + b"\0" + bytes.fromhex(id_) for mode, name, id_ in entries)
        return self.write("tree", b"".join(raw))

    def commit(self, tree: str, *, time: str = str(TIME)) -> str:
        """Write a commit of ``tree`` and let the branch ``main`` be it."""
        who = f"Nobody <nobody@example.org> {time} +0000"
        made = self.write("commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nhandmade\n".encode())
        (self.folder / "refs/heads/main").write_text(f"{made}\n")
        return made


def bomb(evil: Handmade, size: int, form: Literal["delta", "stream"]) -> str:
    """Write a pack of few bytes with a blob that is ``size`` zeros, and return an id that is not the blob's own.

    As a ``delta`` it copies one of 64 KiB again and again, as a ``stream`` it is what zlib makes of zeros. Whoever finds
    out that the id is wrong has unpacked all of it.
    """
    piece, name = bytes(1 << 16), hashlib.sha1(form.encode()).digest()
    if form == "delta":
        base = hashlib.sha1(f"blob {len(piece)}\0".encode() + piece).digest()
        delta = zlib.compress(_varint(len(piece)) + _varint(size) + b"\x80" * (size // len(piece)))
        length = len(_varint(len(piece)) + _varint(size)) + size // len(piece)
        objects = {base: _head(3, len(piece)) + zlib.compress(piece), name: _head(7, length) + base + delta}
    else:
        flush = zlib.compressobj(9)
        head, again = (flush.compress(piece) + flush.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
        objects = {name: _head(3, size) + head + again * (size // len(piece) - 1) + flush.flush()}
    _write_pack(evil.folder / "objects" / "pack", objects)
    return name.hex()


def _write_pack(folder: Path, objects: Mapping[bytes, bytes]) -> None:
    """Write a pack and its index (version 2), of packed objects by what they are to be called."""
    pack, places = b"PACK" + struct.pack(">II", 2, len(objects)), {}
    for name, packed in objects.items():
        places[name] = len(pack)
        pack += packed
    checksum = hashlib.sha1(pack).digest()
    names = sorted(objects)
    counts = struct.pack(">256I", *(sum(name[0] <= first for name in names) for first in range(256)))
    sums = b"".join(struct.pack(">I", zlib.crc32(objects[name])) for name in names)
    index = b"\xfftOc" + struct.pack(">I", 2) + counts + b"".join(names) + sums
    index += b"".join(struct.pack(">I", places[name]) for name in names) + checksum
    folder.mkdir(exist_ok=True)
    (folder / f"pack-{checksum.hex()}.pack").write_bytes(pack + checksum)
    (folder / f"pack-{checksum.hex()}.idx").write_bytes(index + hashlib.sha1(index).digest())


def _varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def _head(kind: int, size: int) -> bytes:
    """The head of an object in a pack."""
    first, size = kind << 4 | size & 0xF, size >> 4
    found = b""
    while size:
        found += bytes([first | 0x80])
        first, size = size & 0x7F, size >> 7
    return found + bytes([first])


def lay_out_here(
    walk: Callable[[], Walked], into: Path, *, name: str, size: int, limits: UnpackLimits, case_blind: bool = False
) -> Unpacked:
    """Write a commit's tree in this process; walls have tests of their own (`tests.sandbox.test_confined`)."""
    assert size > 0
    with closing(walk()) as members:
        return lay_out(members, into, name=name, limits=limits, case_blind=case_blind)


HERE = Means(variables=git_variables({"PATH": os.environ["PATH"]}), stored=lambda _: None, lay_out=lay_out_here)
"""Means that need no store."""
