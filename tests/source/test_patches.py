"""Patches: read without trust, applied strictly, in a sandbox that sees nothing but the work folder."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import SourceError
from builder.model.inside import inside_paths
from builder.model.recipe import UrlSource
from builder.sandbox import Bind, find_sandbox
from builder.source.patches import Patch, read_patch, strip_level
from tests.source.bench import Bench, tar

LINES = "".join(f"line {number}\n" for number in range(1, 21))
CHANGED = LINES.replace("line 10\n", "line ten\n")
HUNK = "@@ -9,3 +9,3 @@\n line 9\n-line 10\n+line ten\n line 11\n"
GIT = f"diff --git a/src/f.txt b/src/f.txt\nindex 123..456 100644\n--- a/src/f.txt\n+++ b/src/f.txt\n{HUNK}"


def read(tmp_path: Path, text: str) -> Patch:
    (tmp_path / "x.patch").write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_patch("x.patch", tmp_path / "x.patch")


class TestReading:
    @pytest.mark.parametrize(
        ("text", "files"),
        [
            (GIT, ("a/src/f.txt", "b/src/f.txt")),
            (f"--- f.txt.orig\t2020-01-01 00:00:00\n+++ f.txt\t2020-01-02\n{HUNK}", ("f.txt.orig", "f.txt")),
            (f"Index: f.txt\n======\n--- f.txt\n+++ f.txt\n{HUNK}", ("f.txt",)),
            (f"Index: f.txt\n{HUNK}", ("f.txt",)),
            ("--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+new\n", ("b/new.txt",)),
            ("--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n", ("a/old.txt",)),
            ("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", ("a/x", "b/y")),
            (f"--- a/with blank.txt\t\n+++ b/with blank.txt\t\n{HUNK}", ("a/with blank.txt", "b/with blank.txt")),
            (f"--- a/f 2020-01-01 00:00\n+++ b/f 2020-01-02 00:00\n{HUNK}", ("a/f", "b/f")),
            (f'--- "a/gr\\303\\266\\303\\237e"\n+++ "b/gr\\303\\266\\303\\237e"\n{HUNK}', ("a/größe", "b/größe")),
            (f"--- a/f\r\n+++ b/f\r\n{HUNK}", ("a/f", "b/f")),
        ],
    )
    def test_the_files_that_it_names(self, tmp_path: Path, text: str, files: tuple[str, ...]) -> None:
        assert read(tmp_path, text).files == files

    def test_lines_of_hunks_are_no_headers(self, tmp_path: Path) -> None:
        text = "--- a/f.sql\n+++ b/f.sql\n@@ -1,2 +1,2 @@\n--- /etc/passwd\n+++ ../../evil\n context\n"
        assert read(tmp_path, text).files == ("a/f.sql", "b/f.sql")

    @pytest.mark.parametrize(
        "text",
        [
            f"--- a/../../x\n+++ b/x\n{HUNK}",
            f"--- a/x\n+++ b/a/b/../../../x\n{HUNK}",
            f"--- /etc/passwd\n+++ /etc/passwd\n{HUNK}",
            f"--- a/f\n+++ b/f\n{HUNK}--- a/f\n+++ /etc/passwd\n{HUNK}",
            f'--- "a/\\056\\056/x"\n+++ b/x\n{HUNK}',
            f"Index: ../x\n{HUNK}",
            "diff --git a/x b/../../y\nrename from x\nrename to ../y\n",
            "diff --git a/x /y\nold mode 100644\nnew mode 100755\n",
            "diff --git a/../x b/x\nnew file mode 100644\nindex 0000..e69d\n",
            f"--- \t /etc/passwd\n+++ b/x\n{HUNK}",
            f'--- "/etc/passwd"\n+++ b/x\n{HUNK}',
            f'--- "a/\\x41"\n+++ b/x\n{HUNK}',
            f'--- "a/\\N{{DIGIT ONE}}"\n+++ b/x\n{HUNK}',
            f'--- "a/x\n+++ b/x\n{HUNK}',
            f'--- "a/\\000x"\n+++ b/x\n{HUNK}',
            f"--- a/x\x00\n+++ b/x\n{HUNK}",
            f"--- a/.git/config\n+++ b/.git/config\n{HUNK}",
            f"--- a/x/GIT~1/config\n+++ b/x/GIT~1/config\n{HUNK}",
            "--- a/f\n+++ b/f\n@@ -1+1 @@\n-a\n+b\n",
            "--- a/f\n+++ b/f\n@@ -x +1 @@\n-a\n+b\n",
            "diff --git a/x b/x\nindex 123..456 120000\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+/etc\n",
            "diff --git a/x b/x\nnew file mode 160000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+Subproject commit 0\n",
            "diff --git a/x b/x\nold mode 100755\nnew mode 104755\n",
            "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+/etc\n",
            "diff --git a/x b/x\nold mode 100644\nnew mode 120000\n",
        ],
    )
    def test_paths_that_lead_out_and_links_are_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(SourceError) as caught:
            read(tmp_path, text)
        assert caught.value.problems[0].code == "source.patch-unsafe"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "no patch at all\n",
            "*** a/f\n--- b/f\n***************\n*** 1 ****\n! a\n--- 1 ----\n! b\n",
            "1c1\n< a\n---\n> b\n",
            HUNK,
            f"  --- a/f\n  +++ b/f\n  {HUNK}",
            "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n+one\n+two\n",
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n<one\n>two\n",
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n=one\n",
            "diff --git a/x b/x\nindex 12..34 100644\nGIT binary patch\nliteral 1\nIcmZ\n",
        ],
    )
    def test_what_is_no_unified_diff_is_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(SourceError) as caught:
            read(tmp_path, text)
        assert caught.value.problems[0].code == "source.patch"

    @pytest.mark.parametrize("text", [GIT, f"--- a/f\n+++ b/f\n{HUNK}"])
    def test_what_is_neither_header_nor_hunk_is_blanked_out(self, tmp_path: Path, text: str) -> None:
        """As a commit's words may be anything, also what patch(1) would take for a header."""
        words = (
            "From 12\nSubject: --- /etc/passwd\n\n  --- a/../x\n  +++ /x\n  @@ -1 +1 @@\n*** /y\nPrereq: 1\n--- /etc/z\n"
            "1,2c\nrename from /etc\nnew file mode 120000\nX--- /etc/x\n- --- /x\n---\n f | 2 +-\n"
        )
        found = read(tmp_path, f"{words}{text}-- \n2.39\n")
        assert found.text.decode() == "\n" * words.count("\n") + text + "\n\n"
        assert found.files == read(tmp_path, text).files

    def test_a_place_in_the_patch_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError) as caught:
            read(tmp_path, f"{GIT}--- a/f\n+++ /etc/passwd\n{HUNK}")
        [problem] = caught.value.problems
        assert problem.place is not None
        assert (problem.place.file, problem.place.line) == (str(tmp_path / "x.patch"), 11)
        assert "'/etc/passwd'" in problem.message
        assert problem.remedy

    @pytest.mark.parametrize("what", ["pipe", "folder", "device", "large"])
    def test_what_is_no_file(self, tmp_path: Path, what: str) -> None:
        place = tmp_path / "x.patch"
        if what == "pipe":
            os.mkfifo(place)
        elif what == "folder":
            place.mkdir()
        elif what == "device":
            place = Path("/dev/zero")
        else:
            with place.open("wb") as file:
                file.truncate(65 << 20)
        with pytest.raises(SourceError, match="no regular file of 64 MiB"):
            read_patch("x.patch", place)

    def test_absent(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError):
            read_patch("absent.patch", tmp_path / "absent.patch")

    def test_bytes_that_are_no_text_are_fine(self, tmp_path: Path) -> None:
        assert read(tmp_path, f"--- a/f\udcff\n+++ b/f\udcff\n{HUNK}").files == ("a/f\udcff", "b/f\udcff")


