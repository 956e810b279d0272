"""Fetching commits: each once, whole, by whoever asks; mirrors, moved branches, expected commits, killed processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.recipe import GitSource
from builder.source.address import Addresses
from builder.source.git.checkout import Checkout, check_out
from builder.source.git.repositories import Repositories
from builder.store import Store
from tests.archive.making import tree as contents
from tests.e2e.command import CHECKOUT
from tests.sandbox.forbidding import without_writing
from tests.source.git.making import HERE as UNCONFINED
from tests.source.git.making import Handmade, Upstream, upstream
from tests.source.server import Server, redirect, serving

HERE = Path("/nowhere")
ENVIRONMENT = {"PATH": os.environ["PATH"]}


class Asking:
    """Repositories with what they report; every call is an event loop of its own, as in commands."""

    def __init__(
        self, store: Store, *, offline: bool = False, mirrors: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.said: list[str] = []
        addresses = Addresses(mirrors=mirrors or {}, environment=ENVIRONMENT)
        self.repositories = Repositories(store, addresses, offline=offline, report=self.said.append)

    def commit(self, source: GitSource) -> str:
        return asyncio.run(self.repositories.commit(source, HERE))

    def fetch(self, source: GitSource) -> Checkout:
        return asyncio.run(self.repositories.fetch(source, HERE))

    def files(self, source: GitSource, into: Path) -> dict[str, str]:
        self.repositories.check_out(self.fetch(source), into)
        found = (path for path in sorted(into.rglob("*")) if path.is_file())
        return {path.relative_to(into).as_posix(): path.read_text() for path in found}

    def refused(self, call: Callable[[GitSource], object], source: GitSource) -> BakehouseError:
        with pytest.raises(BakehouseError) as caught:
            call(source)
        return caught.value


@pytest.fixture
def asking(store: Store) -> Asking:
    return Asking(store)


@pytest.fixture
def offline(store: Store) -> Asking:
    return Asking(store, offline=True)


@pytest.fixture
def up(tmp_path: Path) -> Upstream:
    """A repository with two commits; the first is tagged twice, once with a note."""
    made = upstream(tmp_path / "up", {"a": "1"})
    made.git("tag", "light")
    made.git("tag", "--annotate", "--message", "note", "noted")
    made.commit({"a": "2"})
    return made


def commits(up: Upstream) -> tuple[str, str]:
    first, second = up.git("rev-list", "--reverse", "main").split()
    return first, second


class TestRevisions:
    @pytest.mark.parametrize(
        ("keys", "number"),
        [
            ({}, 1),
            ({"branch": "main"}, 1),
            ({"tag": "light"}, 0),
            ({"tag": "noted"}, 0),
            ({"rev": "main"}, 1),
            ({"rev": "noted"}, 0),
            ({"rev": "HEAD"}, 1),
            ({"rev": "refs/heads/main"}, 1),
        ],
    )
    def test_names_are_looked_up(self, asking: Asking, up: Upstream, keys: dict[str, str], number: int) -> None:
        source = GitSource(git=up.address, **keys)  # type: ignore[arg-type]
        assert asking.commit(source) == commits(up)[number]
        assert asking.fetch(source).commit == commits(up)[number]

    @pytest.mark.parametrize("number", [0, 1])
    def test_short_ones_are_looked_for_in_the_whole_history(self, asking: Asking, up: Upstream, number: int) -> None:
        whole = commits(up)[number]
        assert asking.commit(GitSource(git=up.address, rev=whole[:8])) == whole
        assert any("faster" in line for line in asking.said)

    def test_a_short_one_is_looked_for_once(self, asking: Asking, up: Upstream, store: Store) -> None:
        whole = commits(up)[0]
        source = GitSource(git=up.address, rev=whole[:8])
        asking.fetch(source)
        up.folder.rename(up.folder.with_name("gone"))
        assert Asking(store).commit(source) == whole

    def test_whole_ones_are_not_asked_for(self, asking: Asking) -> None:
        for keys in ({"rev": "a" * 40}, {"tag": "v1", "expected_commit": "a" * 40}):
            source = GitSource(git="https://unreachable.invalid/x", **keys)  # type: ignore[arg-type]
            assert asking.commit(source) == "a" * 40

    @pytest.mark.parametrize(
        "keys",
        [{"branch": "mai"}, {"branch": "light"}, {"tag": "main"}, {"tag": "v9"}, {"rev": "v9"}, {"rev": "0123456"}],
    )
    def test_what_is_not_there(self, asking: Asking, up: Upstream, keys: dict[str, str]) -> None:
        error = asking.refused(asking.commit, GitSource(git=up.address, **keys))  # type: ignore[arg-type]
        assert error.problems[0].code == "source.git-revision"
        assert next(iter(keys.values())) in str(error)

    def test_an_address_that_is_no_repository(self, asking: Asking, tmp_path: Path) -> None:
        error = asking.refused(asking.commit, GitSource(git=str(tmp_path), branch="main"))
        assert (error.problems[0].code, error.exit_code) == ("source.gone", 2)
        assert tmp_path.as_uri() in str(error)

    def test_a_path_starts_from_the_recipe(self, asking: Asking, up: Upstream) -> None:
        found = asyncio.run(
            asking.repositories.commit(GitSource(git="../up", tag="light"), up.folder.parent / "recipe")
        )
        assert found == commits(up)[0]


class TestFetching:
    def test_the_tree_comes_without_history(self, asking: Asking, up: Upstream, tmp_path: Path) -> None:
        source = GitSource(git=up.address, branch="main")
        assert asking.files(source, tmp_path / "out") == {"a": "2"}
        folder = asking.fetch(source).folder
        assert (folder / "shallow").read_text().strip() == commits(up)[1]

    def test_what_is_there_is_not_fetched_again(self, asking: Asking, up: Upstream, tmp_path: Path) -> None:
        source = GitSource(git=up.address, rev=commits(up)[0])
        asking.fetch(source)
        up.folder.rename(up.folder.with_name("gone"))
        assert asking.files(source, tmp_path / "out") == {"a": "1"}
        assert len([line for line in asking.said if "fetching" in line]) == 1

    def test_the_commit_of_the_plan_counts_though_the_branch_has_moved(
        self, asking: Asking, up: Upstream, tmp_path: Path
    ) -> None:
        planned = GitSource(git=up.address, branch="main", commit=commits(up)[0])
        assert asking.files(planned, tmp_path / "out") == {"a": "1"}

    def test_sha256_repositories(self, asking: Asking, tmp_path: Path) -> None:
        made = upstream(tmp_path / "sha256", {"a": "A"}, form="sha256")
        source = GitSource(git=made.address, branch="main")
        assert len(asking.commit(source)) == 64
        assert asking.files(source, tmp_path / "out") == {"a": "A"}

    def test_a_commit_on_no_branch_any_more(self, asking: Asking, up: Upstream, tmp_path: Path) -> None:
        second = commits(up)[1]
        up.git("reset", "--quiet", "--hard", "light")
        assert asking.files(GitSource(git=up.address, rev=second), tmp_path / "out") == {"a": "2"}

    def test_a_server_that_gives_only_what_it_lists(self, asking: Asking, up: Upstream, tmp_path: Path) -> None:
        up.git("config", "protocol.version", "0")
        up.commit({"a": "3"})
        bare = tmp_path / "bare"
        up.git("clone", "--quiet", "--bare", str(up.folder), str(bare))
        (bare / "config").write_text((bare / "config").read_text() + "[protocol]\n\tversion = 0\n")
        source = GitSource(git=bare.as_uri(), rev=up.git("rev-parse", "HEAD~1"))
        assert asking.files(source, tmp_path / "out") == {"a": "2"}

    def test_a_commit_that_nobody_has(self, asking: Asking, up: Upstream, store: Store) -> None:
        error = asking.refused(asking.fetch, GitSource(git=up.address, rev="a" * 40))
        assert error.exit_code == 2
        assert store.folder("git", "a" * 40) is None

    @pytest.mark.parametrize("what", ["main:a", "main^{tree}", "noted"])
    def test_an_object_that_is_no_commit(self, asking: Asking, up: Upstream, what: str) -> None:
        error = asking.refused(asking.fetch, GitSource(git=up.address, rev=up.git("rev-parse", what)))
        assert error.exit_code == 2

    def test_the_store_is_told_apart_by_commit_alone(self, store: Store, up: Upstream, tmp_path: Path) -> None:
        """Another address of the same commit is the same tree."""
        commit = commits(up)[0]
        Asking(store).fetch(GitSource(git=up.address, rev=commit))
        other = GitSource(git="https://unreachable.invalid/x", rev=commit)
        assert Asking(store).files(other, tmp_path / "out") == {"a": "1"}


class TestExpected:
    @pytest.mark.parametrize("keys", [{"branch": "main"}, {"tag": "noted"}, {}, {"rev": "light"}])
    def test_another_commit_is_an_error_that_names_both(
        self, asking: Asking, up: Upstream, keys: dict[str, str]
    ) -> None:
        plain = GitSource(git=up.address, **keys)  # type: ignore[arg-type]
        found = asking.fetch(plain).commit
        wrong = GitSource(git=up.address, expected_commit="0" * 40, **keys)  # type: ignore[arg-type]
        error = asking.refused(asking.fetch, wrong)
        assert error.problems[0].code == "source.git-commit"
        assert found in str(error)
        assert "0" * 40 in str(error)

    def test_a_commit_of_the_same_repository_is_another_one_too(self, asking: Asking, up: Upstream) -> None:
        first, second = commits(up)
        for commit in (first, second):
            asking.fetch(GitSource(git=up.address, rev=commit))
        error = asking.refused(asking.fetch, GitSource(git=up.address, branch="main", expected_commit=first))
        assert second in str(error)

    def test_the_right_one_is_asked_for_once(self, asking: Asking, up: Upstream, tmp_path: Path) -> None:
        source = GitSource(git=up.address, tag="noted", expected_commit=commits(up)[0])
        asking.fetch(source)
        up.folder.rename(up.folder.with_name("gone"))
        assert asking.files(source, tmp_path / "out") == {"a": "1"}

    def test_a_tag_that_was_moved_is_seen_by_who_has_not_fetched_it(self, asking: Asking, up: Upstream) -> None:
        first, second = commits(up)
        up.git("tag", "--force", "light", "main")
        error = asking.refused(asking.fetch, GitSource(git=up.address, tag="light", expected_commit=first))
        assert second in str(error)


class TestOffline:
    def test_the_last_known_commit_is_taken_and_told(
        self, asking: Asking, offline: Asking, up: Upstream, tmp_path: Path
    ) -> None:
        source = GitSource(git=up.address, branch="main")
        asking.fetch(source)
        second = commits(up)[1]
        up.commit({"a": "3"})
        assert offline.commit(source) == second
        assert offline.said == [f"{up.address}: branch main is taken to be {second}, as fetched last"]
        assert offline.files(source, tmp_path / "out") == {"a": "2"}

    @pytest.mark.parametrize(
        "keys", [{"branch": "main"}, {"rev": "a" * 40}, {"tag": "light", "expected_commit": "a" * 40}]
    )
    def test_what_was_never_fetched(self, offline: Asking, up: Upstream, keys: dict[str, str]) -> None:
        error = offline.refused(offline.fetch, GitSource(git=up.address, **keys))  # type: ignore[arg-type]
        assert (error.problems[0].code, error.exit_code) == ("source.offline", 3)

    def test_a_wrong_expected_commit_is_wrong_offline_too(self, asking: Asking, offline: Asking, up: Upstream) -> None:
        first, second = commits(up)
        asking.fetch(GitSource(git=up.address, branch="main"))
        asking.fetch(GitSource(git=up.address, rev=first))
        error = offline.refused(offline.fetch, GitSource(git=up.address, branch="main", expected_commit=first))
        assert isinstance(error, SourceError)
        assert second in str(error)


class TestMirrors:
    def test_they_come_first_and_the_address_itself_last(self, store: Store, up: Upstream, tmp_path: Path) -> None:
        mirrors = {"https://example.org/": (f"{tmp_path.as_uri()}/absent/", f"{tmp_path.as_uri()}/")}
        asking = Asking(store, mirrors=mirrors)
        source = GitSource(git="https://example.org/up", branch="main")
        assert asking.files(source, tmp_path / "out") == {"a": "2"}
        assert any("absent" in line and "took" in line for line in asking.said)

    def test_an_error_names_all_of_them(self, store: Store, tmp_path: Path) -> None:
        mirrors = {f"{tmp_path.as_uri()}/x/": (f"{tmp_path.as_uri()}/one/", f"{tmp_path.as_uri()}/two/")}
        asking = Asking(store, mirrors=mirrors)
        error = asking.refused(asking.commit, GitSource(git=f"{tmp_path.as_uri()}/x/up", branch="main"))
        lines = str(error).splitlines()
        assert [line.split(":///")[1].split(":")[0].split("/")[-2] for line in lines[1:]] == ["one", "two", "x"]

    def test_secrets_of_mirrors_are_not_shown(self, store: Store) -> None:
        mirrors = {"https://example.org/": ("http://user:secret@127.0.0.1:9/",)}
        asking = Asking(store, mirrors=mirrors)
        error = asking.refused(asking.commit, GitSource(git="file:///nowhere/x", branch="main"))
        assert "secret" not in str(error)
        error = asking.refused(asking.commit, GitSource(git="https://example.org/x", branch="main"))
        assert "127.0.0.1:9" in str(error)
        assert "secret" not in str(error) + "".join(asking.said)


class TestHttp:
    """Over a real server that only has files: it gives neither single commits nor commits without history."""

    @pytest.fixture
    def served(self, up: Upstream, tmp_path: Path) -> Iterator[Server]:
        bare = tmp_path / "bare"
        up.git("clone", "--quiet", "--bare", str(up.folder), str(bare))
        subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
        with serving() as server:
            server.serve_folder("/x.git", bare)
            server.serve(
                "/x.git/info/refs?service=git-upload-pack", (bare / "info" / "refs").read_bytes(), "text/plain"
            )
            yield server

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_commit_comes_by_way_of_everything(
        self, asking: Asking, up: Upstream, served: Server, tmp_path: Path, number: int
    ) -> None:
        source = GitSource(git=f"{served.base}/x.git", rev=commits(up)[number])
        assert asking.files(source, tmp_path / "out") == {"a": str(number + 1)}
        assert (asking.fetch(source).folder / "shallow").exists()

    def test_a_branch_by_a_mirror(self, store: Store, up: Upstream, served: Server, tmp_path: Path) -> None:
        mirrors = {"https://git.example.org/": (f"{served.base}/absent/", f"{served.base}/")}
        asking = Asking(store, mirrors=mirrors)
        source = GitSource(git="https://git.example.org/x.git", branch="main")
        assert asking.commit(source) == commits(up)[1]
        assert asking.files(source, tmp_path / "out") == {"a": "2"}

    def test_a_mirrors_password_stays_nowhere(self, store: Store, served: Server, tmp_path: Path) -> None:
        asking = Asking(
            store, mirrors={"https://git.example.org/": (f"{served.base}/".replace("//", "//me:hunter2@", 1),)}
        )
        asking.files(GitSource(git="https://git.example.org/x.git", branch="main"), tmp_path / "out")
        assert asking.said
        assert "hunter2" not in "".join(asking.said)
        for place in (*store.root.rglob("*"), *(tmp_path / "out").rglob("*")):
            assert not place.is_file() or b"hunter2" not in place.read_bytes(), place

    def test_a_repository_that_is_not_there(self, asking: Asking, served: Server) -> None:
        error = asking.refused(asking.commit, GitSource(git=f"{served.base}/gone.git", branch="main"))
        assert (error.problems[0].code, error.exit_code) == ("source.gone", 2)

    def test_a_redirect_to_another_protocol_is_not_followed(self, asking: Asking, up: Upstream, served: Server) -> None:
        served.say("/evil.git/info/refs?service=git-upload-pack", redirect(f"{up.address}/info/refs"))
        error = asking.refused(asking.commit, GitSource(git=f"{served.base}/evil.git", branch="main"))
        assert error.exit_code == 3
        assert commits(up)[1] not in str(error)


class TestSubmodules:
    @pytest.fixture
    def nested(self, tmp_path: Path) -> Upstream:
        upstream(tmp_path / "inmost", {"z": "Z"})
        middle = upstream(tmp_path / "middle", {"m": "M"})
        middle.git("submodule", "--quiet", "add", "../inmost", "in")
        middle.commit({})
        outer = upstream(tmp_path / "outer", {"o": "O"})
        outer.git("submodule", "--quiet", "add", middle.address, "mid")
        outer.commit({})
        return outer

    def test_they_come_along_at_any_depth(self, asking: Asking, nested: Upstream, tmp_path: Path) -> None:
        found = asking.files(GitSource(git=nested.address), tmp_path / "out")
        assert {name: text for name, text in found.items() if not name.endswith(".gitmodules")} == {
            "mid/in/z": "Z", "mid/m": "M", "o": "O",
        }  # fmt: skip

    def test_or_not(self, asking: Asking, nested: Upstream, tmp_path: Path) -> None:
        found = asking.files(GitSource(git=nested.address, submodules=False), tmp_path / "out")
        assert set(found) == {"o", ".gitmodules"}
        assert (tmp_path / "out" / "mid").is_dir()

    def test_offline_all_of_them_must_be_there(
        self, asking: Asking, offline: Asking, nested: Upstream, tmp_path: Path
    ) -> None:
        asking.fetch(GitSource(git=nested.address, submodules=False))
        assert offline.refused(offline.fetch, GitSource(git=nested.address)).exit_code == 3
        asking.fetch(GitSource(git=nested.address))
        assert "mid/in/z" in offline.files(GitSource(git=nested.address), tmp_path / "out")

    def test_a_repository_in_itself_ends(self, asking: Asking, tmp_path: Path) -> None:
        """No commit can hold its own id, but commits of one repository can hold each other's for ever."""
        evil = Handmade(tmp_path / "evil")
        listing = evil.write("blob", b'[submodule "x"]\n\tpath = x\n\turl = ../evil\n')
        commit = evil.commit(evil.tree())
        for _ in range(10):
            commit = evil.commit(evil.tree(("100644", ".gitmodules", listing), ("160000", "x", commit)))
        error = asking.refused(asking.fetch, GitSource(git=evil.address, rev=commit))
        assert "more than 8 deep" in str(error)


