"""Work folders: many sources become one tree, or a clear error and nothing left over."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import py7zr
import pytest

from builder.errors import SourceError
from builder.model.finding import Severity
from builder.model.recipe import GitSource, GlobList, PathSource, UrlSource
from builder.model.rendering import Platforms
from builder.recipe.v0 import OutputMetadata, Remarks, Scope, load_meta, package_output
from builder.sandbox.fake import FakeSandbox
from builder.source import Addresses, Fetcher, source_digests
from builder.store import Store, remove_tree
from tests.adversarial import archives
from tests.adversarial.archives import file
from tests.source.bench import Bench, deb, tar, zipped
from tests.source.git.making import TIME, Handmade, Upstream, upstream
from tests.source.server import Server, body_of, waiting


@pytest.fixture
def bench(tmp_path: Path, store: Store) -> Bench:
    """Without patches no command is run: a fake sandbox that would remember."""
    fetcher = Fetcher(store, Addresses())
    return Bench(folder=tmp_path / "bench", fetcher=fetcher, sandbox=FakeSandbox(), rootfs=tmp_path / "rootfs")


def refusal(bench: Bench, *sources: UrlSource | PathSource | GitSource) -> SourceError:
    with pytest.raises(SourceError) as caught:
        bench.prepare(*sources)
    return caught.value


class TestArchives:
    def test_a_single_top_folder_is_dropped(self, bench: Bench) -> None:
        bench.prepare(bench.archive("x-1.tar.gz", tar({"x-1/": "", "x-1/a": "A", "x-1/b/c": "C"})))
        assert bench.files() == {"a": "A", "b/c": "C"}

    def test_a_single_top_folder_stays_where_the_recipe_wants_it(self, bench: Bench) -> None:
        source = bench.archive("x-1.tar.gz", tar({"x-1/": "", "x-1/a": "A"}))
        bench.prepare(replace(source, keeps_top_folder=True))
        assert bench.files() == {"x-1/a": "A"}

    def test_an_archive_may_have_its_name_from_the_recipe(self, bench: Bench) -> None:
        source = bench.archive("download", tar({"x-1/a": "A"}))
        bench.prepare(replace(source, archive_name="x-1.tar.gz"))
        assert bench.files() == {"a": "A"}

    def test_several_top_folders_stay(self, bench: Bench) -> None:
        bench.prepare(bench.archive("x-1.tar.gz", tar({"x/a": "A", "y/b": "B"})))
        assert bench.files() == {"x/a": "A", "y/b": "B"}

    def test_zip(self, bench: Bench) -> None:
        bench.prepare(bench.archive("x-1.zip", zipped({"x-1/a": "A"})))
        assert bench.files() == {"a": "A"}

    def test_wheels_are_never_stripped(self, bench: Bench) -> None:
        bench.prepare(bench.archive("x-1-py3-none-any.whl", zipped({"x/a": "A"})))
        assert bench.files() == {"x/a": "A"}

    def test_debian_packages_are_never_stripped(self, bench: Bench) -> None:
        bench.prepare(bench.archive("x_1-1_amd64.deb", deb({"./usr/": "", "./usr/bin/x": "#!x"})))
        assert bench.files() == {"usr/bin/x": "#!x"}
        assert os.access(bench.work / "usr/bin/x", os.X_OK)

    def test_debian_packages_share_folders(self, bench: Bench) -> None:
        one = bench.archive("x_1_amd64.deb", deb({"./usr/": "", "./usr/share/doc/x/copyright": "x"}))
        two = bench.archive("y_1_amd64.deb", deb({"./usr/": "", "./usr/share/doc/y/copyright": "y"}))
        bench.prepare(one, two)
        assert bench.files() == {"usr/share/doc/x/copyright": "x", "usr/share/doc/y/copyright": "y"}

    def test_the_name_in_the_address_tells_the_format(self, bench: Bench) -> None:
        """In the store a file has no name but its digest."""
        source = bench.archive("x.whl", zipped({"x/a": "A"}))
        bench.prepare(source)
        assert bench.files() == {"x/a": "A"}

    def test_with_a_file_name_it_is_not_unpacked(self, bench: Bench) -> None:
        content = tar({"x-1/a": "A"})
        bench.prepare(replace(bench.archive("x-1.tar.gz", content), file_name="kept.tar.gz"))
        assert (bench.work / "kept.tar.gz").read_bytes() == content

    def test_an_evil_archive_is_refused_and_leaves_nothing(self, bench: Bench) -> None:
        error = refusal(bench, bench.archive("x.tar.gz", tar({"a": "A", "../evil": "E"})))
        assert "x.tar.gz" in str(error)
        assert list(bench.work.parent.rglob("*")) == [bench.work]

    def test_what_is_no_archive_but_named_so_is_refused(self, bench: Bench) -> None:
        assert "x.tar.gz" in str(refusal(bench, bench.archive("x.tar.gz", b"<html>")))


class TestOddities:
    """What is not refused and not as it should be is told, once for each kind and archive."""

    BITS = zipped({"x/fine": "1"})

    def test_of_each_archive_by_its_name(self, bench: Bench) -> None:
        entries = [file("x/a", mode=0o4755), file("x/b", mode=0o2755), file("x/README"), file("x/readme")]
        tree = bench.prepare(
            bench.archive("fine.zip", self.BITS),
            replace(bench.archive("odd.tar", archives.tar(entries)), target_directory="odd"),
        )
        assert [finding.check for finding in tree.findings] == ["source-set-bits", "source-collision"]
        assert {finding.severity for finding in tree.findings} == {Severity.WARNING}
        bits, collision = tree.findings
        assert bits.message.startswith("odd.tar: member 'x/a' has set-user")
        assert "(and 1 more like it)" in bits.message
        assert collision.message.startswith("odd.tar: member 'x/readme' and 'x/README' are one")
        assert collision.remedy

    def test_no_archive_can_fill_a_report(self, bench: Bench) -> None:
        entries = [file(f"x/{number}.", mode=0o6777) for number in range(2000)]
        assert len(bench.prepare(bench.archive("odd.tar", archives.tar(entries))).findings) == 3

    @pytest.mark.parametrize("names", [("README", "readme"), ("con",), ("name.",), ("caf\u00e9", "cafe\u0301")])
    def test_for_a_target_that_cannot_hold_a_name_it_is_refused(self, bench: Bench, names: tuple[str, ...]) -> None:
        odd = bench.archive("odd.tar", archives.tar([file(f"x/{name}") for name in names]))
        assert len(bench.prepare(odd).findings) == 1
        remove_tree(bench.work)
        bench.case_blind = True
        error = refusal(bench, odd)
        assert str(error).startswith("odd.tar: member ")
        assert "Windows and macOS" in (error.problems[0].remedy or "")


class TestFiles:
    def test_a_plain_file_keeps_its_name(self, bench: Bench) -> None:
        bench.prepare(bench.archive("data.csv", b"1,2\n"))
        assert bench.files() == {"data.csv": "1,2\n"}
        assert (bench.work / "data.csv").stat().st_mode & 0o7777 == 0o644

    def test_or_gets_another(self, bench: Bench) -> None:
        bench.prepare(replace(bench.archive("data.csv", b"1,2\n"), file_name="table.csv"))
        assert list(bench.files()) == ["table.csv"]

    def test_the_store_is_not_handed_out_for_writing(self, bench: Bench, store: Store) -> None:
        source = bench.archive("data.csv", b"1,2\n")
        bench.prepare(source)
        (bench.work / "data.csv").write_text("changed")
        kept = store.file(source.sha256 or "")
        assert kept is not None
        assert kept.read_bytes() == b"1,2\n"


class TestPaths:
    def test_a_folder_beside_the_recipe(self, bench: Bench) -> None:
        (bench.recipe / "src" / ".git").mkdir(parents=True)
        (bench.recipe / "src" / ".git" / "HEAD").touch()
        (bench.recipe / "src" / "run.sh").write_text("#!/bin/sh\n")
        (bench.recipe / "src" / "run.sh").chmod(0o755)
        (bench.recipe / "src" / "link").symlink_to("run.sh")
        bench.prepare(PathSource(path="src"))
        assert bench.files() == {"link": "-> run.sh", "run.sh": "#!/bin/sh\n"}
        assert os.access(bench.work / "run.sh", os.X_OK)

    def test_the_recipes_folder_itself_without_the_work_in_it(self, bench: Bench) -> None:
        (bench.recipe / "recipe.yaml").touch()
        bench.prepare(PathSource(path="."))
        assert list(bench.files()) == ["recipe.yaml"]

    def test_a_file(self, bench: Bench) -> None:
        (bench.recipe / "tool.sh").write_text("#!/bin/sh\n")
        (bench.recipe / "tool.sh").chmod(0o755)
        bench.prepare(PathSource(path="tool.sh", file_name="tool"), PathSource(path="tool.sh"))
        assert list(bench.files()) == ["tool", "tool.sh"]
        assert os.access(bench.work / "tool", os.X_OK)

    def test_an_archive(self, bench: Bench) -> None:
        (bench.recipe / "x.tar.gz").write_bytes(tar({"x-1/a": "A"}, mtime=77))
        assert bench.prepare(PathSource(path="x.tar.gz")).newest == 77
        assert bench.files() == {"a": "A"}

    def test_a_change_of_the_copy_does_not_reach_the_recipe(self, bench: Bench) -> None:
        (bench.recipe / "a.txt").write_text("mine")
        bench.prepare(PathSource(path="a.txt"))
        (bench.work / "a.txt").write_text("changed")
        assert (bench.recipe / "a.txt").read_text() == "mine"

    def test_outside_is_refused(self, bench: Bench) -> None:
        assert refusal(bench, PathSource(path="/etc/hostname")).problems[0].code == "source.outside"
        assert not bench.work.exists()


class TestTogether:
    def test_target_folders(self, bench: Bench) -> None:
        main = bench.archive("x.tar.gz", tar({"x/a": "A"}))
        extra = replace(bench.archive("y.tar.gz", tar({"y/a": "B"})), target_directory="vendor/y")
        bench.prepare(main, extra)
        assert bench.files() == {"a": "A", "vendor/y/a": "B"}

    def test_a_file_of_two_sources_is_an_error(self, bench: Bench) -> None:
        error = refusal(
            bench, bench.archive("x.tar.gz", tar({"x/a/b": "1"})), bench.archive("y.zip", zipped({"y/a/b": "2"}))
        )
        [problem] = error.problems
        assert problem.code == "source.conflict"
        assert "y.zip" in problem.message
        assert "a/b" in problem.message
        assert "target_directory" in (problem.remedy or "")

    def test_a_filter_can_solve_that(self, bench: Bench) -> None:
        one = bench.archive("x.tar.gz", tar({"x/LICENSE": "1", "x/a": "A"}))
        two = replace(
            bench.archive("y.tar.gz", tar({"y/LICENSE": "2", "y/b": "B"})), filter=GlobList(exclude=("LICENSE",))
        )
        bench.prepare(one, two)
        assert bench.files() == {"LICENSE": "1", "a": "A", "b": "B"}

    def test_a_filter_that_selects_nothing_is_an_error(self, bench: Bench) -> None:
        source = replace(bench.archive("x.tar.gz", tar({"x/a": "A"})), filter=GlobList(include=("*.c",)))
        assert refusal(bench, source).problems[0].code == "source.filter"

    def test_a_filter_of_a_folder(self, bench: Bench) -> None:
        (bench.recipe / "src" / "deep").mkdir(parents=True)
        (bench.recipe / "src" / "deep" / "a.c").touch()
        (bench.recipe / "src" / "a.h").touch()
        bench.prepare(PathSource(path="src", filter=GlobList(include=("**/*.c",))))
        assert list(bench.files()) == ["deep/a.c"]

    def test_a_target_folder_behind_another_sources_link_is_refused(self, bench: Bench, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        link = bench.archive("x_1_all.deb", deb({"./usr/a": "A"}))
        evil = bench.archive("z_1_all.deb", self.deb_with_link(str(outside)))
        behind = replace(bench.archive("data.csv", b"1"), target_directory="way/x")
        error = refusal(bench, link, evil, behind)
        assert error.problems[0].code == "source.conflict"
        assert list(outside.iterdir()) == []

    def test_an_archive_cannot_write_through_another_sources_link(self, bench: Bench, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        evil = bench.archive("z_1_all.deb", self.deb_with_link(str(outside)))
        error = refusal(bench, evil, bench.archive("y.tar.gz", tar({"way/x": "1", "b": "2"})))
        assert error.problems[0].code == "source.conflict"
        assert list(outside.iterdir()) == []

    def deb_with_link(self, target: str) -> bytes:
        """Debian packages may hold absolute links."""
        packed = deb({})
        data = tar({}, links={"./way": target})
        start = packed.index(b"data.tar.gz")
        header = f"{'data.tar.gz':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        return packed[:start] + header + data + b"\n" * (len(data) % 2)

    def test_a_file_cannot_be_a_target_folder(self, bench: Bench) -> None:
        one = bench.archive("data.csv", b"1")
        two = replace(bench.archive("more.csv", b"2"), target_directory="data.csv/x")
        assert refusal(bench, one, two).problems[0].code == "source.conflict"

    def test_no_sources_make_an_empty_folder(self, bench: Bench) -> None:
        tree = bench.prepare()
        assert tree.folder == bench.work
        assert list(bench.work.iterdir()) == []
        assert (tree.digests, tree.newest) == ((), None)


class TestTree:
    def test_the_newest_member_of_all_counts(self, bench: Bench) -> None:
        old = bench.archive("x.tar.gz", tar({"x/a": "A"}, mtime=1000))
        new = replace(bench.archive("y.tar.gz", tar({"y/b": "B"}, mtime=2000)), target_directory="y")
        assert bench.prepare(new, old).newest == 2000

    def test_plain_files_and_folders_have_no_time_of_their_own(self, bench: Bench) -> None:
        (bench.recipe / "src").mkdir()
        (bench.recipe / "src" / "a").touch()
        assert bench.prepare(bench.archive("data.csv", b"1"), PathSource(path="src")).newest is None

    def test_digests_are_those_of_the_plan(self, bench: Bench) -> None:
        (bench.recipe / "src").mkdir()
        (bench.recipe / "src" / "a").touch()
        sources = (bench.archive("data.csv", b"1"), PathSource(path="src"))
        assert bench.prepare(*sources).digests == source_digests(sources, bench.recipe)

    def test_twice_the_same_tree(self, bench: Bench) -> None:
        sources = [bench.archive(f"{n}_1_all.deb", deb({f"./usr/share/{n}": str(n)})) for n in range(12)]
        bench.prepare(*sources)
        first = bench.files()
        bench.work.rename(bench.folder / "first")
        bench.prepare(*sources)
        assert bench.files() == first
        assert len(first) == 12


class TestRefusals:
    def test_nothing_is_fetched_for_sources_that_are_wrong(self, bench: Bench, server: Server) -> None:
        address = server.serve("/a.tar.gz", b"")
        for wrong in (
            UrlSource(urls=(address,)),
            UrlSource(urls=(address,), sha256="0" * 64, target_directory="../x"),
            UrlSource(urls=(address,), sha256="0" * 64, patches=("absent.patch",)),
            UrlSource(urls=(address,), sha256="0" * 64, patches=("../evil.patch",)),
            GitSource(git=address),
        ):
            refusal(bench, wrong)
        assert server.seen == []

    def test_nothing_is_left_beside_the_work_folder(self, bench: Bench) -> None:
        refusal(bench, bench.archive("x.tar.gz", tar({"x/a": "1"})), bench.archive("y.tar.gz", b"no archive"))
        assert list(bench.work.parent.iterdir()) == [bench.work]
        bench.prepare(bench.archive("x.tar.gz", tar({"x/a": "1"})))
        assert list(bench.work.parent.iterdir()) == [bench.work]


def test_cancelling_leaves_nothing_beside_the_work_folder(bench: Bench, server: Server) -> None:
    never = threading.Event()
    body = tar({"x/a": "A"})
    slow = UrlSource(
        urls=(server.say("/x.tar.gz", waiting(never, body_of(body))),), sha256=hashlib.sha256(body).hexdigest()
    )

    async def work() -> None:
        task = asyncio.ensure_future(bench._prepare([slow]))
        await asyncio.to_thread(server.arrived.acquire)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(work())
    finally:
        never.set()
    assert list(bench.work.parent.rglob("*")) == []


def test_cancelling_ends_what_is_being_unpacked(bench: Bench) -> None:
    """A thread cannot be stopped, but what it waits for can: nobody writes into a folder that is being removed."""
    many = bench.archive("x.tar.gz", tar({f"x/{number}": "" for number in range(20_000)}))
    sessions = bench.fetcher.store.root / "sessions"

    def begun() -> None:
        while not list(sessions.glob("*/unpacking-*/job-*/.unpack-*/tree/x/*")):
            pass

    async def work() -> None:
        task = asyncio.ensure_future(bench._prepare([many, replace(many, target_directory="again")]))
        await asyncio.to_thread(begun)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("unpack")]
        assert list(bench.work.parent.iterdir()) == [bench.work]

    asyncio.run(work())
    assert list(bench.work.iterdir()) == []
    assert not list(sessions.glob("*/unpacking-*/job-*"))


def test_one_failure_waits_for_the_others(bench: Bench) -> None:
    many = bench.archive("x.tar.gz", tar({f"x/{number}": "" for number in range(6000)}))
    refusal(bench, many, bench.archive("y.tar.gz", b"no archive"))
    assert list(bench.work.parent.iterdir()) == [bench.work]


class TestGit:
    @pytest.fixture
    def bench(self, tmp_path: Path, store: Store) -> Bench:
        fetcher = Fetcher(store, Addresses(environment={"PATH": os.environ["PATH"]}))
        return Bench(folder=tmp_path / "bench", fetcher=fetcher, sandbox=FakeSandbox(), rootfs=tmp_path / "rootfs")

    @pytest.fixture
    def up(self, tmp_path: Path) -> Upstream:
        return upstream(tmp_path / "up", {"a": "A", "d/run": "#!/bin/sh\n", "d/link": "-> run"})

    def source(self, up: Upstream, **keys: object) -> GitSource:
        return GitSource(git=up.address, rev=up.git("rev-parse", "HEAD"), **keys)  # type: ignore[arg-type]

    def test_its_tree_is_the_work_folder_without_a_repository(self, bench: Bench, up: Upstream) -> None:
        tree = bench.prepare(self.source(up))
        assert bench.files() == {"a": "A", "d/link": "-> run", "d/run": "#!/bin/sh\n"}
        assert os.access(bench.work / "d" / "run", os.X_OK)
        assert not (bench.work / ".git").exists()
        assert tree.newest == TIME

    def test_the_digest_is_the_commit(self, bench: Bench, up: Upstream) -> None:
        [digest] = bench.prepare(self.source(up)).digests
        assert (digest.kind, digest.url, digest.commit) == ("git", up.address, up.git("rev-parse", "HEAD"))

    def test_beside_archives_files_and_folders(self, bench: Bench, up: Upstream) -> None:
        (bench.recipe / "src").mkdir()
        (bench.recipe / "src" / "p").write_text("P")
        bench.prepare(
            self.source(up, target_directory="git"),
            replace(bench.archive("x.zip", zipped({"x/z": "Z"})), target_directory="zip"),
            bench.archive("plain.txt", b"plain"),
            PathSource(path="src"),
        )
        assert set(bench.files()) == {"git/a", "git/d/link", "git/d/run", "zip/z", "plain.txt", "p"}

    def test_what_both_have_is_a_conflict(self, bench: Bench, up: Upstream) -> None:
        error = refusal(bench, self.source(up), bench.archive("a", b"other"))
        assert error.problems[0].code == "source.conflict"
        assert "both have a" in str(error)

    def test_a_filter_chooses(self, bench: Bench, up: Upstream) -> None:
        bench.prepare(self.source(up, filter=GlobList(include=("d/**",), exclude=("**/link",))))
        assert set(bench.files()) == {"d/run"}

    def test_a_filter_that_chooses_nothing(self, bench: Bench, up: Upstream) -> None:
        assert (
            refusal(bench, self.source(up, filter=GlobList(include=("nothing",)))).problems[0].code == "source.filter"
        )

    def test_a_path_starts_from_the_recipe(self, bench: Bench, up: Upstream) -> None:
        [digest] = bench.prepare(replace(self.source(up), git=os.path.relpath(up.folder, bench.recipe))).digests
        assert digest.url == os.path.relpath(up.folder, bench.recipe)
        assert set(bench.files()) == {"a", "d/run", "d/link"}

    def test_a_hostile_one_leaves_nothing(self, bench: Bench, tmp_path: Path) -> None:
        evil = Handmade(tmp_path / "evil")
        commit = evil.commit(evil.tree(("120000", "out", evil.write("blob", b"/etc"))))
        error = refusal(bench, GitSource(git=evil.address, rev=commit))
        assert "absolute symlink" in str(error)
        assert list(bench.work.parent.rglob("*")) == [bench.work]


def test_what_git_ignores_is_left_out_unless_asked_for(bench: Bench) -> None:
    for name, text in {".gitignore": "*.o\n", "a.c": "C", "a.o": "O"}.items():
        (bench.recipe / "src").mkdir(exist_ok=True)
        (bench.recipe / "src" / name).write_text(text)
    [without] = bench.prepare(PathSource(path="src")).digests
    assert set(bench.files()) == {".gitignore", "a.c"}
    shutil.rmtree(bench.work)
    [whole] = bench.prepare(PathSource(path="src", use_gitignore=False)).digests
    assert set(bench.files()) == {".gitignore", "a.c", "a.o"}
    assert without.sha256 != whole.sha256


def test_a_7z_archive(bench: Bench) -> None:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        archive.writestr(b"A", "x-1/a")
    bench.prepare(bench.archive("x-1.7z", buffer.getvalue()))
    assert bench.files() == {"a": "A"}


@pytest.mark.parametrize("name", ["table.csv.gz", "table.csv.xz", "table.csv.zst", "table.csv.bz2"])
def test_a_compressed_file_that_is_no_archive_stays_one(bench: Bench, name: str) -> None:
    """As with the peer: only archives are unpacked."""
    content = gzip.compress(b"1,2")
    bench.prepare(bench.archive(name, content))
    assert (bench.work / name).read_bytes() == content


LEGACY = """
package: {name: it, version: '1'}
source:
  - url: one-1.tar.gz
    folder: one
  - url: one-1.tar.gz
    folder: kept
    no_hoist: true
  - url: flat.tar.gz
    folder: flat
  - url: it-1.0-py3-none-any.whl
    folder: wheel
  - url: plain.zip
    folder: plain
  - url: download
    fn: renamed.tar.gz
    folder: renamed
  - url: one-1.tar.gz
    fn: copied.bin
    folder: copied
  - url: data.bin
    folder: data
  - path: src
    folder: src
  - path: data.bin
