"""Real repositories, made on the spot: with git itself, or byte by byte where git would refuse."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
