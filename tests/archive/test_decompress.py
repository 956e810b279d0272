from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive import UnpackLimits
from builder.archive.decompress import compression_of, decompressed
from builder.archive.member import MalformedError

LIMITS = UnpackLimits()
LZIP = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]


def lzip(data: bytes) -> bytes:
    """One member as the lzip manual has it; 16 is the dictionary's size, 2^16."""
    packed = lzma.compress(data, format=lzma.FORMAT_RAW, filters=LZIP)
    sizes = len(data).to_bytes(8, "little") + (6 + len(packed) + 20).to_bytes(8, "little")
    return b"LZIP\x01\x10" + packed + zlib.crc32(data).to_bytes(4, "little") + sizes


WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "lzip": lzip,
}
EACH = pytest.mark.parametrize("name", WRITERS)
SEVERAL = pytest.mark.parametrize("name", [name for name in WRITERS if name != "lzma"])


def plain(data: bytes, limits: UnpackLimits = LIMITS, step: int = 1 << 20) -> bytes:
    """What ``data`` expands to when it is read ``step`` bytes at a time."""
    file = io.BytesIO(data)
    return b"".join(decompressed(lambda count: file.read(min(count, step)), compression_of(data), limits))


@EACH
@settings(max_examples=20, deadline=None)
@given(data=st.binary(max_size=5000), step=st.sampled_from([6, 7, 64, 1000]))
def test_what_others_compress_comes_out_again(name: str, data: bytes, step: int) -> None:
    packed = WRITERS[name](data)
    assert compression_of(packed) == name
    assert plain(packed, step=step) == data


@EACH
def test_large_contents_come_in_pieces(name: str) -> None:
    data = random.Random(1).randbytes(500_000) + bytes(3_000_000)
    packed = WRITERS[name](data)
    file = io.BytesIO(packed)
    pieces = list(decompressed(file.read, name, LIMITS))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 1 << 20


def test_plain_bytes_pass() -> None:
    assert compression_of(b"plain") is None
    assert plain(b"plain" * 1000, step=7) == b"plain" * 1000


@SEVERAL
@pytest.mark.parametrize("step", [6, 9, 1 << 20])
def test_several_streams_are_one(name: str, step: int) -> None:
    pack = WRITERS[name]
    assert plain(pack(b"one") + pack(b"two") + pack(b""), step=step) == b"onetwo"


@SEVERAL
@pytest.mark.parametrize("tail", [b"", bytes(512), b"garbage", b"\x1f", bytes(4) + b"garbage"])
def test_what_follows_the_last_stream_is_ignored(name: str, tail: bytes) -> None:
    assert plain(WRITERS[name](b"data") + tail) == b"data"


@EACH
def test_cut_off(name: str) -> None:
    """D19."""
    packed = WRITERS[name](random.Random(1).randbytes(10_000))
    for cut in (len(packed) // 2, len(packed) - 1 if name != "lzma" else len(packed) - 200):
        with pytest.raises(MalformedError, match="cut off"):
            plain(packed[:cut])


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_damaged(name: str) -> None:
    data = random.Random(1).randbytes(10_000)
    packed = bytearray(
        zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})
        if name == "zstd"
        else WRITERS[name](data)
    )
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(MalformedError, match=f"the {name} data is damaged"):
        plain(bytes(packed))


@EACH
def test_bombs_are_stopped(name: str) -> None:
    """C9, D18: the ratio counts only beyond a size that does no harm."""
    packed = WRITERS[name](bytes(30_000_000))
    with pytest.raises(MalformedError, match="expands more than 200 times"):
        plain(packed, UnpackLimits(ratio_from=10_000_000))
    assert len(plain(packed)) == 30_000_000


@EACH
def test_bombs_are_stopped_without_taking_memory(name: str) -> None:
    packed = WRITERS[name](bytes(40_000_000))
    file = io.BytesIO(packed)
    tracemalloc.start()
    for _ in decompressed(file.read, name, LIMITS):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_window_that_needs_too_much_memory_is_refused() -> None:
    options = {zstd.CompressionParameter.window_log: 28, zstd.CompressionParameter.content_size_flag: 0}
    compressor = zstd.ZstdCompressor(options={int(key): value for key, value in options.items()})
    packed = compressor.compress(bytes(10)) + compressor.flush()
    with pytest.raises(MalformedError, match="damaged"):
        plain(packed)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(WRITERS)), st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_any_change_is_read_or_refused(name: str, at: int, change: bytes) -> None:
    packed = WRITERS[name](os.urandom(300))
    changed = packed[:at] + change + packed[at + len(change) :]
    if compression_of(changed) == name:
        with contextlib.suppress(MalformedError):
            plain(changed)


class TestLzip:
    @pytest.mark.parametrize("at", [-20, -12])
    def test_a_wrong_checksum_or_size(self, at: int) -> None:
        packed = bytearray(lzip(b"data" * 100))
        packed[at] ^= 1
        with pytest.raises(MalformedError, match="checksum or size"):
            plain(bytes(packed))

    @pytest.mark.parametrize(("coded", "size"), [(0x1E, 1 << 30), (0x0B, 1 << 11), (0x1F, 1 << 31), (0xFE, 603979776)])
    def test_a_dictionary_that_is_too_large_or_small(self, coded: int, size: int) -> None:
        packed = bytearray(lzip(b"data"))
        packed[5] = coded
        with pytest.raises(MalformedError, match=f"dictionary of {size} bytes"):
            plain(bytes(packed))

    def test_a_dictionary_of_an_odd_size(self) -> None:
        packed = bytearray(lzip(b"data"))
        packed[5] = 0x34  # 2^20, less a sixteenth of that
        assert plain(bytes(packed)) == b"data"

    def test_bytes_one_by_one(self) -> None:
        assert plain(lzip(b"data" * 50), step=6) == b"data" * 50

    @pytest.mark.parametrize("cut", [5, 6, 7, 20, -1, -19, -21])
    def test_cut_off(self, cut: int) -> None:
        with pytest.raises(MalformedError):
            plain(lzip(os.urandom(200))[:cut])
