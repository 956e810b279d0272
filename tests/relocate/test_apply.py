"""Relocation on real trees: it runs elsewhere, nothing upstream changes, every fact is that of the packed bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from builder.binary import read_facts
from builder.errors import WorkError
from builder.model.finding import Severity
from builder.model.payload import RelocatedEntry
from builder.model.recipe import Build, DynamicLinking, PrefixDetection
from builder.relocate import relocate
from tests.binary.compiled import gcc, library
from tests.payload.prefix import FOLDER, Link, Tree, package
from tests.relocate.payloads import BUILD, PREFIX, compile_demo, install, payload_of, relocate_context, relocated_of
from tests.relocate.test_edits import digests


def by_path(entries: tuple[RelocatedEntry, ...]) -> dict[str, RelocatedEntry]:
    return {entry.entry.path: entry for entry in entries}


def test_a_compiled_tree_runs_wherever_it_is_installed(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    done = relocated_of(tmp_path, {"share/demo/conf": f"root={PREFIX}\n"})
    for name in ("one", "another/deeper/place"):
        home = install(done, tmp_path / name)
        ran = subprocess.run([home / "bin/demo"], capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.decode().strip() == f"{home}/share/demo"
        assert (home / "share/demo/conf").read_text() == f"root={home}\n"
        for path in home.rglob("*"):
            assert path.is_symlink() or path.is_dir() or str(PREFIX).encode() not in path.read_bytes()


def test_nothing_upstream_changes_and_unedited_files_keep_their_place(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    tree: Tree = {"bin/tool": f"#!{BUILD}/bin/perl\n", "share/doc": "doc"}
    before = digests(tmp_path / "prefix")
    done = relocated_of(tmp_path, tree)
    after = digests(tmp_path / "prefix")
    assert {path: digest for path, digest in after.items() if path in before} == before
    assert (tmp_path / "prefix/bin/tool").read_text() == f"#!{BUILD}/bin/perl\n"
    found = by_path(done.entries)
    assert found["share/doc"].entry.content == tmp_path / "prefix/share/doc"
    assert {edit.path for edit in done.edits} == {
        "bin/demo",
        "bin/tool",
        "lib/demo/plugins/one.so",
        "lib/libbase.so.1",
        "lib/libuser.so",
    }
    for edit in done.edits:
        content = found[edit.path].entry.content
        assert content is not None
        assert content.is_relative_to(tmp_path / "relocated")


def test_facts_digests_and_sizes_are_those_of_the_packed_bytes(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    library(tmp_path / "prefix/lib/libbare.so", "bare", f"-L{tmp_path}/prefix/lib", "-lbase", calls="base")
    for entry in relocated_of(tmp_path, {"a": "", "b": "bee"}).entries:
        if entry.entry.content is None:
            continue
        data = entry.entry.content.read_bytes()
        assert entry.sha256 == hashlib.sha256(data).hexdigest()
        assert entry.entry.size == len(data)
        assert entry.binary == read_facts(entry.entry.content)


def test_peer_d13_a_library_without_run_path_gets_one(tmp_path: Path) -> None:
    library(tmp_path / "prefix/lib/libbase.so.1", "base")
    (tmp_path / "prefix/lib/libbase.so").symlink_to("libbase.so.1")
    library(tmp_path / "prefix/lib/private/libtop.so", "top", f"-L{tmp_path}/prefix/lib", "-lbase", calls="base")
    done = relocated_of(tmp_path)
    assert [(edit.path, edit.kind, edit.new) for edit in done.edits] == [
        ("lib/private/libtop.so", "patchelf", "$ORIGIN/..")
    ]
    home = install(done, tmp_path / "home")
    check = "import ctypes, sys; assert ctypes.CDLL(sys.argv[1]).top() == 2"
    subprocess.run([shutil.which("python3") or "python3", "-c", check, home / "lib/private/libtop.so"], check=True)


def test_peer_d7_a_binary_file_that_begins_like_text(tmp_path: Path) -> None:
    found = by_path(
        relocated_of(
            tmp_path,
            {"late.dat": b"text\n" * 500 + f"{PREFIX}/x".encode() + b"\0\1", "conf": f"{PREFIX}/x", "none.dat": b"\0"},
        ).entries
    )
    assert found["late.dat"].prefix_mode == "binary"
    assert found["conf"].prefix_mode == "text"
    assert found["none.dat"].prefix_mode is None


def test_peer_d11_the_prefix_as_utf16_is_told(tmp_path: Path) -> None:
    done = relocated_of(tmp_path, {"wide.dat": f"{PREFIX}/x".encode("utf-16-le")})
    assert [(found.check, found.severity, found.path) for found in done.findings] == [
        ("prefix", Severity.WARNING, "wide.dat")
    ]
    assert done.entries[0].prefix_mode is None


def test_symlinks_carry_the_digest_and_size_of_what_they_lead_to(tmp_path: Path) -> None:
    tree: Tree = {
        "lib/x.so.1": b"library", "lib/x.so": Link("x.so.1"), "lib64": Link("lib"), "bin/x": Link("../lib64/x.so"),
        "absolute": Link(f"{PREFIX}/lib/x.so.1"), "gone": Link("nowhere"), "loop": Link("loop"), "folder": Link("lib"),
        "empty/kept": FOLDER,
    }  # fmt: skip
    output = package(build=Build(always_include_files=replace(Build().files, include=("empty/",))))
    found = by_path(relocated_of(tmp_path, tree, output).entries)
    whole = (hashlib.sha256(b"library").hexdigest(), 7)
    nothing = (hashlib.sha256().hexdigest(), 0)
    for path in ("lib/x.so", "bin/x", "absolute"):
        assert (found[path].sha256, found[path].entry.size) == whole
    for path in ("gone", "loop", "folder", "lib64", "empty/kept"):
        assert (found[path].sha256, found[path].entry.size) == nothing
    assert found["absolute"].entry.target == "lib/x.so.1"


def test_everything_else_comes_along(tmp_path: Path) -> None:
    payload = payload_of(tmp_path, {"info/x": "x", "a": "a"})
    payload = replace(payload, entry_points=("x=y:z",), no_link=("a",))
    done = relocate(payload, package(), relocate_context(tmp_path))
    assert (done.entry_points, done.no_link, done.placeholder) == (("x=y:z",), ("a",), str(PREFIX))
    assert [found.check for found in done.findings] == ["info"]


def test_the_scripts_first_line_changes_and_nothing_else(tmp_path: Path) -> None:
    body = b"\nprint 1;\r\n\xff\n"
    done = relocated_of(tmp_path, {"bin/x": f"#!{BUILD}/bin/perl".encode() + body})
    assert done.entries[0].entry.content is not None
    assert done.entries[0].entry.content.read_bytes() == b"#!/usr/bin/env perl" + body
    assert done.entries[0].entry.executable


def test_a_zipped_program_still_runs(tmp_path: Path) -> None:
    source = tmp_path / "app"
    source.mkdir()
    (source / "__main__.py").write_text("print('it runs')\n")
    archive = tmp_path / "app.zip"
    subprocess.run(["python3", "-m", "zipapp", source, "-o", archive], check=True)
    done = relocated_of(tmp_path, {"bin/app": f"#!{PREFIX}/bin/python3\n".encode() + archive.read_bytes()})
    home = install(done, tmp_path / "home")
    assert str(PREFIX).encode() not in (home / "bin/app").read_bytes()
    ran = subprocess.run([home / "bin/app"], capture_output=True, check=True)
    assert ran.stdout == b"it runs\n"


def test_the_recipe_can_keep_a_file_as_it_is(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    build = Build(
        dynamic_linking=DynamicLinking(binary_relocation=False),
        prefix_detection=PrefixDetection(ignore_binary_files=True),
    )
    done = relocated_of(tmp_path, {}, package(build=build))
    assert done.edits == ()
    assert {entry.prefix_mode for entry in done.entries} == {None}


def test_a_read_only_file_is_edited_on_a_writable_copy(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    (tmp_path / "prefix/lib/libuser.so").chmod(0o444)
    done = relocated_of(tmp_path)
    assert "lib/libuser.so" in {edit.path for edit in done.edits}
    assert (tmp_path / "prefix/lib/libuser.so").stat().st_mode & 0o777 == 0o444


def test_relocation_is_the_same_every_time(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    library(tmp_path / "prefix/lib/libbare.so", "bare", f"-L{tmp_path}/prefix/lib", "-lbase", calls="base")
    payload = payload_of(tmp_path)
    first = relocate(payload, package(), relocate_context(tmp_path / "one"))
    second = relocate(payload, package(), relocate_context(tmp_path / "two"))
    assert [entry.sha256 for entry in first.entries] == [entry.sha256 for entry in second.entries]
    assert first.edits == second.edits
    assert {edit.kind for edit in first.edits} == {"in-place", "patchelf"}


def test_a_file_that_changed_after_the_payload_was_made_is_a_clear_error(tmp_path: Path) -> None:
    payload = payload_of(tmp_path, {"bin/x": f"#!{BUILD}/bin/perl\n"})
    (tmp_path / "prefix/bin/x").unlink()
    os.mkfifo(tmp_path / "prefix/bin/x")
    with pytest.raises(WorkError, match="not a regular file"):
        relocate(payload, package(), relocate_context(tmp_path))


def test_a_static_program_and_an_object_stay(tmp_path: Path) -> None:
    gcc(tmp_path / "prefix/bin/static", "int main(void) { return 0; }", "-static")
    gcc(tmp_path / "prefix/lib/a.o", "int f(void) { return 1; }", "-c")
    done = relocated_of(tmp_path)
    assert done.edits == ()
    assert {entry.binary.kind for entry in done.entries if entry.binary} == {"executable", "object"}
