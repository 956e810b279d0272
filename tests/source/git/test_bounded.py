"""Fetches that are bounded by what objects declare: on real repositories, the packs of some made by hand."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
from pathlib import Path
from typing import Literal

import pytest

from builder.source.git.bounded import TOO_LARGE, fetch
from builder.source.git.command import GitError, git_variables
from tests.source.git.making import Handmade, bomb, upstream
from tests.source.server import Server, serving

VARIABLES = git_variables({"PATH": os.environ["PATH"]}, "file")
MIB, GIB = 1 << 20, 1 << 30


def fetched(address: str, folder: Path, largest: int, protocol: str = "file") -> Path:
    """Fetch the branch ``main`` of a repository, and return the one that has it now."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--template=", str(folder)], check=True)
    variables = git_variables({"PATH": os.environ["PATH"]}, protocol)
    asyncio.run(fetch(variables, folder, "--", address, "main:refs/heads/main", largest=largest))
    return folder


def blobs(folder: Path) -> set[int]:
    """The sizes of all files of a repository."""
    asked = ["git", f"--git-dir={folder}", "cat-file", "--batch-all-objects", "--batch-check"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return {int(line.split()[2]) for line in lines if line.split()[1] == "blob"}


def test_the_largest_that_may_be_is_whole(tmp_path: Path) -> None:
    made = upstream(tmp_path / "up", {"zeros": bytes(2 * MIB)})
    assert blobs(fetched(made.address, tmp_path / "into", 2 * MIB)) == {2 * MIB}


def test_a_larger_one_is_not_there(tmp_path: Path) -> None:
    made = upstream(tmp_path / "up", {"zeros": bytes(2 * MIB), "small": b"x"})
    with pytest.raises(GitError, match=f"takes [0-9]{{7}} bytes, more than the {MIB} {TOO_LARGE}"):
        fetched(made.address, tmp_path / "into", MIB)
    assert not blobs(tmp_path / "into")


@pytest.mark.parametrize("form", ["delta", "stream"])
@pytest.mark.parametrize("protocol", ["file", "http"])
def test_what_is_sent_of_a_bomb_costs_nothing(form: Literal["delta", "stream"], protocol: str, tmp_path: Path) -> None:
    """Of a server that only has files git takes whole packs: the sizes in them are all that there is to go by."""
    size = 4 * GIB if form == "delta" else GIB
    evil = Handmade(tmp_path / "evil")
    evil.commit(evil.tree(("100644", "zeros", bomb(evil, size, form))))
    with serving() as server:
        served(server, evil.folder)
        address = evil.address if protocol == "file" else f"{server.base}/evil"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with pytest.raises(GitError, match=f"takes {size + 1} bytes, more than the {256 * MIB} "):
            fetched(address, tmp_path / "into", 256 * MIB, protocol)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
    assert not blobs(tmp_path / "into")


def served(server: Server, folder: Path) -> None:
    """Serve a repository as files."""
    subprocess.run(["git", f"--git-dir={folder}", "update-server-info"], check=True)
    server.serve_folder("/evil", folder)
    server.serve("/evil/info/refs?service=git-upload-pack", (folder / "info" / "refs").read_bytes(), "text/plain")


def test_other_failures_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="does not appear to be a git repository"):
        fetched((tmp_path / "nothing").as_uri(), tmp_path / "into", MIB)
