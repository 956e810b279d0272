from __future__ import annotations

import contextlib
import io
import itertools
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive.member import MalformedError, Member, MemberKind
from builder.archive.tar import BLOCK, Stream, looks_like_tar, read_tar
from tests.archive.making import EPOCH, T, folder, hardlink, symlink, tar

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def pieces(data: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, size: int = 1 << 20) -> list[tuple[Member, bytes]]:
    return [(member, b"".join(content)) for member, content in read_tar(Stream(pieces(data, size)))]


def rejected(data: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        read(data)
    return str(caught.value)


def resealed(header: bytes) -> bytes:
    """A header with its checksum made right."""
    blank = header[:148] + b" " * 8 + header[156:]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]


def patched(data: bytes, at: int, field: bytes) -> bytes:
    header = data[:at] + field + data[at + len(field) : BLOCK]
    return resealed(header) + data[BLOCK:]


# -- the stream --------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.integers(1, 50), st.lists(st.integers(0, 60), max_size=10))
def test_a_stream_gives_what_is_asked_however_it_comes(data: bytes, size: int, counts: list[int]) -> None:
    stream = Stream(pieces(data, size))
    reference = io.BytesIO(data)
    for count in counts:
        assert stream.take(count) == reference.read(count)


@given(st.binary(min_size=10, max_size=200), st.integers(1, 50), st.integers(0, 10))
def test_pieces_are_the_same_bytes(data: bytes, size: int, count: int) -> None:
    stream = Stream(pieces(data, size))
    assert b"".join(stream.pieces(count)) == data[:count]
    assert stream.take(1000) == data[count:]


def test_the_end_comes_too_early() -> None:
    with pytest.raises(MalformedError, match="cut off"):
        Stream(pieces(b"abc")).exactly(4)
    with pytest.raises(MalformedError, match="cut off"):
        list(Stream(pieces(b"abc")).pieces(4))


# -- against the standard library --------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=60)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join).filter(lambda path: len(path.encode()) < 900)
MEMBERS = st.builds(
    T,
    name=PATHS,
    data=st.binary(max_size=1500),
    mode=st.integers(0, 0o7777),
    mtime=st.integers(0, 2**40),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(MEMBERS, max_size=5), st.sampled_from(FORMATS[1:]), st.sampled_from([1, 100, 511, 512, 513, 10_000]))
def test_what_the_standard_library_writes_is_read(members: list[T], form: int, size: int) -> None:
    found = read(tar(members, form), size)
    assert [(m.path, m.size, m.mode, m.mtime, data) for m, data in found] == [
        (m.name, len(m.data), m.mode, m.mtime, m.data) for m in members
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_kinds(form: int) -> None:
    members = [folder("d"), T("d/f", b"x"), symlink("l", "d/f"), hardlink("h", "d/f")]
    found = [member for member, _ in read(tar(members, form))]
    assert [(member.path.rstrip("/"), member.kind, member.target) for member in found] == [
        ("d", MemberKind.DIRECTORY, None),
        ("d/f", MemberKind.FILE, None),
        ("l", MemberKind.SYMLINK, "d/f"),
        ("h", MemberKind.HARDLINK, "d/f"),
    ]


@pytest.mark.parametrize("length", [99, 100, 101, 155, 156, 255, 256, 257, 1000])
@pytest.mark.parametrize("form", FORMATS)
def test_long_names_and_targets(length: int, form: int) -> None:
    path = "/".join(["x" * 50] * 25)[:length].rstrip("/")
    if form == tarfile.USTAR_FORMAT and length > 200:
        path = path[:200]
    target = path if form != tarfile.USTAR_FORMAT else "t"
    members = [T(path, b"data"), symlink("l", target), T("after", b"more")]
    found = read(tar(members, form))
    assert [member.path for member, _ in found] == [path, "l", "after"]
    assert found[1][0].target == target
    assert found[2][1] == b"more"


def test_pax_times_are_rounded_down() -> None:
    found = read(tar([T("a", mtime=1234.75)], tarfile.PAX_FORMAT))
    assert found[0][0].mtime == 1234


def test_a_time_before_1970_is_1970() -> None:
    assert read(tar([T("a", mtime=-5)], tarfile.GNU_FORMAT))[0][0].mtime == 0
    assert read(tar([T("a", mtime=-5.5)], tarfile.PAX_FORMAT))[0][0].mtime == 0


def test_names_that_are_no_utf8_keep_their_bytes() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert read(tar([T(name)], tarfile.GNU_FORMAT))[0][0].path.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_an_unread_content_is_skipped() -> None:
    data = tar([T("a", b"x" * 5000), T("b", b"y")])
    found = {}
    for member, content in read_tar(Stream(pieces(data, 700))):
        found[member.path] = bytes(next(iter(content)))[:1]
    assert found == {"a": b"x", "b": b"y"}


def test_an_archive_may_end_without_its_zero_blocks() -> None:
    data = tar([T("a", b"x")])
    assert [member.path for member, _ in read(data[: 2 * BLOCK])] == ["a"]
    assert read(b"") == []
    assert read(bytes(10240)) == []


def test_what_follows_the_end_is_ignored() -> None:
    assert len(read(tar([T("a")]) + b"garbage" * 100)) == 1


def test_a_global_pax_header_holds_for_all_that_follow() -> None:
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"mtime": "77", "comment": "c"}
    ) as made:
        made.addfile(tarfile.TarInfo("a"))
        info = tarfile.TarInfo("b")
        info.mtime = 5.5
        made.addfile(info)
    assert [member.mtime for member, _ in read(out.getvalue())] == [77, 5]


