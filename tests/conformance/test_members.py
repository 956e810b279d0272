"""The comparison of packages: every kind of difference has its name, and none is taken for another or left out."""

from __future__ import annotations

import hashlib
import json
import marshal
from pathlib import Path
from typing import Any

import pytest

from tests.binary.compiled import gcc, library
from tests.conformance.elf import without_build_id, without_last_slash, without_room
from tests.conformance.members import Tree, differences, of_documents, of_files
from tests.conformance.wheels import without_bytecode_and_digests, without_place

OURS, THEIRS = "/ours".ljust(255, "_"), "/theirs".ljust(255, "_")


def tree(root: Path, files: dict[str, str], **links: str) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for path, target in links.items():
        (root / path).symlink_to(target)
    return Tree(root=root, placeholder=OURS if root.name == "ours" else THEIRS)


def found(tmp_path: Path, ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    return [str(one) for one in differences(tree(tmp_path / "ours", ours), tree(tmp_path / "theirs", theirs))]


# -- members -----------------------------------------------------------------------------------------------------------


def test_equal_trees_do_not_differ(tmp_path: Path) -> None:
    assert found(tmp_path, {"a": "1", "info/b.json": "{}"}, {"a": "1", "info/b.json": "{}"}) == []


def test_members_of_one_side_and_other_contents(tmp_path: Path) -> None:
    assert found(tmp_path, {"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1"}) == [
        "a: only ours", "d: only theirs", "b: content",
    ]  # fmt: skip


def test_modes_and_links(tmp_path: Path) -> None:
    ours = tree(tmp_path / "ours", {"run": "1", "kind": "x", "to": "1"}, same="run", other="run")
    theirs = tree(tmp_path / "theirs", {"run": "1", "to": "1"}, same="run", other="to", kind="to")
    (theirs.root / "run").chmod(0o755)
    assert {str(one) for one in differences(ours, theirs)} == {
        "run: mode", "kind: a link on one side only", "other: leads to run, theirs to to",
    }  # fmt: skip


def test_json_that_is_laid_out_otherwise_is_the_same(tmp_path: Path) -> None:
    assert found(tmp_path, {"info/a.json": '{"a": 1, "b": 2}'}, {"info/a.json": '{"b":2,"a":1}'}) == []
    assert found(tmp_path, {"share/a.json": "{}"}, {"share/a.json": "{ }"}) == ["share/a.json: content"]


def test_yaml_is_read(tmp_path: Path) -> None:
    assert found(tmp_path, {"info/a.yaml": "a: '1'\nb: [x]"}, {"info/a.yaml": "b:\n- x\na: 1\n"}) == ["info/a.yaml: a"]


@pytest.mark.parametrize(
    ("mine", "other", "places"),
    [
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, {"a": "1"}, ["a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["a/c only ours"]),
        ({}, {"x": None}, ["x only theirs"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a order"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a length"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a/1"]),
        ([{"name": "x", "v": 1}], [{"name": "x", "v": 2}], ["x/v"]),
        ([{"name": "x"}, {"name": "y"}], [{"name": "y"}, {"name": "x"}], [" order"]),
        ([{"name": "x"}], [{"name": "y"}], ["x only ours", "y only theirs"]),
        ([{"name": "x"}, {"name": "x"}], [{"name": "x"}], [" length"]),
        ({"a": [1]}, {"a": {"b": 1}}, ["a"]),
    ],
)
def test_the_place_in_a_document(mine: object, other: object, places: list[str]) -> None:
    assert list(of_documents(mine, other)) == places


# -- paths.json --------------------------------------------------------------------------------------------------------


def listing(**texts: str) -> str:
    entries: list[dict[str, Any]] = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(text.encode()).hexdigest(),
         "size_in_bytes": len(text)}
        for path, text in texts.items()
    ]  # fmt: skip
    return json.dumps({"paths": entries, "paths_version": 1})


def test_what_paths_json_truly_says_of_other_files_is_told_of_the_files(tmp_path: Path) -> None:
    ours, theirs = {"a": "1", "info/paths.json": listing(a="1")}, {"a": "23", "info/paths.json": listing(a="23")}
    assert found(tmp_path, ours, theirs) == ["a: content"]


def test_what_paths_json_says_wrongly_is_told(tmp_path: Path) -> None:
    ours, theirs = {"a": "1", "info/paths.json": listing(a="1")}, {"a": "23", "info/paths.json": listing(a="4")}
    assert found(tmp_path, ours, theirs) == ["a: content", "info/paths.json: a (hardlink) sha256"]


def test_entries_of_one_side(tmp_path: Path) -> None:
    ours, theirs = {"info/paths.json": listing(a="1", b="1")}, {"info/paths.json": listing(a="1", c="1")}
    assert found(tmp_path, ours, theirs) == ["info/paths.json: b only ours", "info/paths.json: c only theirs"]


# -- files -------------------------------------------------------------------------------------------------------------


def causes(mine: bytes, other: bytes, name: str = "file") -> list[str]:
    return list(of_files(name, mine, other, (OURS, THEIRS)))


def test_the_placeholder_may_differ_and_nothing_beside_it() -> None:
    assert causes(f"prefix={OURS}/lib\n".encode(), f"prefix={THEIRS}/lib\n".encode()) == ["placeholder"]
    assert causes(f"{OURS}/lib".encode(), f"{THEIRS}/bin".encode()) == ["placeholder", "content"]
    assert causes(f"{OURS}".encode(), b"nothing") == ["content"]
    assert causes(b"a", b"b") == ["content"]


def test_the_build_id_may_differ_and_nothing_beside_it(tmp_path: Path) -> None:
    text = "int f(void) { return 1; }"
    flags = ("-shared", "-fPIC", "-O1")
    one = gcc(tmp_path / "one.so", text, *flags, "-Wl,--build-id=0x1111").read_bytes()
    other = gcc(tmp_path / "other.so", text, *flags, "-Wl,--build-id=0x2222").read_bytes()
    changed = gcc(tmp_path / "changed.so", "int f(void) { return 2; }", *flags, "-Wl,--build-id=0x2222").read_bytes()
    assert causes(one, other) == ["build ID"]
    assert causes(one, changed)[-1] == "content"
    assert without_build_id(one) == without_build_id(other)
    assert len(without_build_id(one)) == len(one)


def test_a_slash_at_the_end_of_the_run_path(tmp_path: Path) -> None:
    flags = ("-Wl,--build-id=none", "-Wl,--disable-new-dtags")
    slash = library(tmp_path / "a" / "l.so", "f", "-Wl,-rpath,$ORIGIN/", *flags).read_bytes()
    assert without_last_slash(slash).replace(b"$ORIGIN\0\0", b"$ORIGIN/\0") == slash
    assert causes(without_last_slash(slash), slash) == ["run path with a slash at its end"]
    plain = library(tmp_path / "b" / "l.so", "f", "-Wl,-rpath,$ORIGIN", *flags).read_bytes()
    assert without_last_slash(plain) == plain


def test_the_room_that_was_left_for_a_run_path(tmp_path: Path) -> None:
    """CMake: a long run path, overwritten with a shorter one and zeros."""

    def installed(folder: str, code: str = "return 1;") -> bytes:
        long, short = f"/built/in/{folder}", b"$ORIGIN"
        flags = ("-shared", "-fPIC", f"-Wl,-rpath,{long}", "-Wl,--build-id=none", "-Wl,-soname,l.so")
        content = gcc(tmp_path / folder / "l.so", f"int f(void) {{ {code} }}", *flags).read_bytes()
        return content.replace(long.encode(), short.ljust(len(long), b"\0"))

    one, other = installed("a"), installed("a-much-longer-folder")
    assert causes(one, other) == ["room of the build's run path"]
    assert without_room(one) == without_room(other)
    assert causes(one, installed("a-much-longer-folder", "return 2;"))[-1] == "content"


def test_what_is_no_elf_stays() -> None:
    for step in (without_build_id, without_last_slash, without_room):
        assert step(b"text") == b"text"


def bytecode(place: str, source: str = "def f(): return 1\n") -> bytes:
    return b"\xa7\r\r\n" + bytes(12) + marshal.dumps(compile(source, place, "exec"))


def test_the_place_of_a_module_in_its_bytecode() -> None:
    module = "lib/python3.13/site-packages/oven/heat.py"
    here, there = bytecode(module), bytecode(f"{THEIRS}/{module}")
    assert without_place(here) == without_place(there)
    assert len(without_place(here)) < len(here)
    assert causes(here, there, "oven/__pycache__/heat.cpython-313.pyc") == ["place of the module"]
    assert causes(here, bytecode(f"{THEIRS}/{module}", "def f(): return 2\n"), "heat.pyc")[-1] == "content"
    assert causes(here, there, "heat.py")[-1] == "content"
    assert without_place(b"no bytecode") == b"no bytecode"


def test_a_record_is_the_names_in_it() -> None:
    pip = b"a.py,sha256=x,1\na-1.dist-info/direct_url.json,sha256=y,2\n__pycache__/a.cpython-313.pyc,,\n"
    assert without_bytecode_and_digests(pip) == b"a.py"
    assert causes(b"a.py,sha256=z,2\n", pip, "a-1.dist-info/RECORD") == ["list of files"]
    assert causes(b"b.py,sha256=z,2\n", pip, "a-1.dist-info/RECORD")[-1] == "content"
