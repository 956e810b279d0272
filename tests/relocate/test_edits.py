"""Planned edits: what they say, that planning changes nothing, and at most one for each path."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from builder.model.payload import Edit
from builder.model.python import python
from builder.model.recipe import Build, DynamicLinking, PrefixDetection, PythonBuild
from builder.model.target import target
from builder.relocate import plan_edits
from builder.relocate.edits import survey
from tests.payload.prefix import Link, Tree, package
from tests.relocate.payloads import BUILD, PREFIX, compile_demo, payload_of, relocate_context


def edits(tmp_path: Path, tree: Tree, build: Build | None = None) -> list[Edit]:
    output = package(build=build or Build())
    return plan_edits(payload_of(tmp_path, tree, output), output, relocate_context(tmp_path))


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_plan_of_a_compiled_tree_can_be_read_and_changes_nothing(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    before = digests(tmp_path / "prefix")
    planned = edits(tmp_path, {})
    assert [(edit.path, edit.kind, edit.what, edit.new) for edit in planned] == [
        ("bin/demo", "in-place", "rpath", "$ORIGIN/../lib"),
        ("lib/demo/plugins/one.so", "in-place", "rpath", "$ORIGIN/../.."),
        ("lib/libbase.so.1", "in-place", "rpath", "$ORIGIN"),
        ("lib/libuser.so", "in-place", "rpath", "$ORIGIN"),
    ]
    assert {edit.old for edit in planned} == {f"{PREFIX}/lib"}
    assert all(edit.offset for edit in planned)
    assert digests(tmp_path / "prefix") == before
    assert not (tmp_path / "relocated").exists()


@pytest.mark.parametrize(
    ("path", "target", "new"),
    [
        ("lib/a", f"{PREFIX}/lib/b", "b"),
        ("bin/a", f"{PREFIX}/lib/b", "../lib/b"),
        ("a", f"{PREFIX}/lib/b", "lib/b"),
        ("a", str(PREFIX), "."),
        ("x/y/z", f"{PREFIX}/x/../w", "../../w"),
    ],
)
def test_absolute_symlinks_in_the_prefix_become_relative(tmp_path: Path, path: str, target: str, new: str) -> None:
    assert edits(tmp_path, {path: Link(target)}) == [Edit(path=path, kind="link", what="target", old=target, new=new)]


@pytest.mark.parametrize(
    "target", ["b", "../lib/b", "/etc/hostname", f"{PREFIX}x/b", f"{PREFIX}/../etc", "../../../etc"]
)
def test_other_symlinks_stay_as_they_are(tmp_path: Path, target: str) -> None:
    assert edits(tmp_path, {"lib/a": Link(target)}) == []


def test_a_script_with_an_interpreter_of_the_build_environment(tmp_path: Path) -> None:
    tree: Tree = {
        "bin/tool": f"#!{BUILD}/bin/perl -w\nuse strict;\n",
        "bin/ok": f"#!{PREFIX}/bin/python\n",
        "bin/sh": "#!/bin/sh\n",
    }
    (edit,) = edits(tmp_path, tree)
    assert (edit.path, edit.kind, edit.what) == ("bin/tool", "text", "shebang")
    assert (edit.old, edit.new) == (f"#!{BUILD}/bin/perl -w", "#!/usr/bin/env -S perl -w")


def test_a_zipped_program_cannot_have_its_interpreter_replaced_by_an_installer(tmp_path: Path) -> None:
    archive = f"#!{PREFIX}/bin/python3\n".encode() + b"PK\x03\x04\0\0"
    (edit,) = edits(tmp_path, {"bin/app": archive})
    assert edit.new == "#!/usr/bin/env python3"
    (ignored,) = edits(
        tmp_path / "2", {"bin/app": f"#!{PREFIX}/bin/python3\n"}, Build(prefix_detection=PrefixDetection(ignore=True))
    )
    assert ignored.new == "#!/usr/bin/env python3"


def test_without_relocation_there_are_no_run_path_edits(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    off = Build(dynamic_linking=DynamicLinking(binary_relocation=False))
    assert edits(tmp_path, {"lib/l": Link(f"{PREFIX}/lib/x")}, off) == [
        Edit(path="lib/l", kind="link", what="target", old=f"{PREFIX}/lib/x", new="x")
    ]


def test_a_malformed_elf_file_is_data(tmp_path: Path) -> None:
    assert edits(tmp_path, {"share/test/broken.so": b"\x7fELF\x02\x01\x01" + b"\xff" * 200}) == []


def test_a_survey_reads_every_file_once_and_nothing_else(tmp_path: Path) -> None:
    payload = payload_of(tmp_path, {"a": "x", "l": Link("a"), "b/c": str(PREFIX)})
    seen = survey(payload, str(PREFIX))
    assert sorted(seen) == ["a", "b/c"]
    assert seen["b/c"].prefix
    output, context = package(), relocate_context(tmp_path)
    assert plan_edits(payload, output, context, seen) == plan_edits(payload, output, context)


def test_relative_paths_of_a_package_for_every_python_count_from_where_it_is_installed(tmp_path: Path) -> None:
    """The peer counts from site-packages/ in the archive: its extension modules do not find their libraries."""
    compile_demo(tmp_path / "prefix")
    installed = tmp_path / "prefix/lib/python3.13/site-packages/demo"
    installed.mkdir(parents=True)
    (tmp_path / "prefix/lib/demo/plugins/one.so").rename(installed / "one.abi3.so")
    output = package(build=Build(python=PythonBuild(version_independent=True)))
    payload = payload_of(tmp_path, {"lib/python3.13/site-packages/demo/data": Link(f"{PREFIX}/share/data")}, output)
    context = replace(relocate_context(tmp_path), python=python("3.13.1", target("linux-64")))
    planned = {edit.path: edit.new for edit in plan_edits(payload, output, context)}
    assert planned["site-packages/demo/one.abi3.so"] == "$ORIGIN/../../.."
    assert planned["site-packages/demo/data"] == "../../../../share/data"
    assert planned["python-scripts/demo"] == "$ORIGIN/../lib"
