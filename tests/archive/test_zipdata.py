from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive import UnpackLimits
from builder.archive.member import MalformedError
from builder.archive.zipdata import content_of, name_of, nothing_else, starts_of
from builder.archive.zips import read_zip
from tests.archive.making import conda, zipped
from tests.archive.test_zips import METHODS, entry

CENTRAL = b"PK\x01\x02"


def unzipped(data: bytes) -> dict[str, bytes]:
    """The contents as they are read, one by one and out of order."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file) as archive:
        starts = starts_of(file, archive.infolist())
        found = {}
        for one in reversed(archive.infolist()):
            found[name_of(one)] = b"".join(content_of(file, one, starts[one.header_offset]))
    return found


def wrong(data: bytes | bytearray) -> str:
    with pytest.raises(MalformedError) as caught:
        unzipped(bytes(data))
    return str(caught.value)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=5), st.binary(max_size=3000), max_size=4))
def test_contents_are_what_was_packed(method: int, contents: dict[str, bytes]) -> None:
    assert unzipped(zipped(contents.items(), method)) == contents


def test_large_contents_come_in_pieces() -> None:
    data = zipped([("a", bytes(5 << 20))])
    file = io.BytesIO(data)
    with zipfile.ZipFile(file) as archive:
        (one,) = archive.infolist()
        pieces = [len(piece) for piece in content_of(file, one, starts_of(file, [one])[0])]
    assert sum(pieces) == 5 << 20
    assert max(pieces) <= 1 << 20


@pytest.mark.parametrize(
    ("at", "form", "value", "what"),
    [(8, "<H", 0, "codec"), (14, "<L", 7, "checksum"), (18, "<L", 3, "packed size"), (22, "<L", 3, "size")],
)
def test_a_header_that_says_something_else_than_the_directory(at: int, form: str, value: int, what: str) -> None:
    """Who streams an archive reads the one, who has its end the other."""
    data = bytearray(zipped([("a", b"x" * 100)]))
    struct.pack_into(form, data, at, value)
    assert wrong(data) == f"the zip's directory gives member 'a' another {what}"


def test_another_name_in_the_header() -> None:
    data = bytearray(zipped([("aa", b"x")]))
    data[30:32] = b"bb"
    assert "another name" in wrong(data)


def test_another_alphabet_in_the_header() -> None:
    data = bytearray(zipped([("é", b"x")]))
    data[7] ^= 0x08
    assert "another alphabet" in wrong(data)


def test_sizes_behind_the_content_may_be_missing_in_the_header() -> None:
    out = io.BytesIO()
    stream = Unseekable(out)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"x" * 1000)
        archive.writestr("b", b"y" * 1000)
    assert out.getvalue()[6] & 8
    assert unzipped(out.getvalue()) == {"a": b"x" * 1000, "b": b"y" * 1000}


class Unseekable(io.RawIOBase):
    """A pipe, as archives are written to by servers."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._out.write(data)


def test_a_second_name_for_a_plain_one() -> None:
    """Info-ZIP's unzip goes by the extension, Python and Rust by the name."""
    made = entry("good")
    body = struct.pack("<BL", 1, zlib.crc32(b"good")) + b"evil"
    made.extra = struct.pack("<2H", 0x7075, len(body)) + body
    assert wrong(zipped([(made, b"x")])) == "member b'good' has a second name"


def test_names_of_unix_without_an_alphabet_are_utf8_or_bytes() -> None:
    for raw, expected in (("é".encode(), "é"), (b"caf\xe9", "caf\udce9")):
        data = bytearray(zipped([(entry("x" * len(raw)), b"")]))
        at = data.rindex(CENTRAL) + 46
        data[30 : 30 + len(raw)] = data[at : at + len(raw)] = raw
        assert list(unzipped(bytes(data))) == [expected]
        data[data.rindex(CENTRAL) + 5] = 0  # made on DOS, whose letters were others
        assert list(unzipped(bytes(data))) == [raw.decode("cp437")]


def test_something_behind_the_end_of_a_content() -> None:
    """Deflate knows where it ends; what lies behind, some read as the next member."""
    data = bytearray(zipped([("a", b"x" * 100)]))
    central = data.rindex(CENTRAL)
    packed = struct.unpack_from("<L", data, 18)[0]
    hidden = b"PK\x03\x04 hidden"
    data[31 + packed : 31 + packed] = hidden
    central += len(hidden)
    for at in (18, central + 20):
        struct.pack_into("<L", data, at, packed + len(hidden))
    struct.pack_into("<L", data, data.rindex(b"PK\x05\x06") + 16, central)
    assert "followed by something" in wrong(data)


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_content_that_is_cut_off(method: int) -> None:
    data = bytearray(zipped([("a", bytes(range(256)) * 20)], method))
    central = data.rindex(CENTRAL)
    packed = struct.unpack_from("<L", data, 18)[0]
    for at in (18, central + 20):
        struct.pack_into("<L", data, at, packed - 3)
    assert "cut off" in wrong(data)


def test_lzma_that_wants_too_much_memory() -> None:
    data = bytearray(zipped([("a", b"x" * 100)], zipfile.ZIP_LZMA))
    struct.pack_into("<L", data, 31 + 5, 1 << 30)
    assert "too much memory" in wrong(data)


def members(data: bytes, folder: Path) -> list[str]:
    (folder / "a.zip").write_bytes(data)
    return [member.path for member, _ in read_zip(folder / "a.zip", UnpackLimits())]


def test_what_only_some_tools_see(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped([("a", b"1"), ("a", b"2")])
    with pytest.raises(MalformedError, match="stands in it twice"):
        members(twice, tmp_path)
    with pytest.raises(MalformedError, match="folder and something else"):
        members(zipped([("d/", b"content")]), tmp_path)
    with pytest.raises(MalformedError, match="folder and something else"):
        members(zipped([(entry("d/", stat.S_IFLNK | 0o777), b"")]), tmp_path)
    out = io.BytesIO(zipped([("a", b"1")]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"PK\x05\x06" + bytes(18)
    for bad in (out.getvalue(), b"PK" + zipped([("a", b"1")])):
        with pytest.raises(MalformedError, match="before the first member"):
            members(bad, tmp_path)


def strict(data: bytes) -> None:
    file = io.BytesIO(data)
    with zipfile.ZipFile(file) as archive:
        nothing_else(file, archive)


def test_a_package_is_nothing_but_its_members(tmp_path: Path) -> None:
    data = conda(tmp_path).read_bytes()
    strict(data)
    hidden = zipped([("evil", b"x")], zipfile.ZIP_STORED)
    local = hidden[: hidden.index(CENTRAL)]
    end = data.index(CENTRAL)
    moved = bytearray(data[:end] + local + data[end:])
    struct.pack_into("<L", moved, moved.rindex(b"PK\x05\x06") + 16, end + len(local))
    for bad in (b"#!/bin/sh\n" + data, data + b"x", bytes(moved), data[:-2] + b"\x01\x00x", _counted(data, 2)):
        with pytest.raises((MalformedError, zipfile.BadZipFile)):
            strict(bad)


def _counted(data: bytes, count: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<2H", changed, changed.rindex(b"PK\x05\x06") + 8, count, count)
    return bytes(changed)
