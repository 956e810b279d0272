from __future__ import annotations

import contextlib
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive import MemberKind, UnpackLimits
from builder.archive.member import MalformedError, Member
from builder.archive.zips import read_zip
from tests.archive.making import zipped

LIMITS = UnpackLimits()
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def entry(
    name: str, mode: int = 0, when: tuple[int, int, int, int, int, int] = (2020, 5, 6, 7, 8, 10)
) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, when)
    made.external_attr = mode << 16
    return made


def read(folder: Path, data: bytes, limits: UnpackLimits = LIMITS) -> list[tuple[Member, bytes]]:
    path = folder / "a.zip"
    path.write_bytes(data)
    return [(member, b"".join(content)) for member, content in read_zip(path, limits)]


def refused(folder: Path, data: bytes, limits: UnpackLimits = LIMITS) -> str:
    with pytest.raises(MalformedError) as caught:
        read(folder, data, limits)
    return str(caught.value)


@pytest.mark.parametrize("method", METHODS)
def test_members_of_every_kind(tmp_path: Path, method: int) -> None:
    data = zipped(
        [
            (entry("d/"), b""),
            (entry("d/f", stat.S_IFREG | 0o755), b"x" * 3000),
            (entry("l", stat.S_IFLNK | 0o777), b"d/f"),
            (entry("bare"), b""),
        ],
        method,
    )
    found = [member for member, _ in read(tmp_path, data)]
    assert [(member.path, member.kind, member.target, member.size) for member in found] == [
        ("d/", MemberKind.DIRECTORY, None, 0),
        ("d/f", MemberKind.FILE, None, 3000),
        ("l", MemberKind.SYMLINK, "d/f", 0),
        ("bare", MemberKind.FILE, None, 0),
    ]
    assert (found[1].mode, found[3].mode) == (0o755, 0o600)  # the library's own choice for nothing
    assert read(tmp_path, data)[1][1] == b"x" * 3000


def test_a_member_without_a_mode_is_a_plain_file(tmp_path: Path) -> None:
    """As archives made on Windows are."""
    data = bytearray(zipped([("a", b"x")]))
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 38, 0x20)
    ((member, _),) = read(tmp_path, bytes(data))
    assert (member.kind, member.mode) == (MemberKind.FILE, 0o644)


def test_times_are_taken_for_utc(tmp_path: Path) -> None:
    found = read(tmp_path, zipped([(entry("a", when=(1980, 1, 1, 0, 0, 0)), b""), (entry("b"), b"")]))
    assert [member.mtime for member, _ in found] == [315532800, 1588748890]


def test_a_time_that_is_none(tmp_path: Path) -> None:
    """Zeros stand for "the month before January 1980" and are in real archives."""
    data = zipped([("a", b"")])
    stamp = struct.pack("<HH", *struct.unpack_from("<HH", data, 10))
    assert read(tmp_path, data.replace(stamp, bytes(4)))[0][0].mtime >= 0


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text("abcäö/", min_size=1, max_size=10), st.binary(max_size=200), max_size=5))
def test_any_names_and_contents(tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]) -> None:
    contents = {name: b"" if name.endswith("/") else data for name, data in contents.items()}
    found = read(tmp_path_factory.mktemp("zip"), zipped(list(contents.items())))
    assert [member.path for member, _ in found] == list(contents)
    assert [data for member, data in found if member.kind is MemberKind.FILE] == [
        data for name, data in contents.items() if not name.endswith("/")
    ]


def test_a_name_is_kept_whole_even_with_a_nul_in_it(tmp_path: Path) -> None:
    """The standard library cuts names at a NUL; another reader might not."""
    data = zipped([("a.txtX.exe", b"")]).replace(b"a.txtX.exe", b"a.txt\0.exe")
    assert [member.path for member, _ in read(tmp_path, data)] == ["a.txt\0.exe"]


