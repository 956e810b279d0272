"""Patches as patch(1) reads them: the real program touches no file that our reader did not list, whatever it is given."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from builder.source.patch_text import PatchTextError, read_patch_text
from builder.source.patches import _STRICT

HUNK = "@@ -1 +1 @@\n-old\n+new\n"
MADE = "@@ -0,0 +1 @@\n+new\n"
FILES = ("f", "a/f", "b/f", "x y", "evil", "a/evil", "with")

Program = list[str]


@pytest.fixture(scope="module")
def patch(rootfs: Path) -> Program:
    """The program of the sandbox's root, for this machine may have none."""
    libraries = rootfs / "usr/lib/x86_64-linux-gnu"
    loader = libraries / "ld-linux-x86-64.so.2"
    return [str(loader), "--library-path", str(libraries), str(rootfs / "usr/bin/patch")]


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def touched(patch: Program, room: Path, text: str, strip: int) -> set[str]:
    """What the program makes of ``text`` in a fresh tree: paths from there that are new, gone or others."""
    shutil.rmtree(room / "top", ignore_errors=True)
    tree = room / "top" / "in" / "tree"
    for name in FILES:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("old\n")
    (room / "top" / "in" / "evil").write_text("old\n")
    (room / "text").write_bytes(text.encode("utf-8", "surrogateescape"))
    before = seen(room / "top")
    argv = [*patch, *_STRICT, f"--strip={strip}", f"--input={room / 'text'}"]
    subprocess.run(argv, cwd=tree, capture_output=True, check=False, timeout=60, env={"TMPDIR": str(room)})
    after = seen(room / "top")
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def seen(top: Path) -> dict[str, str]:
    """Links by target, files by mode and content; names count from the tree, so that those above it begin with `..`."""
    found = {}
    for path in top.rglob("*"):
        name = path.relative_to(top).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = f"{path.stat().st_mode:o} {path.read_bytes()!r}"
    return {
        name.removeprefix("in/tree/") if name.startswith("in/tree/") else f"../{name}": one
        for name, one in found.items()
    }


def stripped(files: tuple[str, ...], strip: int) -> set[str]:
    parts = ([part for part in re.split("/+", file)[strip:] if part != "."] for file in files)
    return {"/".join(one) for one in parts if one}


NAMES = st.sampled_from(
    [
        "f", "a/f", "b/f", "a//f", "./f", "x y", "x y\t2020-01-01", '"x y"', '"a/f"', '"a\\057f"', "/dev/null", "evil",
        "a/evil", "a/new", "b/new\t1970-01-01 00:00:00 +0000", "with blank", " \tf", "../evil", "/etc/x", '"a', "f\r", "f\v g",
        "a/f 2020-01-01\t00:00", "", "a/../../evil", "f\x00/../evil", '"\\056\\056/evil"', "a\\b", "\\..\\evil",
    ]
)  # fmt: skip
STARTS = st.sampled_from(["", "", "", "", " ", "\t", "X", "- ", "XX - ", "\f", "\r"])
HEADERS = st.builds(
    "{}{}{}".format,
    STARTS,
    st.sampled_from(
        ["--- ", "+++ ", "*** ", "Index:", "Index: ", "Prereq: ", "rename from ", "rename to ", "copy to "]
    ),
    NAMES,
)
PAIRS = st.builds("{0}--- {1}\n{0}+++ {2}".format, STARTS, NAMES, NAMES)
GITS = st.builds("{}diff --git {} {}".format, STARTS, NAMES, NAMES)
MODES = st.builds(
    "{} {}".format,
    st.sampled_from(["old mode", "new mode", "new file mode", "deleted file mode", "index 12..34"]),
    st.sampled_from(["100644", "100755", "120000", "104755", "160000", "x"]),
)
NUMBERS = st.sampled_from(["1", "0,0", "1,1", "1,2", "1,3", "x", "99999999999", "1,0"])
RANGES = st.builds("{}@@ -{} +{} @@{}".format, STARTS, NUMBERS, NUMBERS, st.sampled_from(["", " x", "\r"]))
BODIES = st.builds(
    "{}{}".format,
    st.sampled_from(["-", "+", " ", "", "\t", "\\ No", "=", ">", "<", "\r"]),
    st.sampled_from(["old", "new", ""]),
)
WHOLE = st.sampled_from(
    [HUNK.rstrip(), MADE.rstrip(), f"  {HUNK.rstrip()}", "GIT binary patch", "1,2c", "0a", ".", "***************"]
)
TEXTS = st.lists(st.one_of(PAIRS, PAIRS, HEADERS, GITS, MODES, RANGES, BODIES, WHOLE, WHOLE), min_size=1, max_size=12)