@pytest.mark.parametrize(
    ("files", "there", "level"),
    [
        (("a/f", "b/f"), ("f",), 1),
        (("f.orig", "f"), ("f",), 0),
        (("a/src/f", "b/src/f"), ("src/f",), 1),
        (("x-1.0/src/f", "x-1.1/src/f"), ("src/f",), 1),
        (("deep/x-1.0/src/f", "deep/x-1.0/src/f"), ("src/f",), 2),
        (("a/new", "b/new"), (), 1),
        (("new",), (), 1),
        (("a/f", "b/f", "b/new"), ("f",), 1),
        (("src/f", "src/g"), ("src/f", "src/g", "f"), 0),
        (("a/src/f", "b/src/f"), ("src", "f"), 2),
        (("a/" + "f" * 300, "b/f"), ("f",), 1),
        (("a/nul\0/f", "b/f"), ("f",), 1),
    ],
)
def test_how_much_to_strip(tmp_path: Path, files: tuple[str, ...], there: tuple[str, ...], level: int) -> None:
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert strip_level(Patch(name="x", path=tmp_path / "x", files=files), tmp_path) == level


@pytest.mark.sandbox
class TestApplying:
    def source(self, bench: Bench, *patches: str, **files: str) -> UrlSource:
        """An archive of src/f.txt and ``files`` (``__`` for the slash) with these patch texts."""
        tree = {"x-1/src/f.txt": LINES, **{f"x-1/{name.replace('__', '/')}": text for name, text in files.items()}}
        names = tuple(bench.patch(f"patches/{number}.patch", text) for number, text in enumerate(patches))
        return replace(bench.archive("x-1.tar.gz", tar(tree)), patches=names)

    def refusal(self, bench: Bench, *patches: str, **files: str) -> str:
        with pytest.raises(SourceError) as caught:
            bench.prepare(self.source(bench, *patches, **files))
        return str(caught.value)

    def test_a_patch_of_git(self, bench: Bench) -> None:
        bench.prepare(self.source(bench, GIT))
        assert bench.files() == {"src/f.txt": CHANGED}

    def test_the_session_sees_the_work_folder_and_the_text_only(self, bench: Bench) -> None:
        bench.prepare(self.source(bench, GIT))
        [mounts] = bench.sessions
        work, text = mounts
        assert work == Bind(source=bench.work, inside=bench.inside.work, writable=True)
        assert isinstance(text, Bind)
        assert (text.inside, text.writable) == (bench.inside.script, False)
        assert not text.source.is_relative_to(bench.recipe)

    def test_several_patches_share_a_session_and_follow_each_other(self, bench: Bench) -> None:
        second = GIT.replace("line 10", "line ten").replace("+line ten", "+line 10!").replace("-line ten", "-line ten")
        bench.prepare(self.source(bench, GIT, second))
        assert "line 10!\n" in bench.files()["src/f.txt"]
        assert len(bench.sessions) == 1

    def test_an_image_without_the_program_is_told_so(self, bench: Bench) -> None:
        bench.env = {"PATH": "/nowhere"}
        with pytest.raises(SourceError, match="no program `patch` in the image") as caught:
            bench.prepare(self.source(bench, GIT))
        assert "--image" in str(caught.value.problems[0].remedy)

    def test_without_patches_no_session_is_opened(self, bench: Bench) -> None:
        bench.prepare(self.source(bench))
        assert bench.sessions == []

    def test_new_changed_and_removed_files(self, bench: Bench) -> None:
        text = (
            f"{GIT}diff --git a/docs/new.txt b/docs/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/docs/new.txt\n"
            "@@ -0,0 +1 @@\n+new\n"
            "diff --git a/old.txt b/old.txt\ndeleted file mode 100644\n--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n"
        )
        bench.prepare(self.source(bench, text, old__txt="x", **{"old.txt": "old\n"}))
        assert bench.files() == {"docs/new.txt": "new\n", "old/txt": "x", "src/f.txt": CHANGED}

    def test_a_moved_hunk_is_accepted(self, bench: Bench) -> None:
        bench.prepare(self.source(bench, GIT.replace("@@ -9,3 +9,3 @@", "@@ -2,3 +2,3 @@")))
        assert bench.files()["src/f.txt"] == CHANGED

    def test_fuzz_is_not_accepted(self, bench: Bench) -> None:
        said = self.refusal(bench, GIT.replace(" line 9\n", " line nine\n"))
        assert "patches/0.patch does not apply" in said
        assert "Hunk #1 FAILED at 9" in said

    def test_a_patch_for_another_text_fails(self, bench: Bench) -> None:
        assert "FAILED" in self.refusal(bench, GIT.replace("-line 10", "-line X"))

    def test_a_patch_that_is_in_already_fails(self, bench: Bench) -> None:
        assert "previously applied" in self.refusal(bench, GIT, GIT)

    def test_a_failing_patch_names_its_place_and_the_remedy(self, bench: Bench) -> None:
        with pytest.raises(SourceError) as caught:
            bench.prepare(self.source(bench, GIT, GIT))
        [problem] = caught.value.problems
        assert problem.code == "source.patch"
        assert problem.place is not None
        assert problem.place.file == str((bench.recipe / "patches/1.patch").resolve())
        assert "make the patch anew" in (problem.remedy or "")

    def test_a_cut_off_patch_fails(self, bench: Bench) -> None:
        assert "does not apply" in self.refusal(bench, GIT.removesuffix(" line 11\n"))

    def test_no_backups_and_rejects_are_left(self, bench: Bench) -> None:
        bench.prepare(self.source(bench, GIT.replace("@@ -9,3 +9,3 @@", "@@ -2,3 +2,3 @@")))
        assert list(bench.files()) == ["src/f.txt"]

    def test_line_ends_of_files_are_kept(self, bench: Bench) -> None:
        text = "--- a/dos.txt\n+++ b/dos.txt\n@@ -1,2 +1,2 @@\n-one\r\n+ONE\r\n two\r\n"
        bench.prepare(self.source(bench, text, **{"dos.txt": "one\r\ntwo\r\n"}))
        assert (bench.work / "dos.txt").read_bytes() == b"ONE\r\ntwo\r\n"

    def test_a_patch_works_in_its_sources_target_folder(self, bench: Bench) -> None:
        bench.prepare(replace(self.source(bench, GIT), target_directory="deep/er"))
        assert bench.files() == {"deep/er/src/f.txt": CHANGED}

    def test_a_patch_may_come_with_an_earlier_source(self, bench: Bench) -> None:
        provider = bench.archive("fixes.tar.gz", tar({"fixes/one.patch": GIT, "other": "o"}))
        patched = replace(self.source(bench), target_directory="lib", patches=("${{ SRC_DIR }}/fixes/one.patch",))
        bench.prepare(provider, patched)
        assert bench.files() == {"fixes/one.patch": GIT, "other": "o", "lib/src/f.txt": CHANGED}

    def test_a_patch_may_come_with_its_own_source(self, bench: Bench) -> None:
        source = self.source(bench, **{"debian/patches/fix.patch": GIT})
        bench.prepare(replace(source, patches=("${{ SRC_DIR }}//debian/patches/fix.patch",)))
        assert bench.files()["src/f.txt"] == CHANGED

    def test_the_recipes_folder_has_a_name_too(self, bench: Bench) -> None:
        named = replace(self.source(bench), patches=("${{ RECIPE_DIR }}/" + bench.patch("p/x.patch", GIT),))
        bench.prepare(named)
        assert bench.files() == {"src/f.txt": CHANGED}

    @pytest.mark.parametrize("name", ["absent.patch", "src", "../recipe/x.patch", "way/x.patch", ""])
    def test_a_patch_of_the_sources_lies_in_them(self, bench: Bench, name: str) -> None:
        bench.patch("x.patch", GIT)
        links = bench.archive("links.tar.gz", tar({"x/a": "A"}, links={"x/way": "../recipe"}))
        patched = replace(self.source(bench), patches=("${{ SRC_DIR }}/" + name,))
        with pytest.raises(SourceError):
            bench.prepare(patched, links)

    def test_a_patch_of_a_later_source_comes_too_late(self, bench: Bench) -> None:
        late = bench.archive("fixes.tar.gz", tar({"fixes/one.patch": GIT, "other": "o"}))
        with pytest.raises(SourceError, match=r"no patch 'fixes/one\.patch' in the sources") as caught:
            bench.prepare(replace(self.source(bench), patches=("${{ SRC_DIR }}/fixes/one.patch",)), late)
        assert "those after it" in str(caught.value.problems[0].remedy)

    def test_a_patch_cannot_follow_a_link_out_of_the_work_folder(self, bench: Bench) -> None:
        outside = bench.folder / "outside.txt"
        outside.write_text(LINES)
        links = {"x-1/f.txt": "src/../../../../outside.txt", "x-1/way": "../../.."}
        for name, target in links.items():
            (bench.folder / "task").mkdir(exist_ok=True)
            patched = replace(
                bench.archive("x-1.tar.gz", tar({"x-1/src/f.txt": LINES})),
                patches=(bench.patch("x.patch", GIT.replace("src/f.txt", name.removeprefix("x-1/") + "/outside.txt")),),
            )
            with pytest.raises(SourceError):
                bench.prepare(patched, bench.archive("links.tar.gz", tar({}, links={name: target})))
        assert outside.read_text() == LINES

    @pytest.mark.parametrize("link", ["src/f.txt", "src"])
    def test_a_link_of_the_sources_is_not_followed(self, bench: Bench, link: str) -> None:
        """Also to a place inside: who reads the patch is told of another file than it would change."""
        real = "elsewhere" if link == "src" else "src/elsewhere.txt"
        files = {"x-1/elsewhere/f.txt" if link == "src" else f"x-1/{real}": LINES, "x-1/other": "o"}
        archive = bench.archive("x-1.tar.gz", tar(files, links={f"x-1/{link}": Path(real).name}))
        with pytest.raises(SourceError, match=f"'{link}' is a symlink in the sources") as caught:
            bench.prepare(replace(archive, patches=(bench.patch("x.patch", GIT),)))
        assert caught.value.problems[0].code == "source.patch-unsafe"
        assert bench.sessions == []

    def test_words_of_a_commit_may_look_like_headers(self, bench: Bench) -> None:
        bench.prepare(
            self.source(
                bench, f"From 1\n\n  --- a/old.txt\n  +++ /dev/null\n  @@ -1 +0,0 @@\n  -x\n{GIT}", old__txt="x"
            )
        )
        assert bench.files() == {"src/f.txt": CHANGED, "old/txt": "x"}

    def test_a_file_that_is_renamed_and_one_that_runs(self, bench: Bench) -> None:
        text = (
            "diff --git a/src/f.txt b/src/g.txt\nsimilarity index 100%\nrename from src/f.txt\nrename to src/g.txt\n"
            "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
        )
        bench.prepare(self.source(bench, text, run="x"))
        assert bench.files() == {"run": "x", "src/g.txt": LINES}
        assert (bench.work / "run").stat().st_mode & 0o7777 == 0o755

    def test_a_script_for_ed_is_garbage(self, bench: Bench) -> None:
        script = "1,2c\nhello\n.\n!touch /bakehouse/work/evil\n"
        bench.prepare(self.source(bench, GIT.replace("@@ -9", f"{script}@@ -9")))
        assert bench.files() == {"src/f.txt": CHANGED}

    def test_nothing_but_a_script_for_ed_is_refused(self, bench: Bench) -> None:
        self.refusal(bench, "--- a/src/f.txt\n+++ b/src/f.txt\n1,2c\nhello\n.\n!touch /bakehouse/work/evil\n")
        assert "evil" not in bench.files()

    def test_hidden_headers_reach_nothing_outside(self, bench: Bench) -> None:
        """Whatever patch(1) makes of a header that we read otherwise, the sandbox holds nothing else to write to."""
        text = f"{GIT}\n\f--- a/../../recipe/hacked\n\f+++ a/../../recipe/hacked\n@@ -0,0 +1 @@\n+x\n"
        with suppress(SourceError):
            bench.prepare(self.source(bench, text))
        assert not list(bench.folder.rglob("hacked"))

    def test_without_isolation_patches_apply_as_well(self, bench: Bench, tmp_path: Path) -> None:
        real = tmp_path / "real"
        real.mkdir()
        bench.inside = inside_paths(PurePosixPath(real), 200)
        tools = tmp_path / "tools"
        tools.mkdir()
        lib = f"{bench.rootfs}/usr/lib/x86_64-linux-gnu"  # this machine may have no patch(1)
        loader = f'"{lib}/ld-linux-x86-64.so.2" --library-path "{lib}" "{bench.rootfs}/usr/bin/patch"'
        (tools / "patch").write_text(f'#!/bin/sh\nexec {loader} "$@"\n')
        (tools / "patch").chmod(0o755)
        bench.sandbox = find_sandbox("none", tmp_path / "scratch", f"{tools}:/usr/bin:/bin")
        bench.env = {"PATH": str(tools)}
        bench.prepare(self.source(bench, GIT))
        assert bench.files() == {"src/f.txt": CHANGED}
