"""Mach-O and PE facts of handmade files, and what only looks like them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.binary.facts import read_facts
from builder.binary.foreign import foreign_facts
from tests.binary.foreign_files import macho, pe, universal


def test_a_dylib() -> None:
    found = foreign_facts(
        macho(rpaths=("@loader_path/../lib", "/opt/x/lib"), needed=("@rpath/liby.dylib", "/usr/lib/a.dylib"))
    )
    assert found is not None
    assert (found.format, found.kind, found.machine) == ("macho", "shared", "aarch64")
    assert found.soname == "@rpath/libx.1.dylib"
    assert found.needed == ("@rpath/liby.dylib", "/usr/lib/a.dylib")
    assert (found.runpath, found.runpath_kind) == (("@loader_path/../lib", "/opt/x/lib"), "rpath")


@pytest.mark.parametrize(("kind", "expected"), [(2, "executable"), (8, "shared"), (1, "object"), (4, "other")])
def test_kinds_of_macho(kind: int, expected: str) -> None:
    found = foreign_facts(macho(kind=kind, name=None))
    assert found is not None
    assert (found.kind, found.soname, found.runpath_kind) == (expected, None, None)


def test_of_a_universal_file_the_first_member_is_read() -> None:
    intel, arm = macho(cpu=0x01000007, name="intel"), macho(name="arm")
    found = foreign_facts(universal((0x01000007, intel), (0x0100000C, arm)))
    assert found is not None
    assert (found.machine, found.soname) == ("x86_64", "intel")


@pytest.mark.parametrize(("library", "kind"), [(True, "shared"), (False, "executable")])
def test_a_pe_file(library: bool, kind: str) -> None:
    found = foreign_facts(pe(library=library, imports=("KERNEL32.dll", "zlib.dll")))
    assert found is not None
    assert (found.format, found.kind, found.machine) == ("pe", kind, "x86_64")
    assert found.needed == ("KERNEL32.dll", "zlib.dll")
    assert found.exports_digest is None


def test_the_magic_chooses_the_reader(tmp_path: Path) -> None:
    for name, data, expected in (("a", macho(), "macho"), ("b", pe(), "pe"), ("c", universal((7, macho())), "macho")):
        path = tmp_path / name
        path.write_bytes(data)
        found = read_facts(path)
        assert found is not None
        assert found.format == expected


@pytest.mark.parametrize(
    "data",
    [b"MZ" + b"\0" * 200, b"MZ is how this text begins, and it is longer than sixty-four bytes, so that it has a header",
     b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 100, b"MZ".ljust(60, b"\0") + b"\xff\xff\xff\xff" + b"PE\0\0"],
    ids=["zeros", "text", "java class", "header outside"],
)  # fmt: skip
def test_lookalikes_have_no_facts_and_do_not_load_lief(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    code = (
        f"import sys, pathlib; import builder.binary as b; assert b.read_facts(pathlib.Path({str(path)!r})) is None; "
        "assert 'lief' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@settings(max_examples=60, deadline=None)
@given(
    base=st.sampled_from([macho(rpaths=("/a",)), pe(), universal((7, macho()))]),
    changes=st.lists(st.tuples(st.integers(4, 1200), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 2000),
)
def test_mutated_files_are_facts_or_nothing(base: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(base)
    for at, value in changes:
        data[at % len(data)] = value
    for candidate in (bytes(data), bytes(data[: max(cut % len(data), 64)])):
        found = foreign_facts(candidate)
        assert found is None or found.format in {"macho", "pe"}
