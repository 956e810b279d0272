"""Dynamic symbols against both hash tables, nm's idea of exports, and tables that lie."""

from __future__ import annotations

import hashlib
import mmap
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from builder.binary.elf import Elf, MalformedElf, read_elf
from builder.binary.symbols import exports_digest, symbol_count, symbols
from tests.binary.compiled import gcc, library
from tests.binary.handmade import Symbol, Wish, make_elf

SYMBOLS = (
    Symbol(name="shown"),
    Symbol(name="weak", binding=2),
    Symbol(name="unique", binding=10),
    Symbol(name="protected", visibility=3),
    Symbol(name="hidden", visibility=2),
    Symbol(name="internal", visibility=1),
    Symbol(name="local", binding=0),
    Symbol(name="wanted", defined=False),
)


def elf(wish: Wish) -> Elf:
    found = read_elf(make_elf(wish))
    assert found is not None
    return found


def digest(*names: str) -> str:
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("table", ["sysv", "gnu"])
def test_exports(bits: Literal[32, 64], order: Literal["<", ">"], table: Literal["sysv", "gnu"]) -> None:
    found = elf(Wish(bits=bits, order=order, hash_table=table, symbols=SYMBOLS))
    assert symbol_count(found) == len(SYMBOLS) + 1
    exported = {found.text(name) for name, is_exported in symbols(found) if is_exported}
    assert exported == {"shown", "weak", "unique", "protected"}
    assert exports_digest(found) == digest(*exported)


def test_the_digest_does_not_depend_on_order_or_on_what_is_imported() -> None:
    one = elf(Wish(symbols=(Symbol(name="a"), Symbol(name="b"))))
    two = elf(Wish(symbols=(Symbol(name="b"), Symbol(name="c", defined=False), Symbol(name="a"))))
    assert exports_digest(one) == exports_digest(two) == digest("a", "b")
    assert exports_digest(elf(Wish(symbols=(Symbol(name="a"),)))) != exports_digest(one)


def test_nothing_exported_has_no_digest() -> None:
    assert exports_digest(elf(Wish())) is None
    assert exports_digest(elf(Wish(symbols=(Symbol(name="x", defined=False),)))) is None


def test_without_a_hash_table_nobody_knows_how_many_there_are() -> None:
    found = elf(Wish(symbols=SYMBOLS, hash_table=None))
    assert symbol_count(found) is None
    assert list(symbols(found)) == []


def test_a_gnu_table_with_no_symbols_counts_those_before_it() -> None:
    found = elf(Wish(symbols=(Symbol(name="x", defined=False),), hash_table="gnu"))
    assert symbol_count(found) == 2


def test_a_count_beyond_the_file_is_malformed() -> None:
    data = make_elf(Wish(symbols=SYMBOLS))
    count = struct.pack("<II", 1, len(SYMBOLS) + 1)
    found = read_elf(data.replace(count, struct.pack("<II", 1, 0xFFFFFFFF)))
    assert found is not None
    with pytest.raises(MalformedElf, match="beyond the file"):
        exports_digest(found)


def test_a_gnu_table_beyond_the_file_is_malformed() -> None:
    data = make_elf(Wish(symbols=SYMBOLS, hash_table="gnu"))
    head = struct.pack("<IIII", 1, 2, 1, 0)
    found = read_elf(data.replace(head, struct.pack("<IIII", 0xFFFFFFFF, 2, 1, 0)))
    assert found is not None
    with pytest.raises(MalformedElf, match="hash table"):
        symbol_count(found)


def test_a_gnu_chain_without_end_stops_at_the_end_of_the_file() -> None:
    data = make_elf(Wish(symbols=SYMBOLS, hash_table="gnu"))
    chain = struct.pack("<I", 2) * 6
    assert data.count(chain + struct.pack("<I", 1)) == 1
    end = data.index(chain) + len(chain)
    found = read_elf(data)
    assert found is not None
    with pytest.raises(MalformedElf):
        symbol_count(replace(found, data=data[:end] + struct.pack("<I", 2) * 1000))


def test_tables_beyond_reason_are_refused_and_not_walked(tmp_path: Path) -> None:
    # A file of 1 GiB that takes no disk: every record that could be walked for minutes lies inside of it.
    data = make_elf(Wish(symbols=SYMBOLS, hash_table="gnu"))
    far = len(data) + 4096
    table = struct.pack("<qQ", 0x6FFFFEF5, 0)[:8]
    at = data.index(table) + 8
    segment = struct.pack("<QQ", len(data), len(data))
    heads = {
        "buckets": struct.pack("<IIII", 1 << 27, 1, 0, 0),
        "chain": struct.pack("<IIIII", 1, 1, 0, 0, 1),
    }
    for name, head in heads.items():
        path = tmp_path / name
        whole = bytearray(data.replace(segment, struct.pack("<QQ", 1 << 30, 1 << 30)))
        whole[at : at + 8] = struct.pack("<Q", far)
        path.write_bytes(bytes(whole).ljust(far, b"\0") + head)
        with path.open("r+b") as file:
            file.truncate(1 << 30)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
                found = read_elf(mapping)
                assert found is not None
                with pytest.raises(MalformedElf, match=r"beyond reason|names more than"):
                    exports_digest(found)


def test_a_name_outside_of_the_table_is_malformed() -> None:
    data = make_elf(Wish(symbols=(Symbol(name="shown"),)))
    whole = read_elf(data)
    assert whole is not None
    name = next(name for name, exported in symbols(whole) if exported)
    record = struct.pack("<IBBH", name, 0x11, 0, 1)
    found = read_elf(data.replace(record, struct.pack("<IBBH", 0xFFFFFF, 0x11, 0, 1)))
    assert found is not None
    with pytest.raises(MalformedElf, match="has no end"):
        exports_digest(found)


@pytest.mark.parametrize("style", ["sysv", "gnu", "both"])
def test_nm_agrees(tmp_path: Path, style: str) -> None:
    source = """
    int one(void) { return 1; }
    __attribute__((weak)) int two(void) { return 2; }
    __attribute__((visibility("hidden"))) int three(void) { return 3; }
    static int four(void) { return 4; }
    int five = 5;
    int six(void) { return four() + three(); }
    """
    path = gcc(tmp_path / "lib.so", source, "-shared", "-fPIC", f"-Wl,--hash-style={style}")
    said = subprocess.run(["nm", "-D", "--defined-only", str(path)], capture_output=True, check=True).stdout.decode()
    names = {line.split()[2] for line in said.splitlines()}
    found = read_elf(path.read_bytes())
    assert found is not None
    assert names == {"one", "two", "five", "six"}
    assert exports_digest(found) == digest(*names)


def test_the_same_source_has_the_same_digest_and_another_has_not(tmp_path: Path) -> None:
    first = read_elf(library(tmp_path / "a" / "lib.so", "f").read_bytes())
    same = read_elf(library(tmp_path / "b" / "lib.so", "f", "-O2", "-g").read_bytes())
    other = read_elf(library(tmp_path / "c" / "lib.so", "g").read_bytes())
    assert first is not None
    assert same is not None
    assert other is not None
    assert exports_digest(first) == exports_digest(same) != exports_digest(other)
