"""Large files: real git-lfs brings them, their pointers' digests judge them, and nobody has them without asking."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
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
from tests.source.server import Server, serving

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
    assert not (tmp_path / "room").exists()


def test_a_pipe_in_its_place_is_none(up: Upstream, store: Store) -> None:
    place = up.folder / ".git" / "lfs" / "objects" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(SourceError, match="did not get"):
        fetch(repositories(store), GitSource(git=up.address, lfs=True))


def test_more_than_an_archive_may_hold_is_not_fetched(store: Store, tmp_path: Path) -> None:
    made = upstream(tmp_path / "up", {"large.bin": POINTER.replace(str(len(LARGE)), str(65 << 30))})
    with pytest.raises(SourceError, match="large files of 69793218560 bytes, more than"):
        fetch(repositories(store), GitSource(git=made.address, lfs=True))


def test_large_files_do_not_count_as_unpacked_ones(store: Store, tmp_path: Path) -> None:
    """They lie in the store as they are, so a small repository may point to as many as it likes."""
    made = upstream(tmp_path / "up", {"a": POINTER, "b": POINTER})
    place = made.folder / ".git" / "lfs" / "objects" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    place.parent.mkdir(parents=True)
    place.write_bytes(LARGE)
    assert fetch(repositories(store), GitSource(git=made.address, lfs=True)).large == 2 * len(LARGE)


class TestServers:
    """A repository that is served as files, and a server of large files beside it: git-lfs really asks it."""

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with serving() as made:
            yield made

    def serve(self, server: Server, tmp_path: Path, files: dict[str, str | bytes | None]) -> GitSource:
        bare = tmp_path / "bare"
        made = upstream(tmp_path / "made", {"large.bin": POINTER, **files})
        made.git("clone", "--quiet", "--bare", str(made.folder), str(bare))
        subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
        server.serve_folder("/x.git", bare)
        listing = (bare / "info" / "refs").read_bytes()
        server.serve("/x.git/info/refs?service=git-upload-pack", listing, "text/plain")
        return GitSource(git=f"{server.base}/x.git", lfs=True)

    def offer(self, server: Server, at: str, body: bytes) -> str:
        """Answer git-lfs at ``at``; returns the path of the large file."""
        there = {"download": {"href": f"{server.base}/large{at}"}}
        answer = {"transfer": "basic", "objects": [{"oid": DIGEST, "size": len(LARGE), "actions": there}]}
        server.serve(f"{at}/objects/batch", json.dumps(answer).encode(), "application/vnd.git-lfs+json")
        server.serve(f"/large{at}", body)
        return f"/large{at}"

    def test_they_come_from_beside_the_repository(self, server: Server, store: Store, tmp_path: Path) -> None:
        source = self.serve(server, tmp_path, {})
        place = self.offer(server, "/x.git/info/lfs", LARGE)
        asked = repositories(store)
        asked.check_out(fetch(asked, source), tmp_path / "out")
        assert (tmp_path / "out" / "large.bin").read_bytes() == LARGE
        assert server.asked(place) == 1

    def test_other_bytes_are_not_kept(self, server: Server, store: Store, tmp_path: Path) -> None:
        source = self.serve(server, tmp_path, {})
        self.offer(server, "/x.git/info/lfs", bytes(len(LARGE)))
        with pytest.raises(BakehouseError):
            fetch(repositories(store), source)
        assert store.file(DIGEST) is None

    def test_a_commit_may_name_another_server(self, server: Server, store: Store, tmp_path: Path) -> None:
        """Nothing else that stands there counts: with what it excludes, git-lfs would fetch nothing at all."""
        listing = f"[lfs]\n\turl = {server.base}/other\n\tfetchexclude = *\n"
        source = self.serve(server, tmp_path, {".lfsconfig": listing})
        place = self.offer(server, "/other", LARGE)
        fetch(repositories(store), source)
        assert server.asked(place) == 1
        assert store.file(DIGEST) is not None

    @pytest.mark.parametrize(
        "url", ["file:///home", "/home", "ssh://example.org/x", "host:path", "ext::sh -c id", "-x"]
    )
    def test_but_none_of_this_machine(self, server: Server, store: Store, tmp_path: Path, url: str) -> None:
        source = self.serve(server, tmp_path, {".lfsconfig": f'[lfs]\n\turl = "{url}"\n'})
        with pytest.raises(SourceError) as caught:
            fetch(repositories(store), source)
        assert caught.value.problems[0].code in {"source.git-lfs", "source.git-address"}
        assert caught.value.problems[0].remedy
        assert store.file(DIGEST) is None

    def test_what_it_names_as_a_program_is_not_run(self, server: Server, store: Store, tmp_path: Path) -> None:
        text = (
            f'[lfs]\n\tstandalonetransferagent = x\n[lfs "customtransfer.x"]\n\tpath = touch\n\targs = {tmp_path}/ran\n'
            f'[core]\n\tsshCommand = "touch {tmp_path}/ran"\n[remote "origin"]\n\tlfsurl = ssh://example.org/x\n'
            f'[credential]\n\thelper = "!touch {tmp_path}/ran"\n'
        )
        source = self.serve(server, tmp_path, {".lfsconfig": text})
        self.offer(server, "/x.git/info/lfs", LARGE)
        fetch(repositories(store), source)
        assert store.file(DIGEST) is not None
        assert not (tmp_path / "ran").exists()

    def test_a_machine_without_it_says_what_to_install(self, server: Server, store: Store, tmp_path: Path) -> None:
        source = self.serve(server, tmp_path, {})
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").symlink_to(shutil.which("git") or "")
        with pytest.raises(MachineError) as caught:
            fetch(repositories(store, path=str(tmp_path / "bin")), source)
        [problem] = caught.value.problems
        assert (problem.code, caught.value.exit_code) == ("source.no-git-lfs", 3)
        assert "apt-get install git-lfs" in (problem.remedy or "")
