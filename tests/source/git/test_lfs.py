"""Large files: real git-lfs brings them, their pointers' digests judge them, and nobody has them without asking."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.recipe import GitSource
from builder.source.address import Addresses
from builder.source.git.checkout import Checkout
from builder.source.git.lfs import Pointer, pointer
from builder.source.git.repositories import Repositories
from builder.store import Store
from tests.source.git.making import Upstream, upstream

LARGE = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(LARGE).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize {len(LARGE)}\n"


def pieces(body: bytes) -> Iterator[memoryview]:
    yield memoryview(body)


class TestPointers:
    @pytest.mark.parametrize(
        "text", [POINTER, POINTER.rstrip(), POINTER.replace("oid", "ext-0-x sha256:" + "0" * 64 + "\noid")]
    )
    def test_pointers(self, text: str) -> None:
        found, rest = pointer(len(text), pieces(text.encode()))
        assert found == Pointer(sha256=DIGEST, size=len(LARGE))
        assert b"".join(rest) == text.encode()

    @pytest.mark.parametrize(
        "text",
        ["", "a", POINTER + "x", POINTER.replace("sha256", "sha1"), POINTER.replace("size ", "size -"), POINTER[8:]],
    )
    def test_everything_else_stays_what_it_is(self, text: str) -> None:
        found, rest = pointer(len(text), pieces(text.encode()))
        assert found is None
        assert b"".join(rest) == text.encode()

    def test_a_file_that_is_too_long_is_not_looked_at(self) -> None:
        stream = pieces(POINTER.encode())
        assert pointer(1025, stream) == (None, stream)
        assert next(stream) == POINTER.encode(), "nothing was taken of it"


@pytest.fixture
def up(tmp_path: Path) -> Upstream:
    """A repository with a large file, as git-lfs keeps it, and a text that only looks like a pointer's."""
    made = upstream(tmp_path / "up", {"a": "A", "large.bin": POINTER, "large.txt": POINTER.replace("size", "Size")})
    place = made.folder / ".git" / "lfs" / "objects" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    place.parent.mkdir(parents=True)
    place.write_bytes(LARGE)
    return made


def repositories(store: Store, *, path: str | None = None, offline: bool = False) -> Repositories:
    environment = {"PATH": path or os.environ["PATH"], "HOME": str(store.root)}
    return Repositories(store, Addresses(environment=environment), offline=offline)


def fetch(asked: Repositories, source: GitSource) -> Checkout:
    return asyncio.run(asked.fetch(source, Path("/")))


def test_the_file_takes_the_place_of_its_pointer(up: Upstream, store: Store, tmp_path: Path) -> None:
    asked = repositories(store)
    asked.check_out(fetch(asked, GitSource(git=up.address, lfs=True)), tmp_path / "out")
    assert (tmp_path / "out" / "large.bin").read_bytes() == LARGE
    assert (tmp_path / "out" / "large.txt").read_text().startswith("version ")
    assert store.file(DIGEST) is not None


def test_afterwards_nothing_is_asked_for(up: Upstream, store: Store, tmp_path: Path) -> None:
    source = GitSource(git=up.address, branch="main", lfs=True)
    fetch(repositories(store), source)
    up.folder.rename(tmp_path / "gone")
    asked = repositories(store, offline=True)
    asked.check_out(fetch(asked, source), tmp_path / "out")
    assert (tmp_path / "out" / "large.bin").read_bytes() == LARGE


def test_who_does_not_ask_gets_the_pointer(up: Upstream, store: Store, tmp_path: Path) -> None:
    asked = repositories(store)
    asked.check_out(fetch(asked, GitSource(git=up.address)), tmp_path / "out")
    assert (tmp_path / "out" / "large.bin").read_text() == POINTER


def test_offline_a_missing_one_is_told(up: Upstream, store: Store) -> None:
    fetch(repositories(store), GitSource(git=up.address, branch="main"))
    with pytest.raises(MachineError) as caught:
        fetch(repositories(store, offline=True), GitSource(git=up.address, branch="main", lfs=True))
    assert caught.value.problems[0].code == "source.offline"


def test_a_machine_without_it_says_what_to_install(up: Upstream, store: Store, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(shutil.which("git") or "")
    with pytest.raises(MachineError) as caught:
        fetch(repositories(store, path=str(tmp_path / "bin")), GitSource(git=up.address, lfs=True))
    [problem] = caught.value.problems
    assert (problem.code, caught.value.exit_code) == ("source.no-git-lfs", 3)
    assert "apt-get install git-lfs" in (problem.remedy or "")


def test_without_large_files_it_is_not_needed(store: Store, tmp_path: Path) -> None:
    plain = upstream(tmp_path / "plain", {"a": "A"})
    (tmp_path / "bin").mkdir()
    for name in ("git", "setpriv"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    asked = repositories(store, path=str(tmp_path / "bin"))
    assert fetch(asked, GitSource(git=plain.address, lfs=True)).lfs


def test_other_bytes_are_not_taken(up: Upstream, store: Store) -> None:
    place = up.folder / ".git" / "lfs" / "objects" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    place.write_bytes(b"evil")
    with pytest.raises(BakehouseError):
        fetch(repositories(store), GitSource(git=up.address, lfs=True))
    assert store.file(DIGEST) is None


def test_one_that_left_the_store_meanwhile_is_an_error(up: Upstream, store: Store, tmp_path: Path) -> None:
    asked = repositories(store)
    checkout = fetch(asked, GitSource(git=up.address, lfs=True))
    file = store.file(DIGEST)
    assert file is not None
    file.unlink()
    with pytest.raises(SourceError, match="not fetched"):
        asked.check_out(checkout, tmp_path / "room" / "out")
    assert list((tmp_path / "room").iterdir()) == []
