"""Run path edits: planned rightly, carried out exactly, and believed only after reading again."""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import lief
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.binary.facts import elf_facts, read_facts
from builder.binary.runpath import RunPathEdit, patch_run_path, run_path_edit
from builder.errors import WorkError
from builder.model.binary import BinaryFacts
from tests.binary.compiled import gcc, library, readelf
from tests.binary.handmade import Symbol, Wish, make_elf

PLACEHOLDER = "/bakehouse/host_env" + "_placehold" * 23
OLD = {"rpath": "-Wl,--disable-new-dtags", "runpath": "-Wl,--enable-new-dtags"}


def facts(path: Path) -> BinaryFacts:
    found = read_facts(path)
    assert found is not None
    return found


def planned(path: Path, *wanted: str) -> RunPathEdit:
    edit = run_path_edit(path, wanted)
    assert edit is not None
    return edit


def write(path: Path, wish: Wish) -> Path:
    path.write_bytes(make_elf(wish))
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A prefix with a library and a program that finds it by an absolute run path of 255 bytes."""
    library(tmp_path / "prefix/lib/libdep.so.1", "dep")
    (tmp_path / "prefix/lib/libdep.so").symlink_to("libdep.so.1")
    gcc(
        tmp_path / "prefix/bin/main", "int dep(void); int main(void) { return dep() - 1; }",
        f"-L{tmp_path}/prefix/lib", "-ldep", f"-Wl,-rpath,{PLACEHOLDER}/lib", OLD["rpath"],
    )  # fmt: skip
    return tmp_path / "prefix"


def test_a_program_finds_its_library_wherever_it_is_put(tree: Path, tmp_path: Path) -> None:
    main = tree / "bin/main"
    assert subprocess.run([main], capture_output=True, check=False).returncode == 127
    before = facts(main)
    edit = planned(main, "$ORIGIN/../lib")
    assert (edit.how, edit.tag, edit.old) == ("in-place", "rpath", f"{PLACEHOLDER}/lib")
    after = patch_run_path(main, edit, before)
    assert after == replace(before, runpath=("$ORIGIN/../lib",))
    moved = shutil.copytree(tree, tmp_path / "elsewhere" / "deep", symlinks=True)
    assert subprocess.run([moved / "bin/main"], check=False).returncode == 0


def test_in_place_changes_nothing_but_the_string(tree: Path) -> None:
    main = tree / "bin/main"
    old = main.read_bytes()
    edit = planned(main, "$ORIGIN/../lib")
    patch_run_path(main, edit, facts(main))
    new = main.read_bytes()
    assert len(new) == len(old)
    end = edit.offset + edit.room
    assert new[: edit.offset] + new[end:] == old[: edit.offset] + old[end:]
    assert new[edit.offset : end] == b"$ORIGIN/../lib".ljust(edit.room, b"\0")
    assert PLACEHOLDER.encode() not in new


@pytest.mark.parametrize("tag", ["rpath", "runpath"])
@pytest.mark.parametrize("wanted", ["$ORIGIN", "$ORIGIN/../a/much/longer/path/than/there/was:$ORIGIN/../lib"])
def test_the_tag_that_is_there_stays(tmp_path: Path, tag: str, wanted: str) -> None:
    path = library(tmp_path / "libx.so", "x", "-Wl,-rpath,/opt/lib", OLD[tag])
    edit = planned(path, *wanted.split(":"))
    assert edit.how == ("in-place" if wanted == "$ORIGIN" else "patchelf")
    after = patch_run_path(path, edit, facts(path))
    assert (after.runpath, after.runpath_kind) == (tuple(wanted.split(":")), tag)
    word = "Library rpath" if tag == "rpath" else "Library runpath"
    assert f"{word}: [{wanted}]" in readelf(path, "-d")


def test_peer_d13_a_file_without_run_path_gets_one_as_dt_rpath(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x")
    edit = planned(path, "$ORIGIN")
    assert (edit.how, edit.tag, edit.old) == ("patchelf", "rpath", "")
    after = patch_run_path(path, edit, facts(path))
    assert (after.runpath, after.runpath_kind) == (("$ORIGIN",), "rpath")


@pytest.mark.parametrize("tag", ["rpath", "runpath"])
def test_an_empty_run_path_is_removed(tmp_path: Path, tag: str) -> None:
    path = library(tmp_path / "libx.so", "x", "-Wl,-rpath,/opt/lib", OLD[tag])
    edit = planned(path)
    assert edit.how == "patchelf"
    after = patch_run_path(path, edit, facts(path))
    assert (after.runpath, after.runpath_kind) == ((), None)
    assert "rpath" not in readelf(path, "-d")


def test_nothing_to_do_is_none(tmp_path: Path) -> None:
    assert run_path_edit(library(tmp_path / "a.so", "a", "-Wl,-rpath,$ORIGIN"), ("$ORIGIN",)) is None
    assert run_path_edit(library(tmp_path / "b.so", "b"), ()) is None


def test_empty_parts_are_taken_out_since_they_mean_the_working_folder(tmp_path: Path) -> None:
    path = library(tmp_path / "a.so", "a", "-Wl,-rpath,$ORIGIN::")
    edit = planned(path, "$ORIGIN")
    assert edit.old == "$ORIGIN::"
    assert patch_run_path(path, edit, facts(path)).runpath == ("$ORIGIN",)
    assert "[$ORIGIN]" in readelf(path, "-d")


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_layout_is_edited_in_place(tmp_path: Path, bits: Literal[32, 64], order: Literal["<", ">"]) -> None:
    wish = Wish(bits=bits, order=order, rpath="/opt/some/where/lib", needed=("libc.so.6",), symbols=(Symbol(name="a"),))
    path = write(tmp_path / "file", wish)
    after = patch_run_path(path, planned(path, "$ORIGIN/../lib"), facts(path))
    assert after.runpath == ("$ORIGIN/../lib",)


SHARING = {
    "needed": Wish(runpath="/opt/libz.so.1", needed=("libz.so.1",), merge=True),
    "soname": Wish(runpath="/opt/libz.so.1", soname="libz.so.1", merge=True),
    "symbol": Wish(runpath="/opt/lib", symbols=(Symbol(name="lib"),), merge=True),
    "imported symbol": Wish(runpath="/opt/lib", symbols=(Symbol(name="lib", defined=False),), merge=True),
    "needed version": Wish(runpath="/opt/V_1", needs=(("libc.so.6", ("V_1",)),), merge=True),
    "file of a needed version": Wish(runpath="/opt/libc", needs=(("libc", ("V_1",)),), merge=True),
    "defined version": Wish(runpath="/opt/X_1", soname="libx", defines=("X_1",), merge=True),
    "audit library": Wish(runpath="/opt/lib", extra=((0x6FFFFEFC, 6),)),
    "its own NUL": Wish(runpath="/opt/lib", extra=((1, 9),)),
}


@pytest.mark.parametrize("wish", SHARING.values(), ids=SHARING.keys())
def test_strings_that_share_the_bytes_forbid_an_edit_in_place(tmp_path: Path, wish: Wish) -> None:
    path = write(tmp_path / "file", wish)
    assert planned(path, "$O").how == "patchelf"
    unmerged = write(tmp_path / "apart", replace(wish, merge=False, extra=()))
    assert planned(unmerged, "$O").how == "in-place"


def test_a_run_path_that_ends_a_longer_string_is_not_edited_in_place(tmp_path: Path) -> None:
    data = make_elf(Wish(soname="/prefix/opt/lib", runpath="/opt/lib", merge=True))
    whole = elf_facts(data)
    assert whole is not None
    assert whole.runpath == ("/opt/lib",)
    # The run path's string is written first; point the tag into the SONAME's tail, as a linker merges them.
    first, inside = struct.pack("<qQ", 29, 1), struct.pack("<qQ", 29, 1 + len("/opt/lib") + 1 + len("/prefix"))
    assert data.count(first) == 1
    path = tmp_path / "file"
    path.write_bytes(data.replace(first, inside))
    assert facts(path).runpath == ("/opt/lib",)
    assert planned(path, "$O").how == "patchelf"


def test_unknown_symbols_count_as_sharing(tmp_path: Path) -> None:
    path = write(tmp_path / "file", Wish(runpath="/opt/lib", hash_table=None))
    assert planned(path, "$O").how == "patchelf"


def test_both_tags_at_once_are_left_to_patchelf(tmp_path: Path) -> None:
    path = write(tmp_path / "file", Wish(rpath="/opt/lib/old", runpath="/opt/lib/new"))
    edit = planned(path, "$O")
    assert (edit.how, edit.old, edit.tag) == ("patchelf", "/opt/lib/new", "runpath")


def test_real_linkers_merge_tails_and_the_edit_still_is_safe(tmp_path: Path) -> None:
    library(tmp_path / "libtail.so", "tail", soname="tail")
    path = library(
        tmp_path / "libx.so", "x", f"-L{tmp_path}", "-ltail", "-Wl,-rpath,/opt/some/tail", OLD["rpath"], calls="tail"
    )
    assert facts(path).needed[0] == "tail"
    edit = planned(path, "$ORIGIN")
    after = patch_run_path(path, edit, facts(path))
    assert after.needed[0] == "tail"
    assert after.runpath == ("$ORIGIN",)


@pytest.mark.parametrize("data", [b"#!/bin/sh\n", b"", make_elf(Wish(kind=4))])
def test_files_that_can_have_none_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(WorkError, match="no dynamic section"):
        run_path_edit(path, ("$ORIGIN",))


def test_a_malformed_file_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 9)
    with pytest.raises(WorkError, match="malformed"):
        run_path_edit(path, ("$ORIGIN",))


def test_an_edit_that_does_not_do_what_was_planned_is_not_believed(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x", "-Wl,-rpath,/opt/lib")
    edit = planned(path, "$ORIGIN")
    before = facts(path)
    with pytest.raises(WorkError, match="is not what it was") as caught:
        patch_run_path(path, replace(edit, offset=edit.offset + 3), before)
    assert caught.value.problems[0].remedy is not None
    with pytest.raises(WorkError, match="is not what it was"):
        patch_run_path(path, edit, replace(before, soname="other.so"))


@pytest.mark.parametrize("wanted", [("$ORIGIN",), ("$ORIGIN/../a/much/longer/way", "/opt/x"), ()])
@pytest.mark.parametrize("tag", ["rpath", "runpath", None])
def test_lief_reads_the_result_as_we_do(tmp_path: Path, wanted: tuple[str, ...], tag: str | None) -> None:
    flags = () if tag is None else ("-Wl,-rpath,/opt/lib", OLD[tag])
    path = library(tmp_path / "libx.so", "x", *flags)
    edit = run_path_edit(path, wanted)
    if edit is not None:
        patch_run_path(path, edit, facts(path))
    parsed = lief.ELF.parse(str(path))
    assert parsed is not None
    entries = [
        entry
        for entry in parsed.dynamic_entries
        if isinstance(entry, lief.ELF.DynamicEntryRpath | lief.ELF.DynamicEntryRunPath)
    ]
    assert [part for entry in entries for part in entry.paths] == list(wanted)
    assert tuple(str(name) for name in parsed.libraries) == facts(path).needed
    assert {type(entry).__name__ for entry in entries} <= {
        "DynamicEntryRunPath" if tag == "runpath" else "DynamicEntryRpath"
    }


@settings(max_examples=40, deadline=None)
@given(
    old=st.lists(st.sampled_from(["/a", "/opt/lib", "$ORIGIN", "$ORIGIN/../x"]), min_size=1, max_size=4),
    new=st.lists(st.sampled_from(["$ORIGIN", "$ORIGIN/../lib", "/z"]), min_size=1, max_size=3, unique=True),
    names=st.lists(st.text("abc/lib", min_size=1, max_size=6), max_size=5, unique=True),
)
def test_a_planned_edit_in_place_never_changes_another_fact(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str], names: list[str]
) -> None:
    wish = Wish(
        rpath=":".join(old), needed=tuple(names[:2]), symbols=tuple(Symbol(name=name) for name in names), merge=True
    )
    path = write(tmp_path_factory.mktemp("edit") / "file", wish)
    before = facts(path)
    edit = run_path_edit(path, tuple(new))
    if edit is not None and edit.how == "in-place":
        after = patch_run_path(path, edit, before)
        assert after == replace(before, runpath=tuple(new))
        assert after.exports_digest == before.exports_digest
    elif edit is None:
        assert ":".join(old) == ":".join(new)