def test_old_archives_have_folders_that_end_with_a_slash() -> None:
    data = patched(tar([T("d/")]), 156, b"\0")
    assert read(data)[0][0].kind is MemberKind.DIRECTORY


def test_sizes_beyond_octal() -> None:
    header = tar([T("a")])[:BLOCK]
    large = header[:124] + b"\x80" + (9 << 30).to_bytes(11, "big") + header[136:]
    member, _ = next(read_tar(Stream(itertools.chain([resealed(large)], itertools.repeat(bytes(1 << 20))))))
    assert member.size == 9 << 30


# -- bad archives ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "what"),
    [
        (tarfile.CHRTYPE, "character device"),
        (tarfile.BLKTYPE, "block device"),
        (tarfile.FIFOTYPE, "FIFO"),
        (b"S", "sparse"),
        (b"V", "unknown kind b'V'"),
        (b"M", "unknown kind"),
    ],
)
def test_kinds_that_are_refused(flag: bytes, what: str) -> None:
    """C7, D6, D7."""
    assert what in rejected(patched(tar([T("bad")]), 156, flag))


def test_sparse_files_of_pax_are_refused() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"GNU.sparse.major": "1"}
        made.addfile(info)
    assert "sparse" in rejected(out.getvalue())


@pytest.mark.parametrize("cut", [1, 511, 513, 700, 1023])
def test_cut_off(cut: int) -> None:
    """D19."""
    assert "cut off" in rejected(tar([T("a", b"x" * 1000)])[:cut])


def test_a_damaged_header() -> None:
    data = bytearray(tar([T("a", b"x")]))
    data[3] ^= 1
    assert "damaged" in rejected(bytes(data))


@pytest.mark.parametrize("field", [b"9", b"zz", b"-1", b"0x1", b"1 2 3"])
def test_numbers_that_are_none(field: bytes) -> None:
    assert "damaged" in rejected(patched(tar([T("a")]), 124, field.ljust(12, b"\0")))


def test_a_negative_size() -> None:
    assert "negative" in rejected(patched(tar([T("a")]), 124, (-1).to_bytes(12, "big", signed=True)))


@pytest.mark.parametrize(
    "record",
    [b"x", b"5 a=1", b"99 path=a\n", b"0 a=1\n", b" 6 a=1\n", b"-6 a=1\n", b"6 =a1\n", b"9999999999 a=b\n"],
)
def test_damaged_pax_records(record: bytes) -> None:
    data = tar([T("pax", record)])
    assert "pax header is damaged" in rejected(patched(data, 156, b"x"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("size", "x"), ("size", "1_0"), ("size", "+1"), ("mtime", "1e5"), ("mtime", "soon"), ("mtime", " 1")],
)
def test_pax_numbers_that_are_none(key: str, value: str) -> None:
    text = f" {key}={value}\n"
    record = f"{len(text) + 2}{text}".encode()
    assert len(record) == len(text) + 2
    assert "damaged" in rejected(patched(tar([T("pax", record)]), 156, b"x")[:1024] + tar([T("a", b"")]))


def test_empty_pax_values_say_nothing() -> None:
    data = patched(tar([T("pax", b"8 path=\n8 size=\n")]), 156, b"x")[:1024] + tar([T("a", b"xyz")])
    assert [(member.path, content) for member, content in read(data)] == [("a", b"xyz")]


def test_a_header_extension_that_is_too_large() -> None:
    data = patched(tar([T("pax", bytes(100))]), 124, b"%011o\0" % (2 << 20))
    assert "extension of 2097152 bytes" in rejected(patched(data, 156, b"x"))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=1500))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        read(data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2047), st.binary(min_size=1, max_size=12))
def test_any_change_of_a_good_archive_is_read_or_refused(at: int, change: bytes) -> None:
    data = tar([T("x" * 120, b"1"), symlink("l", "t" * 120)], tarfile.PAX_FORMAT)
    data = data[:at] + change + data[at + len(change) :]
    with contextlib.suppress(MalformedError):
        read(data)


def test_telling_tar_from_other_things() -> None:
    assert looks_like_tar(tar([T("a", mtime=EPOCH)])[:BLOCK])
    assert looks_like_tar(bytes(BLOCK))
    assert not looks_like_tar(b"<!DOCTYPE html>".ljust(BLOCK))
    assert not looks_like_tar(b"")
    assert not looks_like_tar(tar([T("a")])[:100])