class TestDifferential:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(lines=TEXTS, end=st.sampled_from(["\n", "", "\n\n"]), strip=st.integers(0, 2))
    @example(lines=["diff --git a/f evil", "new file mode 100644", "index 12..34"], end="\n", strip=0)
    @example(lines=["--- f", "+++ f", "@@ -1 +1 @@", ">old", "--- evil", "+++ evil", HUNK], end="\n", strip=0)
    @example(
        lines=["--- f", "+++ f", HUNK.rstrip(), "  --- evil", "  +++ evil", "  @@ -1 +1 @@", "  -old", "  +new"],
        end="",
        strip=0,
    )
    @example(lines=["Index:evil", "--- /dev/null", "+++ f", MADE.rstrip()], end="\n", strip=0)
    def test_the_program_touches_only_what_was_listed(
        self, patch: Program, room: Path, lines: list[str], end: str, strip: int
    ) -> None:
        try:
            found = read_patch_text("\n".join(lines) + end)
        except PatchTextError:
            assume(False)
        assert touched(patch, room, found.text, strip) <= stripped(found.files, strip)

    @given(name=st.text(' \tabc/."\\\r\v01', max_size=12))
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @example(name="a b c\td")
    @example(name="a  \tb")
    @example(name='"a" b')
    def test_names_are_cut_off_where_it_cuts_them(self, patch: Program, room: Path, name: str) -> None:
        try:
            found = read_patch_text(f"--- /dev/null\n+++ {name}\n{MADE}")
        except PatchTextError:
            assume(False)
        assert touched(patch, room, found.text, 0) <= stripped(found.files, 0)

    @pytest.mark.parametrize(
        "text",
        [
            f"--- f\n+++ f\n{HUNK}  --- evil\n  +++ evil\n  @@ -1 +1 @@\n  -old\n  +new\n",
            f"--- f\n+++ f\n{HUNK}XX--- evil\nXX+++ evil\nXX@@ -1 +1 @@\nXX-old\nXX+new\n",
            f"--- f\n+++ f\n{HUNK}- --- evil\n+++ evil\n{HUNK}",
            f"--- f\n+++ f\n{HUNK}*** evil\n{HUNK}",
            f"*** evil\n--- evil\n{HUNK}--- f\n+++ f\n{HUNK}",
        ],
    )
    def test_what_it_would_find_for_itself_it_is_not_shown(self, patch: Program, room: Path, text: str) -> None:
        """Each of these touches a file that stands in no header for anybody else."""
        assert "evil" in touched(patch, room, text, 0)
        try:
            found = read_patch_text(text)
        except PatchTextError:
            return
        assert touched(patch, room, found.text, 0) == {"f"}


class TestMeaning:
    """What is left still does what the whole did."""

    @pytest.mark.parametrize(
        ("text", "strip", "changed"),
        [
            (f"Subject: x\n\n--- f\n+++ f\n{HUNK}-- \n2.39\n", 0, {"f"}),
            (f"Index: f\n=====\n--- f\t(revision 1)\n+++ f\t(working copy)\n{HUNK}", 0, {"f"}),
            (f"diff -ru x/f y/f\n--- x/f\t2020-01-01 00:00:00\n+++ y/f\t2020-01-02\n{HUNK}Only in x: g\n", 1, {"f"}),
            (
                f"--- f\n+++ f\n{HUNK.rstrip()}\n\\ No newline at end of file\n--- evil\n+++ evil\n{HUNK}",
                0,
                {"f", "evil"},
            ),
            ("diff --git a/f b/g\nsimilarity index 100%\nrename from f\nrename to g\n", 1, {"f", "g"}),
            ("diff --git a/f b/f\nold mode 100644\nnew mode 100755\n", 1, {"f"}),
            ("diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n", 1, {"e"}),
            (f'diff --git "a/x y" "b/x y"\nindex 1..2 100644\n--- "a/x y"\n+++ "b/x y"\n{HUNK}', 1, {"x y"}),
            (f"--- a/new\t1970-01-01 00:00:00 +0000\n+++ b/new\t2020-01-01\n{MADE}", 1, {"new"}),
            ("--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n", 1, {"f"}),
        ],
    )
    def test_as_before(self, patch: Program, room: Path, text: str, strip: int, changed: set[str]) -> None:
        found = read_patch_text(text)
        assert touched(patch, room, found.text, strip) == changed == touched(patch, room, text, strip)

    def test_lines_keep_their_numbers(self) -> None:
        text = f"words\n\n--- f\n+++ f\n{HUNK}more words\n--- g\n+++ g\n{HUNK}"
        assert read_patch_text(text).text == text.replace("more words", "").replace("words", "")

    def test_bytes_that_are_no_text_are_kept(self) -> None:
        text = f"--- f\udcff\n+++ f\udcff\n{HUNK.replace('new', chr(0xDCFE))}"
        assert read_patch_text(text).text == text