class TestHostile:
    @pytest.mark.parametrize("name", [".git", ".GIT", ".."])
    def test_what_git_refuses_is_not_kept(self, asking: Asking, tmp_path: Path, store: Store, name: str) -> None:
        evil = Handmade(tmp_path / "evil")
        inner = evil.tree(("100755", "config", evil.write("blob", b"evil")))
        commit = evil.commit(evil.tree(("40000", name, inner)))
        error = asking.refused(asking.fetch, GitSource(git=evil.address, branch="main"))
        assert (error.problems[0].code, error.exit_code) == ("source.git-broken", 2)
        assert store.folder("git", commit) is None

    def test_a_submodule_that_leads_out_is_not_kept(self, asking: Asking, tmp_path: Path) -> None:
        evil = Handmade(tmp_path / "evil")
        listing = evil.write("blob", b'[submodule "../../x"]\n\tpath = ../x\n\turl = -u./payload\n')
        evil.commit(evil.tree(("100644", ".gitmodules", listing), ("160000", "x", "a" * 40)))
        assert asking.refused(asking.fetch, GitSource(git=evil.address, branch="main")).exit_code == 2

    def test_a_server_that_gives_other_bytes(self, asking: Asking, tmp_path: Path) -> None:
        evil = Handmade(tmp_path / "evil")
        blob = evil.write("blob", b"good")
        evil.commit(evil.tree(("100644", "a", blob)))
        evil.write("blob", b"evil", named=blob)
        assert isinstance(asking.refused(asking.fetch, GitSource(git=evil.address, branch="main")), BakehouseError)
        assert asking.repositories._store.folder("git", evil.commit(evil.tree())) is None

    def test_a_damaged_cache_is_noticed(self, asking: Asking, up: Upstream, tmp_path: Path) -> None:
        source = GitSource(git=up.address, branch="main")
        [pack] = (asking.fetch(source).folder / "objects" / "pack").glob("*.pack")
        pack.chmod(0o644)
        content = bytearray(pack.read_bytes())
        content[len(content) // 2] ^= 0xFF
        pack.write_bytes(content)
        with pytest.raises(MachineError, match="damaged"):
            asking.files(source, tmp_path / "out")
        assert not (tmp_path / "out").exists()


FETCH = """\
import asyncio, os, sys
from pathlib import Path
from builder.model.recipe import GitSource
from builder.source.address import Addresses
from builder.source.git.repositories import Repositories
from builder.store import Store
store = Store(Path(sys.argv[1]))
repositories = Repositories(store, Addresses(environment=dict(os.environ)), report=print)
checkout = asyncio.run(repositories.fetch(GitSource(git=sys.argv[2], branch="main"), Path("/")))
print(repositories.check_out(checkout, Path(sys.argv[3])).members, flush=True)
store.close()
"""


def fetching(store: Path, address: str, into: Path, path: str | None = None) -> subprocess.Popen[str]:
    variables = {**os.environ, "PATH": path or os.environ["PATH"]}
    argv = [sys.executable, "-c", FETCH, str(store), address, str(into)]
    return subprocess.Popen(
        argv, cwd=CHECKOUT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_eight_processes_fetch_it_once(tmp_path: Path) -> None:
    made = upstream(tmp_path / "up", {f"d{number % 7}/f{number}": os.urandom(2000) for number in range(300)})
    running = [fetching(tmp_path / "store", made.address, tmp_path / f"out{number}") for number in range(8)]
    ends = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 8, ends
    assert sum("fetching commit" in out for out, _ in ends) == 1
    for number in range(8):
        for name in ("d0/f0", "d5/f299"):
            assert (tmp_path / f"out{number}" / name).read_bytes() == (made.folder / name).read_bytes()


def test_a_killed_process_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """Killed in the middle of a fetch, with the objects half there; the next one begins anew."""
    made = upstream(tmp_path / "up", {f"f{number}": os.urandom(3000) for number in range(100)})
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    # git as it is, but after its fetch it stays, as one does that still has much to get.
    slow.write_text(
        f'#!/bin/sh\n{real} "$@" || exit $?\ncase "$*" in *--depth=1*) touch {tmp_path / "met"}; exec sleep 300;; esac\n'
    )
    slow.chmod(0o755)
    process = fetching(tmp_path / "store", made.address, tmp_path / "out", f"{slow.parent}:{os.environ['PATH']}")
    while not (tmp_path / "met").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    store = Store(tmp_path / "store")
    commit = made.git("rev-parse", "HEAD")
    assert store.folder("git", commit) is None
    asking = Asking(store)
    asking.repositories.check_out(asking.fetch(GitSource(git=made.address, branch="main")), tmp_path / "again")
    assert (tmp_path / "again" / "f99").read_bytes() == (made.folder / "f99").read_bytes()
    left = [path.name for path in (tmp_path / "store" / "sessions").iterdir()]
    assert len(left) == 2, "this session's lock and folder, and nothing of the killed one's"
    store.close()


def test_another_process_writes_the_tree(asking: Asking, tmp_path: Path) -> None:
    """Ours may make no file and no link any more, and need not."""
    made = upstream(tmp_path / "up", {"a": "A", "d/run": "#!/bin/sh\n", "d/link": "-> run", "large": "x" * 1_000_000})
    inner = upstream(tmp_path / "inner", {"i": "I"})
    made.git("submodule", "--quiet", "add", inner.address, "sub")
    made.commit({})
    checkout = asking.fetch(GitSource(git=made.address))
    asking.repositories.check_out(checkout, tmp_path / "free")
    assert without_writing(lambda: asking.repositories.check_out(checkout, tmp_path / "out")) == ""
    assert contents(tmp_path / "out") == contents(tmp_path / "free")
    assert (tmp_path / "out" / "sub" / "i").read_text() == "I"
    assert "PermissionError" in without_writing(lambda: check_out(checkout, tmp_path / "here", UNCONFINED))
