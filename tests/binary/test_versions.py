"""Symbol versions against handmade files, readelf, and chains that never end."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.binary.elf import Elf, MalformedElf, read_elf
from builder.binary.versions import (
    MAX_RECORDS,
    defined_names,
    defined_versions,
    highest,
    needed_names,
    needed_versions,
    order,
)
from tests.binary.compiled import gcc, readelf
from tests.binary.handmade import Wish, make_elf


def elf(wish: Wish) -> Elf:
    found = read_elf(make_elf(wish))
    assert found is not None
    return found


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_needed_and_defined_versions(bits: Literal[32, 64], byte_order: Literal["<", ">"]) -> None:
    needs = (("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4")), ("libz.so.1", ("ZLIB_1.2.9",)))
    wish = Wish(
        bits=bits, order=byte_order, soname="libx.so.1", needs=needs, defines=("X_1.0", "X_1.10", "X_1.9", "OTHER")
    )
    found = elf(wish)
    assert needed_versions(found) == (("GLIBC", "2.34"), ("ZLIB", "1.2.9"))
    assert defined_versions(found) == (("OTHER", ""), ("X", "1.10"))
    names = [found.text(index) for index in needed_names(found)]
    assert names == ["libc.so.6", "GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4", "libz.so.1", "ZLIB_1.2.9"]
    assert next(found.text(index) for index in defined_names(found)) == "libx.so.1"


def test_files_without_versions_have_none() -> None:
    assert needed_versions(elf(Wish())) == ()
    assert defined_versions(elf(Wish())) == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["GLIBC_2.9", "GLIBC_2.10"], (("GLIBC", "2.10"),)),
        (["GLIBC_PRIVATE", "GLIBC_2.2.5"], (("GLIBC", "2.2.5"), ("GLIBC_PRIVATE", ""))),
        (["GLIBC_ABI_DT_RELR"], (("GLIBC_ABI_DT_RELR", ""),)),
        (
            ["CXXABI_1.3.13", "CXXABI_TM_1", "GLIBCXX_3.4.30"],
            (("CXXABI", "1.3.13"), ("CXXABI_TM", "1"), ("GLIBCXX", "3.4.30")),
        ),
        (["OPENSSL_3.0.0", "OPENSSL_1_1_0"], (("OPENSSL", "3.0.0"), ("OPENSSL_1_1", "0"))),
        (["GCC_12.0.0", "GCC_3.0"], (("GCC", "12.0.0"),)),
        (["_1", "", "2.34"], (("", ""), ("2.34", ""), ("_1", ""))),
        ([], ()),
    ],
)
def test_families(names: list[str], expected: tuple[tuple[str, str], ...]) -> None:
    assert highest(names) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B_C"]), st.lists(st.integers(0, 99), min_size=1, max_size=4)), max_size=20
    )
)
def test_the_highest_is_the_greatest_of_its_family(pairs: list[tuple[str, list[int]]]) -> None:
    names = [f"{family}_{'.'.join(map(str, version))}" for family, version in pairs]
    expected = {family: max(tuple(v) for f, v in pairs if f == family) for family, _ in pairs}
    assert {family: order(version) for family, version in highest(names)} == expected


def test_order_is_numeric_and_empty_is_lowest() -> None:
    assert sorted(["2.10", "", "2.9", "2"], key=order) == ["", "2", "2.9", "2.10"]


def test_readelf_agrees(tmp_path: Path) -> None:
    source = '#include <stdio.h>\n#include <math.h>\nint main(int n, char **v) { printf("%f", pow(n, n)); return 0; }'
    path = gcc(tmp_path / "main", source, "-lm")
    found = read_elf(path.read_bytes())
    assert found is not None
    said = set(re.findall(r"Name: (GLIBC_[0-9.]+)", readelf(path, "-V")))
    assert needed_versions(found) == highest(said)


def test_a_version_script_is_read_as_the_linker_wrote_it(tmp_path: Path) -> None:
    script = tmp_path / "versions"
    script.write_text("MINE_1.0 { global: old; local: *; }; MINE_1.2 { global: new; } MINE_1.0;")
    path = gcc(
        tmp_path / "libmine.so", "int old(void) { return 1; } int new(void) { return 2; }",
        "-shared", "-fPIC", "-Wl,-soname,libmine.so.1", f"-Wl,--version-script={script}",
    )  # fmt: skip
    found = read_elf(path.read_bytes())
    assert found is not None
    assert defined_versions(found) == (("MINE", "1.2"),)
    # The second record names its parent too, and the first is the file itself.
    assert [found.text(index) for index in defined_names(found)] == ["libmine.so.1", "MINE_1.0", "MINE_1.2", "MINE_1.0"]


def patched(needle: bytes, replacement: bytes, wish: Wish) -> Elf:
    data = make_elf(wish)
    assert data.count(needle) == 1
    found = read_elf(data.replace(needle, replacement))
    assert found is not None
    return found


def test_chains_that_leave_the_file_are_malformed() -> None:
    wish = Wish(needs=(("libc.so.6", ("GLIBC_2.4",)),))
    record = struct.pack("<HHI", 1, 1, 1)
    broken = patched(record, struct.pack("<HHI", 1, 65535, 1), wish)
    assert needed_versions(broken) == (("GLIBC", "2.4"),), "a chain ends where its own link says so"
    far = patched(struct.pack("<II", 16, 0), struct.pack("<II", 1 << 30, 0), wish)
    with pytest.raises(MalformedElf):
        needed_versions(far)


def test_more_records_than_any_library_has_are_refused() -> None:
    half = tuple("V_1" for _ in range(MAX_RECORDS // 2))
    with pytest.raises(MalformedElf, match=str(MAX_RECORDS)):
        needed_versions(elf(Wish(needs=(("a", half), ("b", half), ("c", ("V_1",))))))


def test_records_that_step_beyond_the_file_are_malformed() -> None:
    twice = make_elf(Wish(needs=(("a", ("V_1",)), ("b", ("V_1",)))))
    endless = read_elf(twice.replace(struct.pack("<II", 16, 32), struct.pack("<II", 16, 0xFFFFFFF0)))
    assert endless is not None
    with pytest.raises(MalformedElf):
        needed_versions(endless)
