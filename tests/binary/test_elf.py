"""The ELF reader on handmade files of every layout, on real ones, and on ones that lie."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

import pytest

from builder.binary.elf import DT_NEEDED, DT_RUNPATH, DT_SONAME, MAX_DYNAMIC, MAX_TEXT, MalformedElf, read_elf
from tests.binary.compiled import gcc, library
from tests.binary.handmade import Wish, make_elf

LAYOUTS = [(bits, order) for bits in (32, 64) for order in ("<", ">")]


@pytest.mark.parametrize(("bits", "order"), LAYOUTS)
def test_every_layout_is_read(bits: Literal[32, 64], order: Literal["<", ">"]) -> None:
    wish = Wish(
        bits=bits, order=order, machine=40, needed=("libm.so.6", "libc.so.6"), soname="libx.so.1", runpath="/a:/b"
    )
    elf = read_elf(make_elf(wish))
    assert elf is not None
    assert (elf.kind, elf.machine) == (3, 40)
    assert [elf.text(index) for index in elf.values(DT_NEEDED)] == ["libm.so.6", "libc.so.6"]
    assert elf.text(elf.value(DT_SONAME) or 0) == "libx.so.1"
    assert elf.raw_text(elf.value(DT_RUNPATH) or 0) == b"/a:/b"


@pytest.mark.parametrize(
    "data", [b"", b"\x7f", b"\x7fEL", b"MZ" + b"\0" * 100, b"#!/bin/sh\n", b"\x7fELG" + b"\0" * 60]
)
def test_what_does_not_begin_like_elf_is_none(data: bytes) -> None:
    assert read_elf(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF",
        b"\x7fELF" + b"\0" * 100,
        b"\x7fELF\x03\x01" + b"\0" * 100,
        b"\x7fELF\x02\x03" + b"\0" * 100,
        b"\x7fELF\x02\x01\x01" + b"\0" * 20,
    ],
    ids=["magic only", "no class", "class 3", "order 3", "half a header"],
)
def test_what_only_begins_like_elf_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedElf):
        read_elf(data)


def test_strings_end_inside_their_table() -> None:
    elf = read_elf(make_elf(Wish(soname="libx.so")))
    assert elf is not None
    with pytest.raises(MalformedElf, match="table has"):
        elf.raw_text(elf.strings[1])
    cut = read_elf(make_elf(Wish(soname="libx.so")).replace(b"libx.so\0", b"libx.soo"))
    assert cut is not None
    with pytest.raises(MalformedElf, match="no end"):
        cut.raw_text(cut.value(DT_SONAME) or 0)


def test_a_string_longer_than_any_path_is_not_believed() -> None:
    elf = read_elf(make_elf(Wish(runpath="x" * (MAX_TEXT + 1))))
    assert elf is not None
    with pytest.raises(MalformedElf, match="no end"):
        elf.raw_text(elf.value(DT_RUNPATH) or 0)


def test_text_that_is_no_utf8_keeps_its_bytes_readable() -> None:
    elf = read_elf(make_elf(Wish(soname="lib?.so")).replace(b"lib?.so", b"lib\xff.so"))
    assert elf is not None
    assert elf.text(elf.value(DT_SONAME) or 0) == "lib\\xff.so"


def test_a_string_table_beyond_the_file_is_malformed() -> None:
    whole = make_elf(Wish(needed=("libc.so.6",)))
    size = whole.index(struct.pack("<qQ", 10, 11))
    with pytest.raises(MalformedElf, match="string table"):
        read_elf(whole[: size + 8] + struct.pack("<Q", 1 << 40) + whole[size + 16 :])


def test_a_dynamic_section_without_string_table_is_malformed() -> None:
    whole = make_elf(Wish(needed=("libc.so.6",)))
    size = whole.index(struct.pack("<qQ", 10, 11))
    with pytest.raises(MalformedElf, match="without a string table"):
        read_elf(whole[:size] + struct.pack("<q", 0x70000001) + whole[size + 8 :])


def test_an_address_in_no_segment_is_malformed() -> None:
    elf = read_elf(make_elf(Wish(needed=("libc.so.6",))))
    assert elf is not None
    with pytest.raises(MalformedElf, match="no loaded segment"):
        elf.offset_of(1 << 33)


def test_program_headers_of_a_strange_size_are_malformed() -> None:
    whole = bytearray(make_elf(Wish()))
    whole[54:56] = struct.pack("<H", 57)
    with pytest.raises(MalformedElf, match="57 bytes"):
        read_elf(bytes(whole))


def test_endless_dynamic_sections_are_refused_and_not_walked() -> None:
    many = Wish(extra=tuple((0x70000001, 0) for _ in range(MAX_DYNAMIC + 10)))
    with pytest.raises(MalformedElf, match="more than"):
        read_elf(make_elf(many))


def test_the_last_of_several_entries_counts_as_it_does_for_the_loader() -> None:
    elf = read_elf(make_elf(Wish(soname="first.so", extra=((DT_SONAME, 0),))))
    assert elf is not None
    assert elf.value(DT_SONAME) == 0
    assert len(elf.values(DT_SONAME)) == 2


def test_objects_and_core_files_have_no_dynamic_section(tmp_path: Path) -> None:
    path = gcc(tmp_path / "a.o", "int f(void) { return 1; }", "-c")
    elf = read_elf(path.read_bytes())
    assert elf is not None
    assert (elf.kind, elf.dynamic) == (1, ())
    core = read_elf(make_elf(Wish(kind=4, needed=("libc.so.6",))))
    assert core is not None
    assert core.dynamic == ()


def test_a_stripped_section_table_changes_nothing(tmp_path: Path) -> None:
    data = bytearray(library(tmp_path / "liba.so", "a").read_bytes())
    before = read_elf(bytes(data))
    data[40:48] = b"\0" * 8
    data[58:64] = b"\0" * 6
    after = read_elf(bytes(data))
    assert before is not None
    assert after is not None
    assert after.dynamic == before.dynamic
