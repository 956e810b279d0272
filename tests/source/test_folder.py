"""Folders as sources: what counts, what it hashes to, what a copy looks like."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SourceError
from builder.model.payload import EntryKind
from builder.model.recipe import GlobList
from builder.source import folder

ALL = GlobList()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "src" / "main.c").write_text("int main;\n")
    (root / "src" / "deep" / "x.txt").write_text("x")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o700)
    (root / "link").symlink_to("src/main.c")
    (root / "dangling").symlink_to("/nowhere")
    (root / "loop").symlink_to("loop")
    return root


def paths(root: Path, chosen: GlobList = ALL) -> list[str]:
    return [item.path for item in folder.items(root, chosen)]


class TestItems:
    def test_everything_sorted_by_path(self, tree: Path) -> None:
        assert paths(tree) == [
            "dangling", "empty", "link", "loop", "run.sh", "src", "src/deep", "src/deep/x.txt", "src/main.c",
        ]  # fmt: skip

    def test_kinds_and_executable_bits(self, tree: Path) -> None:
        found = {item.path: (item.kind, item.executable) for item in folder.items(tree, ALL)}
        assert found["src"] == (EntryKind.DIRECTORY, False)
        assert found["link"] == (EntryKind.SYMLINK, False)
        assert found["run.sh"] == (EntryKind.FILE, True)
        assert found["src/main.c"] == (EntryKind.FILE, False)

    @pytest.mark.parametrize("name", [".git", ".hg", ".svn", ".bzr", "CVS", "_darcs"])
    def test_version_control_never_counts(self, tree: Path, name: str) -> None:
        before = paths(tree)
        (tree / "src" / name).mkdir()
        (tree / "src" / name / "config").touch()
        assert paths(tree) == before
        (tree / ".gitignore").touch()
        assert len(paths(tree)) == len(before) + 1

    def test_a_file_in_place_of_a_repository_does_not_count_either(self, tree: Path) -> None:
        (tree / ".git").write_text("gitdir: elsewhere")
        assert ".git" not in paths(tree)

    def test_globs_choose_files_and_the_folders_that_they_need(self, tree: Path) -> None:
        assert paths(tree, GlobList(include=("src",))) == ["src/deep/x.txt", "src/main.c"]
        assert paths(tree, GlobList(include=("**/*.c",))) == ["src/main.c"]
        assert paths(tree, GlobList(exclude=("src", "l*", "dangling"))) == ["run.sh"]
        assert paths(tree, GlobList(include=("src",), exclude=("**/*.txt",))) == ["src/main.c"]
        assert paths(tree, GlobList(include=("nothing",))) == []

    def test_a_glob_that_cannot_be_read_is_a_source_error(self, tree: Path) -> None:
        with pytest.raises(SourceError) as caught:
            paths(tree, GlobList(include=("[z-a]{",)))
        assert caught.value.problems[0].code == "source.filter"

    def test_symlinked_folders_are_not_entered(self, tree: Path) -> None:
        (tree / "again").symlink_to(".")
        assert [path for path in paths(tree) if path.startswith("again")] == ["again"]

    def test_fifos_sockets_and_devices_are_refused(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(tree / "src" / "pipe")
        with pytest.raises(SourceError) as caught:
            paths(tree)
        place = caught.value.problems[0].place
        assert place is not None
        assert place.file == str(tree / "src" / "pipe")
        (tree / "src" / "pipe").unlink()
        monkeypatch.chdir(tree)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("s")
            with pytest.raises(SourceError):
                paths(tree)


class TestCopy:
    def test_a_copy_has_the_same_digest(self, tree: Path, tmp_path: Path) -> None:
        found = folder.items(tree, ALL)
        folder.copy(found, tmp_path / "copy")
        copied = folder.items(tmp_path / "copy", ALL)
        assert folder.digest(copied) == folder.digest(found)
        assert folder.contents_digest(copied) == folder.contents_digest(found)

    def test_modes_are_normal_links_are_links_and_times_stay(self, tree: Path, tmp_path: Path) -> None:
        (tree / "src" / "main.c").chmod(0o4606)
        os.utime(tree / "src" / "main.c", (1_000_000, 1_000_000))
        copy = tmp_path / "copy"
        folder.copy(folder.items(tree, ALL), copy)
        assert (copy / "src" / "main.c").stat().st_mode & 0o7777 == 0o644
        assert (copy / "run.sh").stat().st_mode & 0o7777 == 0o755
        assert (copy / "src" / "main.c").stat().st_mtime == 1_000_000
        assert str((copy / "dangling").readlink()) == "/nowhere"
        assert str((copy / "loop").readlink()) == "loop"

    def test_a_choice_brings_no_empty_folders(self, tree: Path, tmp_path: Path) -> None:
        folder.copy(folder.items(tree, GlobList(include=("**/*.c",))), tmp_path / "copy")
        assert paths(tmp_path / "copy") == ["src", "src/main.c"]


class TestKeepOnly:
    @pytest.mark.parametrize(
        "chosen",
        [GlobList(include=("**/*.c",)), GlobList(exclude=("src",)), GlobList(include=("src",), exclude=("src/deep",))],
    )
    def test_it_leaves_what_a_copy_would_bring(self, tree: Path, tmp_path: Path, chosen: GlobList) -> None:
        folder.copy(folder.items(tree, chosen), tmp_path / "copy")
        folder.keep_only(tree, chosen)
        assert paths(tree) == paths(tmp_path / "copy")

    def test_links_are_removed_and_not_followed(self, tree: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "kept").touch()
        (tree / "way out").symlink_to(outside)
        folder.keep_only(tree, GlobList(include=("run.sh",)))
        assert paths(tree) == ["run.sh"]
        assert (outside / "kept").exists()


class TestMerge:
    def test_folders_merge_and_files_move(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one", tmp_path / "two"
        for root, name in ((one, "a"), (two, "b")):
            (root / "usr" / "share" / name).mkdir(parents=True)
            (root / "usr" / "share" / name / "file").touch()
            (root / "usr" / f"{name}.txt").touch()
        assert folder.merge(two, one) is None
        assert paths(one) == [
            "usr", "usr/a.txt", "usr/b.txt", "usr/share", "usr/share/a", "usr/share/a/file", "usr/share/b",
            "usr/share/b/file",
        ]  # fmt: skip

    @pytest.mark.parametrize("there", ["file", "folder", "link", "dangling"])
    @pytest.mark.parametrize("comes", ["file", "folder", "link", "dangling"])
    def test_only_two_folders_can_share_a_name(self, tmp_path: Path, there: str, comes: str) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        for root, kind in ((tmp_path / "there", there), (tmp_path / "comes", comes)):
            (root / "deep").mkdir(parents=True)
            path = root / "deep" / "name"
            match kind:
                case "file":
                    path.touch()
                case "folder":
                    path.mkdir()
                case "link":
                    path.symlink_to(elsewhere)
                case "dangling":
                    path.symlink_to("nowhere")
        twice = folder.merge(tmp_path / "comes", tmp_path / "there")
        assert twice == (None if there == comes == "folder" else tmp_path / "there" / "deep" / "name")
        assert list(elsewhere.iterdir()) == []


class TestDigest:
    def changes(self, tree: Path) -> dict[str, tuple[str, str]]:
        """Both digests after each of several changes, each made to the same tree and undone."""

        def digests() -> tuple[str, str]:
            found = folder.items(tree, ALL)
            return folder.digest(found), folder.contents_digest(found)

        main = tree / "src" / "main.c"
        seen = {"nothing": digests()}
        main.write_text("int Main;\n")
        seen["bytes"] = digests()
        main.write_bytes(b"int main;\r\n")
        seen["line ends"] = digests()
        main.write_text("int main;\n")
        main.chmod(0o755)
        seen["executable"] = digests()
        main.chmod(0o600)
        os.utime(main, (1, 1))
        seen["time and mode"] = digests()
        main.rename(tree / "src" / "Main.c")
        seen["name"] = digests()
        (tree / "src" / "Main.c").rename(main)
        (tree / "empty").rmdir()
        seen["folder"] = digests()
        (tree / "empty").mkdir()
        (tree / "link").unlink()
        (tree / "link").symlink_to("run.sh")
        seen["link"] = digests()
        return seen

    def test_a_keys_digest_sees_every_change_that_a_build_could_see(self, tree: Path) -> None:
        seen = {change: pair[0] for change, pair in self.changes(tree).items()}
        assert [change for change, digest in seen.items() if digest == seen["nothing"]] == ["nothing", "time and mode"]
        assert len(set(seen.values())) == len(seen) - 1

    def test_ceps_digest_forgets_line_ends_and_executable_bits(self, tree: Path) -> None:
        seen = {change: pair[1] for change, pair in self.changes(tree).items()}
        same = [change for change, digest in seen.items() if digest == seen["nothing"]]
        assert same == ["nothing", "line ends", "executable", "time and mode"]

    def test_contents_cannot_pass_for_another_tree(self, tmp_path: Path) -> None:
        """Unframed, `a` with the bytes of a whole second entry would hash like two files."""
        one, two = tmp_path / "one", tmp_path / "two"
        one.mkdir()
        two.mkdir()
        (one / "a").write_bytes(b"X-bFY")
        (two / "a").write_bytes(b"X")
        (two / "b").write_bytes(b"Y")
        found = [folder.items(root, ALL) for root in (one, two)]
        assert folder.contents_digest(found[0]) == folder.contents_digest(found[1])
        assert folder.digest(found[0]) != folder.digest(found[1])

    def test_ceps_digest_by_hand(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "text").write_bytes("ä\r\nb\r\r\n".encode())
        (tmp_path / "a").write_bytes(b"\xff\r\n")
        (tmp_path / "c").symlink_to("b/text")
        expected = b"aF\xff\r\n-bD-b/textF" + "ä\nb\r\n".encode() + b"-cLb/text-"
        assert folder.contents_digest(folder.items(tmp_path, ALL)) == hashlib.sha256(expected).hexdigest()

    @pytest.mark.parametrize("tail", [b"", b"\r", b"\r\n", b"\xc3", b"\xa4\r\n", b"\n"])
    @pytest.mark.parametrize("edge", [(1 << 18) - 1, 1 << 18, (1 << 18) + 1])
    def test_line_ends_and_characters_across_the_pieces_of_a_large_file(
        self, tmp_path: Path, edge: int, tail: bytes
    ) -> None:
        data = b"x" * (edge - 1) + "ä".encode() + b"\r\n" + b"y" * 100 + tail
        (tmp_path / "f").write_bytes(data)
        try:
            data.decode()
            data = data.replace(b"\r\n", b"\n")
        except UnicodeDecodeError:
            pass
        assert folder.contents_digest(folder.items(tmp_path, ALL)) == hashlib.sha256(b"fF" + data + b"-").hexdigest()

    def test_names_that_are_no_text(self, tmp_path: Path) -> None:
        (tmp_path / os.fsdecode(b"\xff")).touch()
        found = folder.items(tmp_path, ALL)
        assert len(folder.digest(found)) == len(folder.contents_digest(found)) == 64


@given(st.binary(max_size=30))
def test_ceps_normal_text_is_pythons(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "f").write_bytes(data)
        try:
            normal = data.decode("utf-8").replace("\r\n", "\n").encode()
        except UnicodeDecodeError:
            normal = data
        assert (
            folder.contents_digest(folder.items(Path(root), ALL)) == hashlib.sha256(b"fF" + normal + b"-").hexdigest()
        )