@pytest.mark.parametrize("form", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_other_kinds(tmp_path: Path, form: int) -> None:
    """C7."""
    assert "no file, folder or symlink" in refused(tmp_path, zipped([(entry("bad", form | 0o644), b"")]))


def test_a_symlink_that_is_a_book(tmp_path: Path) -> None:
    data = zipped([(entry("l", stat.S_IFLNK | 0o777), b"x" * 5000)])
    assert "symlink of 5000 bytes" in refused(tmp_path, data)


def test_encrypted(tmp_path: Path) -> None:
    data = bytearray(zipped([("a", b"x")]))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(tmp_path, bytes(data))


def test_entries_that_share_bytes(tmp_path: Path) -> None:
    """One compressed content under two names; the trick of the best bombs."""
    data = bytearray(zipped([("a", b"x" * 100), ("b", b"y" * 100)]))
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, 0)
    assert "shares bytes" in refused(tmp_path, bytes(data))


def test_too_many_members_are_seen_before_one_is_read(tmp_path: Path) -> None:
    data = zipped((f"{number}", b"") for number in range(50))
    assert refused(tmp_path, data, UnpackLimits(members=49)) == "it has 50 members, 49 are allowed"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("size", [0, 1, 100, 70_000])
def test_what_cannot_be_packed_is_no_lie(tmp_path: Path, compression: int, size: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "a.zip"
    path.write_bytes(zipped([("a", content)], compression))
    assert [b"".join(pieces) for _, pieces in read_zip(path, UnpackLimits())] == [content]


def test_bombs(tmp_path: Path) -> None:
    """C9."""
    data = zipped([("a", bytes(5_000_000))])
    assert "expands more than 200 times" in refused(tmp_path, data, UnpackLimits(ratio_from=1_000_000))
    assert len(read(tmp_path, data)[0][1]) == 5_000_000


def test_a_content_that_is_longer_than_said_is_not_given(tmp_path: Path) -> None:
    data = bytearray(zipped([("a", b"x" * 1000)]))
    central = data.rindex(b"PK\x01\x02")
    for at in (22, central + 24):
        struct.pack_into("<I", data, at, 10)
    assert "holds more than the 10 bytes" in refused(tmp_path, bytes(data))


def test_a_wrong_checksum(tmp_path: Path) -> None:
    data = bytearray(zipped([("a", b"hello hello")], zipfile.ZIP_STORED))
    data[data.index(b"hello")] ^= 1
    assert "not the size or the checksum" in refused(tmp_path, bytes(data))


@pytest.mark.parametrize("cut", [0, 4, 50, -1, -30])
def test_cut_off(tmp_path: Path, cut: int) -> None:
    """D19."""
    assert "damaged" in refused(tmp_path, zipped([("a", b"x" * 1000)])[:cut])


def test_an_unknown_method(tmp_path: Path) -> None:
    data = bytearray(zipped([("a", b"x")]))
    struct.pack_into("<H", data, 8, 77)
    struct.pack_into("<H", data, data.rindex(b"PK\x01\x02") + 10, 77)
    assert "codec that is not read" in refused(tmp_path, bytes(data))


def test_a_name_that_begins_with_nul_is_kept_as_it_stands(tmp_path: Path) -> None:
    """The standard library cuts it there; whoever writes the member must see the NUL and refuse it."""
    data = zipped([("name", b"content")]).replace(b"name", b"\0ame")
    assert [(member.path, member.kind) for member, _ in read(tmp_path, data)] == [("\0ame", MemberKind.FILE)]


def test_a_directory_before_the_file(tmp_path: Path) -> None:
    data = bytearray(zipped([("a", b"x")]))
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 60_000)
    assert "damaged" in refused(tmp_path, bytes(data))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 260), change=st.binary(min_size=1, max_size=8))
def test_any_change_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, method: int, at: int, change: bytes
) -> None:
    data = zipped([("name", b"content" * 5), ("other", b"")], method)
    with contextlib.suppress(MalformedError):
        read(tmp_path_factory.mktemp("zip"), data[:at] + change + data[at + len(change) :])
