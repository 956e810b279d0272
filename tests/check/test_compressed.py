"""Looking into compressed files within a budget."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.check.compressed import unpacked

TEXT = b"a text that is long enough to be worth it " * 50
PACKED = {"gzip": gzip.compress(TEXT), "bzip2": bz2.compress(TEXT), "xz": lzma.compress(TEXT)}


@pytest.mark.parametrize("program", PACKED)
def test_each_format(program: str) -> None:
    found = unpacked(PACKED[program])
    assert found is not None
    assert (found.program, found.data) == (program, TEXT)


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\x1f\x8b", b"\x1f\x8b\x08", b"BZ", b"BZh9", b"\xfd7zXZ\x00", b"\x1f\x8b\x08" + b"x" * 50]
)
def test_other_and_broken_files_are_none_or_empty(data: bytes) -> None:
    found = unpacked(data)
    assert found is None or found.data == b""


@pytest.mark.parametrize("program", PACKED)
def test_a_truncated_file_gives_what_it_has(program: str) -> None:
    found = unpacked(PACKED[program][:-3])
    assert found is None or TEXT.startswith(found.data)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_trust_c9_a_bomb_costs_a_budget_and_no_more(pack: object) -> None:
    assert callable(pack)
    found = unpacked(pack(bytes(64 << 20)))
    assert found is not None
    assert len(found.data) == 32 << 20


@given(st.sampled_from(sorted(PACKED)), st.integers(3, 200), st.integers(0, 255))
def test_changed_bytes_are_answered(program: str, at: int, value: int) -> None:
    data = bytearray(PACKED[program])
    data[at % len(data)] = value
    found = unpacked(bytes(data))
    assert found is None or len(found.data) <= 32 << 20
