"""Runs the command as a user does, in a process of its own, and reads back what it left."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.model.inside import SEALED

CHECKOUT = Path(__file__).parents[2]
SIX = Path(__file__).parent / "six"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bakehouse:
    """The command with one store; ``environment`` is added to a clean one."""

    store: Path
    environment: tuple[tuple[str, str], ...] = ()

    def argv(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "builder", *map(str, arguments)]

    def variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "SSL_CERT_FILE", "LANG") if name in os.environ}
        return {**kept, "BAKEHOUSE_STORE": str(self.store), "PYTHONPATH": str(CHECKOUT), **dict(self.environment)}

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments), capture_output=True, text=True, check=False, env=self.variables(),
            cwd=cwd or CHECKOUT, timeout=1200, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def good(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        done = self.run(*arguments, cwd=cwd)
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stderr}\n{done.stdout}"
        return done.stdout

    def document(self, *arguments: str | Path) -> object:
        return json.loads(self.good(*arguments, "--json"))

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=self.variables(),
            cwd=CHECKOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A finished channel, and what the build said of it."""

    channel: Path
    document: tuple[dict[str, object], ...]


def packages(channel: Path) -> dict[str, str]:
    """Return ``subdir/file name`` → sha256 of every package file of a channel."""
    found = sorted([*channel.glob("*/*.conda"), *channel.glob("*/*.tar.bz2")])
    return {str(path.relative_to(channel)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def indexed(channel: Path) -> dict[str, str]:
    """Return ``subdir/file name`` → sha256 as the channel's index says."""
    found: dict[str, str] = {}
    for index in sorted(channel.glob("*/repodata.json")):
        document: Mapping[str, Mapping[str, Mapping[str, str]]] = json.loads(index.read_text())
        for section in ("packages", "packages.conda"):
            for name, record in document.get(section, {}).items():
                found[f"{index.parent.name}/{name}"] = record["sha256"]
    return found


def build_paths_in(prefix: Path) -> list[tuple[Path, bytes]]:
    """The installed files that name a place of the build, each with that place; an installer's own records do not count."""
    inside = [SEALED.work, SEALED.build_prefix, SEALED.prefix, SEALED.recipe, SEALED.home]
    words = [str(path).encode() for path in inside]
    return [
        (path.relative_to(prefix), word)
        for path in prefix.rglob("*")
        if path.is_file() and not path.is_symlink() and "conda-meta" not in path.parts
        for word in words
        if word in path.read_bytes()
    ]