"""
LAID_OUT = (
    "copied/copied.bin", "data.bin", "data/data.bin", "flat/x/a", "flat/y/b", "kept/one-1/a", "kept/one-1/b/c",
    "one/a", "one/b/c", "plain/z", "renamed/a", "renamed/b/c", "src/.hidden", "src/inner/t.txt", "src/s.txt",
    "wheel/it-1.0-py3-none-any.whl", "wheel/it-1.0.dist-info/METADATA", "wheel/it/a.py",
)  # fmt: skip
"""The work folder that conda-build 26.7 makes of these sources."""


def test_sources_of_a_meta_yaml_lie_where_conda_build_puts_them(bench: Bench) -> None:
    one = tar({"one-1/a": "a", "one-1/b/c": "c"})
    files = {
        "meta.yaml": LEGACY.encode(),
        "one-1.tar.gz": one,
        "download": one,
        "flat.tar.gz": tar({"x/a": "a", "y/b": "b"}),
        "it-1.0-py3-none-any.whl": zipped({"it/a.py": "a", "it-1.0.dist-info/METADATA": "m"}),
        "plain.zip": zipped({"plain/z": "z"}),
        "data.bin": b"d",
        "src/s.txt": b"s",
        "src/inner/t.txt": b"t",
        "src/.hidden": b"h",
    }
    for name, content in files.items():
        (bench.recipe / name).parent.mkdir(parents=True, exist_ok=True)
        (bench.recipe / name).write_bytes(content)
    linux = Platforms(target="linux-64", host="linux-64", build="linux-64")
    text, scope = load_meta(bench.recipe / "meta.yaml"), Scope({}, linux, {})
    metadata = text.resolved(scope)
    found = package_output(OutputMetadata(metadata=metadata, entry={}), text, scope, Remarks(file="meta.yaml"))
    bench.prepare(*found.source)
    assert sorted(str(path.relative_to(bench.work)) for path in bench.work.rglob("*") if path.is_file()) == sorted(
        LAID_OUT
    )
