"""Trees on disk: the same bytes, modes and times whoever makes them; nothing of a hostile repository gets out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.archive import UnpackLimits
from builder.errors import BakehouseError, MachineError, SourceError
from builder.source.git.checkout import Checkout, check_out
from tests.source.git.making import HERE, TIME, Handmade, Upstream, upstream


def lay(folder: Path, commit: str, into: Path, inner: Mapping[str, Checkout] | None = None) -> dict[str, str]:
    checkout = Checkout(name="https://example.org/x", commit=commit, folder=folder, submodules=inner or {})
    check_out(checkout, into, HERE)
    return tree(into)


def tree(root: Path) -> dict[str, str]:
    """Path → contents of files, ``-> TARGET`` of links, ``/`` of folders."""
    return {
        path.relative_to(root).as_posix(): f"-> {path.readlink()}"
        if path.is_symlink()
        else "/"
        if path.is_dir()
        else path.read_text("utf-8", "surrogateescape")
        for path in sorted(root.rglob("*"))
    }


def commit_of(made: Upstream) -> tuple[Path, str]:
    return made.folder / ".git", made.git("rev-parse", "HEAD")


FILES = {"a": "A", "run": "#!/bin/sh\n", "d/e/f": "F", "d/link": "-> e/f", "empty": "", "ü ñ": "\u00fc"}


class TestTrees:
    @pytest.mark.parametrize("form", ["sha1", "sha256"])
    def test_what_was_committed_comes_out(self, tmp_path: Path, form: str) -> None:
        made = upstream(tmp_path / "up", FILES, form=form)
        assert lay(*commit_of(made), tmp_path / "out") == {**FILES, "d": "/", "d/e": "/"}

    def test_modes_and_times_hang_on_nothing_but_the_commit(self, tmp_path: Path) -> None:
        made = upstream(tmp_path / "up", FILES)
        before = os.umask(0o077)
        try:
            lay(*commit_of(made), tmp_path / "out")
        finally:
            os.umask(before)
        found = {path.name: path.lstat() for path in (tmp_path / "out").rglob("*")}
        assert {name: stat.st_mode & 0o7777 for name, stat in found.items() if name != "link"} == {
            "a": 0o644, "run": 0o755, "d": 0o755, "e": 0o755, "f": 0o644, "empty": 0o644, "ü ñ": 0o644,
        }  # fmt: skip
        assert {stat.st_mtime for stat in found.values()} == {TIME}
        assert (tmp_path / "out").stat().st_mode & 0o7777 == 0o755

    def test_the_newest_time_is_the_commits(self, tmp_path: Path) -> None:
        made = upstream(tmp_path / "up", FILES)
        made.commit({"a": "B"})
        folder, commit = commit_of(made)
        checkout = Checkout(name="x", commit=commit, folder=folder)
        assert check_out(checkout, tmp_path / "out", HERE).newest == TIME + 60

    def test_an_empty_commit_is_an_empty_folder(self, tmp_path: Path) -> None:
        made = Handmade(tmp_path / "up")
        assert lay(made.folder, made.commit(made.tree()), tmp_path / "out") == {}

    def test_line_ends_and_filters_are_not_touched(self, tmp_path: Path) -> None:
        made = upstream(
            tmp_path / "up",
            {
                ".gitattributes": "*.txt eol=crlf\n*.x filter=evil ident\nleft export-ignore\n",
                "a.txt": "one\ntwo\n",
                "b.x": "$Id$\n",
                "left": "L",
            },
        )
        made.git("config", "filter.evil.smudge", f"touch {tmp_path / 'ran'}")
        found = lay(*commit_of(made), tmp_path / "out")
        assert (found["a.txt"], found["b.x"], found["left"]) == ("one\ntwo\n", "$Id$\n", "L")
        assert not (tmp_path / "ran").exists()

    def test_hooks_are_not_run(self, tmp_path: Path) -> None:
        made = upstream(tmp_path / "up", {"a": "A"})
        hook = made.folder / ".git" / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        hook.chmod(0o755)
        lay(*commit_of(made), tmp_path / "out")
        assert not (tmp_path / "ran").exists()

    def test_submodules_stand_in_their_places(self, tmp_path: Path) -> None:
        inner = upstream(tmp_path / "inner", {"i/j": "J"})
        outer = upstream(tmp_path / "outer", {"a": "A"})
        outer.git("submodule", "--quiet", "add", "../inner", "lib/inner")
        outer.commit({})
        folder, commit = commit_of(inner)
        there = Checkout(name="inner", commit=commit, folder=folder)
        found = lay(*commit_of(outer), tmp_path / "out", {"lib/inner": there})
        del found[".gitmodules"]
        assert found == {"a": "A", "lib": "/", "lib/inner": "/", "lib/inner/i": "/", "lib/inner/i/j": "J"}
        assert (tmp_path / "out/lib/inner/i/j").stat().st_mtime == TIME + 60, "the time of the outer commit"

    def test_without_them_their_folders_are_empty(self, tmp_path: Path) -> None:
        upstream(tmp_path / "inner", {"i": "I"})
        outer = upstream(tmp_path / "outer", {"a": "A"})
        outer.git("submodule", "--quiet", "add", "../inner", "sub")
        outer.commit({})
        found = lay(*commit_of(outer), tmp_path / "out")
        del found[".gitmodules"]
        assert found == {"a": "A", "sub": "/"}


class TestHostile:
    @pytest.fixture
    def evil(self, tmp_path: Path) -> Handmade:
        return Handmade(tmp_path / "evil")

    def refused(self, evil: Handmade, top: str, tmp_path: Path) -> str:
        """Lay out a tree that must be refused; return why. Nothing but the repository may be there afterwards."""
        commit = evil.commit(top)
        with pytest.raises(SourceError) as caught:
            lay(evil.folder, commit, tmp_path / "room" / "out")
        assert list((tmp_path / "room").iterdir()) == []
        assert {path.name for path in tmp_path.iterdir()} == {"evil", "room"}
        assert "https://example.org/x" in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize("name", ["..", ".", "a/b", "/x", ".git", ".GIT", ".Git"])
    def test_names_that_lead_elsewhere(self, evil: Handmade, tmp_path: Path, name: str) -> None:
        blob = evil.write("blob", b"evil")
        self.refused(evil, evil.tree(("100644", name, blob)), tmp_path)

    @pytest.mark.parametrize("name", ["..", ".git"])
    def test_folders_that_lead_elsewhere(self, evil: Handmade, tmp_path: Path, name: str) -> None:
        inner = evil.tree(("100755", "config", evil.write("blob", b"evil")))
        self.refused(evil, evil.tree(("40000", "d", evil.tree(("40000", name, inner)))), tmp_path)

    @pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../x", "", "a\nb", "x" * 5000])
    def test_links_that_lead_out(self, evil: Handmade, tmp_path: Path, target: str) -> None:
        self.refused(evil, evil.tree(("120000", "link", evil.write("blob", target.encode()))), tmp_path)

    def test_a_chain_of_links_that_leads_out(self, evil: Handmade, tmp_path: Path) -> None:
        up, on = evil.write("blob", b".."), evil.write("blob", b"d/up/..")
        self.refused(evil, evil.tree(("40000", "d", evil.tree(("120000", "up", up))), ("120000", "on", on)), tmp_path)

    def test_a_file_through_a_link(self, evil: Handmade, tmp_path: Path) -> None:
        link, blob = evil.write("blob", b"."), evil.write("blob", b"evil")
        top = evil.tree(("120000", "a", link), ("40000", "a", evil.tree(("100644", "b", blob))))
        self.refused(evil, top, tmp_path)

    @pytest.mark.parametrize("mode", ["20644", "10644", "60644", "140000", "0"])
    def test_devices_pipes_and_sockets(self, evil: Handmade, tmp_path: Path, mode: str) -> None:
        assert "mode" in self.refused(evil, evil.tree((mode, "x", evil.write("blob", b""))), tmp_path)

    def test_set_user_bits_are_dropped(self, evil: Handmade, tmp_path: Path) -> None:
        commit = evil.commit(evil.tree(("106777", "x", evil.write("blob", b"#!"))))
        lay(evil.folder, commit, tmp_path / "out")
        assert (tmp_path / "out/x").stat().st_mode & 0o7777 == 0o755

    @pytest.mark.parametrize("name", ["GIT~1", ".g\u200cit", ".git ", ".git::$INDEX_ALLOCATION", "a\\.git"])
    def test_git_by_other_names(self, evil: Handmade, tmp_path: Path, name: str) -> None:
        """What a server's git lets pass, and what one of ours might some day."""
        assert "may not be in a repository" in self.refused(evil, evil.tree(("40000", name, evil.tree())), tmp_path)

    def test_a_name_that_stands_there_twice(self, evil: Handmade, tmp_path: Path) -> None:
        link, blob = evil.write("blob", b"e"), evil.write("blob", b"evil")
        entries = [("120000", "d", link), ("40000", "d", evil.tree(("100644", "passwd", blob)))]
        assert "'d' stands in it twice" in self.refused(evil, evil.tree(*entries), tmp_path)

    def test_an_unknown_mode_is_told_before_its_object_is_asked_for(self, evil: Handmade, tmp_path: Path) -> None:
        assert "has the unknown mode 20644" in self.refused(evil, evil.tree(("020644", "dev", "a" * 40)), tmp_path)

    def test_control_characters(self, evil: Handmade, tmp_path: Path) -> None:
        self.refused(evil, evil.tree(("100644", "a\x1b[31m", evil.write("blob", b""))), tmp_path)

    def test_a_name_of_many_bytes(self, evil: Handmade, tmp_path: Path) -> None:
        self.refused(evil, evil.tree(("100644", "x" * 256, evil.write("blob", b""))), tmp_path)

    def test_few_bytes_that_are_endless_files(self, evil: Handmade, tmp_path: Path) -> None:
        """Ten trees, each ten times in the next: 10^10 files in a kilobyte."""
        id_, mode = evil.write("blob", b"bomb"), "100644"
        for _ in range(10):
            id_, mode = evil.tree(*((mode, f"f{number}", id_) for number in range(10))), "40000"
        checkout = Checkout(name="https://example.org/x", commit=evil.commit(id_), folder=evil.folder)
        with pytest.raises(SourceError, match="more than the 1000 that are allowed"):
            check_out(checkout, tmp_path / "out", HERE, limits=UnpackLimits(members=1000))
        assert not (tmp_path / "out").exists()

    def test_few_bytes_that_are_endless_bytes(self, evil: Handmade, tmp_path: Path) -> None:
        blob = evil.write("blob", bytes(8 << 20))
        checkout = Checkout(name="x", commit=evil.commit(evil.tree(("100644", "zero", blob))), folder=evil.folder)
        limits = UnpackLimits(ratio=10, ratio_from=1 << 20)
        with pytest.raises(SourceError, match="bytes that are allowed"):
            check_out(checkout, tmp_path / "out", HERE, limits=limits)

    def test_a_folder_in_itself_cannot_be(self, evil: Handmade, tmp_path: Path) -> None:
        id_ = evil.tree()
        for _ in range(70):
            id_ = evil.tree(("40000", "d", id_))
        assert "deep" in self.refused(evil, id_, tmp_path)

    def test_a_file_that_was_replaced_in_the_cache(self, evil: Handmade, tmp_path: Path) -> None:
        blob = evil.write("blob", b"good")
        commit = evil.commit(evil.tree(("100644", "a", blob)))
        evil.write("blob", b"evil", named=blob)
        with pytest.raises(MachineError, match="damaged"):
            lay(evil.folder, commit, tmp_path / "room" / "out")
        assert list((tmp_path / "room").iterdir()) == []


def test_every_refusal_leaves_no_process(tmp_path: Path) -> None:
    evil = Handmade(tmp_path / "evil")
    commit = evil.commit(evil.tree(("100644", "..", evil.write("blob", b""))))
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text()
    with pytest.raises(BakehouseError):
        lay(evil.folder, commit, tmp_path / "out")
    assert children.read_text() == before
