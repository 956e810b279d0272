"""Looking into archives: all that is there is seen, within a budget, and nothing that is damaged ends in an error."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import mmap
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from builder.archive.inside import insides, windows

TEXT = b"a text that is long enough to be worth it " * 50
PACKED = {
    "gzip": gzip.compress(TEXT), "bzip2": bz2.compress(TEXT), "xz": lzma.compress(TEXT), "zstd": zstd.compress(TEXT),
    "lzma": lzma.compress(TEXT, format=lzma.FORMAT_ALONE),
}  # fmt: skip


def seen(data: bytes) -> dict[str, bytes]:
    return {inside.where: b"".join(inside.pieces) for inside in insides(data) if inside.unseen is None}


def unseen(data: bytes) -> list[tuple[str, str]]:
    """Look at all that is there; return what cannot be looked at, and why."""
    found = [(inside, b"".join(inside.pieces)) for inside in insides(data)]
    assert not any(content for inside, content in found if inside.unseen is not None)
    return [(inside.where, inside.unseen) for inside, _ in found if inside.unseen is not None]


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, behind: bool = False) -> bytes:
    """A zip archive; with ``behind`` sizes stand behind the contents, as where nobody could seek."""
    plain = io.BytesIO()

    class Pipe(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return plain.write(data)  # type: ignore[arg-type]

    with zipfile.ZipFile(Pipe() if behind else plain, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return plain.getvalue()


class Counting(bytes):
    """Bytes that know how many of them were read."""

    read = 0

    def __getitem__(self, key: slice) -> bytes:  # type: ignore[override]
        found = super().__getitem__(key)
        self.read += len(found)
        return found


def ar(members: dict[str, bytes]) -> bytes:
    found = b"!<arch>\n"
    for name, content in members.items():
        found += f"{name + '/':16}{'0':12}{'0':6}{'0':6}{'644':8}{len(content):<10}`\n".encode()
        found += content + b"\n" * (len(content) % 2)
    return found


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return plain.getvalue()


@pytest.mark.parametrize("program", PACKED)
def test_each_compression(program: str) -> None:
    assert seen(PACKED[program]) == {f"in it, compressed by {program}": TEXT}


@pytest.mark.parametrize("behind", [False, True])
def test_members_of_a_zip(*, behind: bool) -> None:
    found = seen(zipped({"a/x.txt": TEXT, "b": b"short", "empty": b""}, behind=behind))
    assert found == {"in its member 'a/x.txt'": TEXT, "in its member 'b'": b"short", "in its member 'empty'": b""}


def test_stored_members_lie_open() -> None:
    data = zipped({"a": TEXT}, zipfile.ZIP_STORED)
    assert TEXT in data
    assert seen(data) == {}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("behind", [False, True])
def test_other_codecs_of_zip(method: int, *, behind: bool) -> None:
    found = seen(zipped({"a": TEXT, "b": TEXT}, method, behind=behind))
    assert [where.split(",")[0] for where in found] == ["in its member 'a'", "in its member 'b'"]
    assert set(found.values()) == {TEXT}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("program", PACKED)
def test_what_is_compressed_in_a_member(program: str, method: int) -> None:
    """A ``.conda`` package has its payload so, stored; a wheel with a ``.gz`` deflates that once more."""
    [content] = seen(zipped({"pkg-x.tar.zst": PACKED[program]}, method)).values()
    assert content == TEXT


def test_a_debian_package() -> None:
    data = ar({"debian-binary": b"2.0\n", "control.tar.gz": PACKED["gzip"], "data.tar.xz": PACKED["xz"]})
    assert seen(data) == {
        "in its member 'control.tar.gz', compressed by gzip": TEXT,
        "in its member 'data.tar.xz', compressed by xz": TEXT,
    }


def test_a_tar_is_one_content() -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:gz") as archive:
        for name in ("one", "two"):
            member = tarfile.TarInfo(name)
            member.size = len(TEXT)
            archive.addfile(member, io.BytesIO(TEXT))
    [content] = seen(plain.getvalue()).values()
    assert content.count(TEXT) == 2


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_is_compressed_in_a_tar(form: int) -> None:
    members = {"open": TEXT, "empty": b"", "deep/" * 9 + "x.gz": PACKED["gzip"], "y": PACKED["xz"]}
    assert list(seen(tarred(members, form)).values()) == [TEXT, TEXT]


def test_a_mark_that_is_none_hides_no_member() -> None:
    """Any bytes may look like a header, of a codec that nobody knows and with a size that leads far away."""
    mark = b"PK\x03\x04" + b"\x63" * 14 + (1 << 20).to_bytes(4, "little") + bytes(8)
    assert seen(mark + zipped({"a": TEXT})) == {"in its member 'a'": TEXT}


def test_a_program_that_carries_an_archive() -> None:
    data = b"#!/usr/bin/env python\n" + zipped({"__main__.py": TEXT})
    assert seen(data) == {"in its member '__main__.py'": TEXT}


def test_an_archive_in_an_archive_that_is_stored() -> None:
    assert seen(zipped({"x.jar": zipped({"c": TEXT})}, zipfile.ZIP_STORED)) == {"in its member 'c'": TEXT}


def test_a_mapped_file_is_read_alike(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(zipped({"c": TEXT}))
    with (tmp_path / "x").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert [b"".join(inside.pieces) for inside in insides(data)] == [TEXT]


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"\x1f\x8b", b"BZ", b"PK", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"!<arch>\n", b"!<arch>\nx" * 9,
     b"PK\x03\x04" + b"\xff" * 60, b"\x28\xb5\x2f\xfd", b"]\0\0", bytes(5000)],
)  # fmt: skip
def test_other_and_broken_files_hold_nothing(data: bytes) -> None:
    assert b"".join(seen(data).values()) == b""


SAMPLES = {
    **PACKED,
    "zip": zipped({"a": TEXT, "b": TEXT}),
    "nested": zipped({"a": PACKED["zstd"]}),
    "deb": ar(PACKED),
    "tar": tarred({"a": TEXT, "b": PACKED["gzip"], "c": PACKED["xz"]}),
    "zip-lzma": zipped({"a": TEXT}, zipfile.ZIP_LZMA),
    "zip-bzip2": zipped({"a": TEXT}, zipfile.ZIP_BZIP2),
}


@given(st.sampled_from(sorted(SAMPLES)), st.integers(3, 400), st.integers(0, 255), st.integers(0, 50))
def test_changed_and_cut_bytes_are_answered(kind: str, at: int, value: int, cut: int) -> None:
    data = bytearray(SAMPLES[kind])
    data[at % len(data)] = value
    whole = bytes(data)[: len(data) - cut]
    assert sum(map(len, seen(whole).values())) <= (32 << 20) + 16 * len(whole)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstd.compress, lambda data: zipped({"a": data})])
def test_a_bomb_costs_a_budget_and_no_more(pack: object) -> None:
    assert callable(pack)
    data = pack(bytes(64 << 20))
    [content] = seen(data).values()
    assert 32 << 20 <= len(content) <= (32 << 20) + 16 * len(data)
    assert unseen(data) == [("in it", "it unpacks to more than the 32 MiB that are looked at")]


CLOSED = {"7z": b"7z\xbc\xaf\x27\x1c", "RAR": b"Rar!\x1a\x07\0", "compress": b"\x1f\x9d\x90", "LZ4": b"\x04\x22M\x18"}


@pytest.mark.parametrize("program", CLOSED)
def test_what_is_not_read_is_said(program: str) -> None:
    packed = CLOSED[program] + TEXT
    assert unseen(packed) == [("in it", f"it is packed by {program}")]
    assert unseen(zipped({"a": TEXT, "b": packed}, zipfile.ZIP_STORED)) == [
        ("in its member 'b'", f"it is packed by {program}")
    ]


@pytest.mark.parametrize(
    ("at", "value", "why"), [(8, 9, "packed by Deflate64"), (8, 98, "packed by PPMd"), (6, 1, "encrypted")]
)
def test_members_of_a_zip_that_are_not_read_are_said(at: int, value: int, why: str) -> None:
    data = bytearray(zipped({"a": TEXT, "b": TEXT}))
    data[at] = value
    assert unseen(bytes(data)) == [("in its member 'a'", f"it is {why}")]
    assert seen(bytes(data)) == {"in its member 'b'": TEXT}


@pytest.mark.parametrize(
    "data",
    [*PACKED.values(), zipped({"a": TEXT}), zipped({"a": TEXT}, behind=True), TEXT, b""],
    ids=[*PACKED, "zip", "zip behind", "text", "nothing"],  # the bytes tell the time
)
def test_of_what_is_read_nothing_is_said(data: bytes) -> None:
    assert unseen(data) == []


def test_members_that_share_their_bytes_cost_a_budget_too() -> None:
    """Each of 3,000 headers begins a content that goes through all others: four and a half million in all."""
    empty = b"\0\0\0\xff\xff" * 200
    header = b"PK\x03\x04" + bytes(4) + b"\x08\0" + bytes(20)
    data = Counting(header + (b"\0\x1e\0\xe1\xff" + header + empty) * 3000)
    given = sum(len(content) for content in seen(data).values())
    assert given + data.read <= (32 << 20) + 17 * len(data)


def test_deflated_data_that_says_a_shorter_size_is_cut_there() -> None:
    data = bytearray(zipped({"a": zlib.compress(TEXT)}))
    data[18:22] = (5).to_bytes(4, "little")
    assert len(b"".join(seen(bytes(data)).values())) < len(TEXT)


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 30), st.integers(1, 10))
def test_windows_show_every_short_text_whole(pieces: list[bytes], size: int, overlap: int) -> None:
    whole, found = b"".join(pieces), list(windows(pieces, size, overlap))
    assert all(whole[start : start + len(window)] == window for start, window in found)
    for at in range(len(whole) - overlap + 1):
        text = whole[at : at + overlap]
        assert any(text in window and start <= at < start + len(window) for start, window in found)
