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


@given(st.binary(min_size=10, max_size=200), st.integers(1, 50), st.integers(0, 10))
def test_what_is_skipped_is_gone(data: bytes, size: int, count: int) -> None:
    stream = Stream(pieces(data, size))
    stream.skip(count)
    assert stream.take(1000) == data[count:]


def test_a_short_content_is_given_as_it_lies_there() -> None:
    data = bytes(range(100))
    stream = Stream(iter([data]))
    stream.skip(10)
    (piece,) = stream.pieces(20)
    assert piece.obj is data
    assert piece.tobytes() == data[10:30]
    assert list(stream.pieces(0)) == []


def test_the_end_comes_too_early() -> None:
    with pytest.raises(MalformedError, match="cut off"):
        Stream(pieces(b"abc")).exactly(4)
    with pytest.raises(MalformedError, match="cut off"):
        list(Stream(pieces(b"abc")).pieces(4))
    with pytest.raises(MalformedError, match="cut off"):
        Stream(pieces(b"abc")).skip(4)


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


@pytest.mark.parametrize(
    "field",
    [b"\x80" + b"\xff" * 11, b"\x80" + bytes(4) + b"\x01" + bytes(6), b"\x80" + bytes(5) + b"\x01\x01" + bytes(4)],
)
def test_a_time_beyond_all_time_is_the_last_that_is_kept(field: bytes) -> None:
    """Found by `make fuzz`: no system has a time for some of them."""
    ((member, _),) = read(patched(tar([T("a")]), 136, field))
    assert member.mtime == 2**40


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


def test_what_follows_the_end_is_read_so_that_damage_is_found() -> None:
    """Found by `make fuzz`: a compressed archive whose stream broke off after the last member was taken."""

    def broken() -> Iterator[bytes]:
        yield tar([T("a", b"x")])
        raise MalformedError("the compressed data is cut off")

    with pytest.raises(MalformedError, match="cut off"):
        list(read_tar(Stream(broken())))


def test_a_long_name_that_is_empty_is_none() -> None:
    """Found by `make fuzz`: GNU tar takes the empty name, and others that of the header."""
    for flag in (b"L", b"K"):
        extension = patched(tar([T("././@LongLink", b"\0")]), 156, flag)[: 2 * BLOCK]
        assert "given as nothing" in rejected(extension + tar([T("a")]))


def test_a_long_name_ends_where_its_header_says() -> None:
    """Found by `make fuzz`: GNU tar takes all up to a zero, whatever size the header gives."""
    for flag in (b"L", b"K"):
        extension = patched(tar([T("././@LongLink", b"longer\0")]), 156, flag)[: 2 * BLOCK]
        short = patched(extension, 124, b"00000000002\0")
        assert "goes on behind its end" in rejected(short + tar([T("a")]))


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


@pytest.mark.parametrize("flag", [b"0", b"\0"], ids=["file", "old-file"])
def test_folders_of_packages_say_that_they_are(flag: bytes) -> None:
    """Found by `make fuzz`: rattler makes an empty file of what is a folder by its name alone."""
    stream = Stream(iter([patched(tar([T("d/")]), 156, flag)]))
    with pytest.raises(MalformedError, match="a file with the name of a folder"):
        list(read_tar(stream, whole=True))


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
        (b"X", "unknown kind"),  # Solaris's x of old; found by `make fuzz`: others take it for a file
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


def test_a_checksum_is_the_whole_sum() -> None:
    data = patched(patched(tar([T("a", b"x")]), 265, b"\xff" * 80), 345, b"\0" + b"\xff" * 166)
    whole = int(data[148:154], 8)
    assert whole > 65_521  # what is compared is exact beyond that, too
    assert [content for _, content in read(data)] == [b"x"]
    for other in (whole - 65_521, whole - 65_536, whole - 1):
        wrong = data[:148] + b"%06o\0 " % other + data[156:]
        assert "damaged" in rejected(wrong)


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


@pytest.mark.parametrize("key", ["path", "linkpath", "size"])
def test_empty_pax_values_are_taken_for_different_things(key: str) -> None:
    """POSIX takes back what was said of all, tar takes the header's, Python's tarfile an empty name."""
    said = pax(f"{key}=")
    assert f"the {key} of a member is given as nothing" in rejected(said + tar([T("a", b"xyz")]))


def pax(*records: str, flag: bytes = b"x") -> bytes:
    """A pax header with ``key=value`` records, of fewer than a hundred bytes each."""
    data = b""
    for record in records:
        length = next(n for n in range(100) if n == len(f"{n} {record}\n".encode()))
        data += f"{length} {record}\n".encode()
    header = patched(tar([T("pax", data)]), 156, flag)
    return header[: 512 + len(data) + -len(data) % 512]


def gnu(name: str, flag: bytes = b"L") -> bytes:
    return patched(tar([T("././@LongLink", name.encode() + b"\0")]), 156, flag)[:1024]


@pytest.mark.parametrize(
    "front",
    [
        pax("path=b", "path=c"),
        pax("path=b") + pax("path=c"),
        gnu("b") + gnu("c"),
        gnu("b") + pax("path=c"),
        pax("path=c") + gnu("b"),
    ],
)
def test_two_names_for_one_member(front: bytes) -> None:
    """Readers take the first or the last, GNU's or that of pax."""
    assert "the path of a member is given twice" in rejected(front + tar([T("a", b"x")]))


def test_two_targets_for_one_link() -> None:
    assert "linkpath of a member is given twice" in rejected(
        gnu("x", b"K") + pax("linkpath=y") + tar([symlink("a", "z")])
    )


@pytest.mark.parametrize("record", ["path=evil", "linkpath=evil", "size=1"])
def test_nothing_of_one_member_is_said_of_all(record: str) -> None:
    """Python's tarfile takes it for each, Rust's tar for none."""
    assert "gives all members the same" in rejected(pax(record, flag=b"g") + tar([T("a", b"x")]))


def test_sizes_that_differ() -> None:
    """Whoever goes by the header finds another next member than who goes by pax."""
    assert "has two sizes: 3 and 5" in rejected(pax("size=5") + tar([T("a", b"xyz")]))
    assert "has two sizes: 0 and 5" in rejected(pax("size=5") + tar([T("a", b"")]))
    assert read(pax("size=3") + tar([T("a", b"xyz")]))[0][1] == b"xyz"


@pytest.mark.parametrize("member", [symlink("a", "b"), hardlink("a", "b"), folder("a")])
def test_links_and_folders_have_no_content(member: T) -> None:
    """Rust's tar skips as many bytes as the header says, Python's tarfile none."""
    assert "with a content" in rejected(patched(tar([member]), 124, b"%011o\0" % 512))
    assert "with a content" in rejected(pax("size=512") + tar([member]))


def test_a_prefix_that_only_some_read() -> None:
    """GNU keeps times there; Python's tarfile takes them for a folder all the same."""
    old = patched(tar([T("a", b"x")], tarfile.GNU_FORMAT), 345, b"evil")
    assert "prefix that is none" in rejected(old)
    other = patched(tar([T("a", b"x")], tarfile.USTAR_FORMAT), 263, b"11")
    assert "prefix that is none" in rejected(patched(other, 345, b"evil"))


def test_an_extension_without_a_member() -> None:
    assert "cut off" in rejected(pax("path=b") + bytes(1024))


def test_numbers_with_something_behind_their_end() -> None:
    assert "damaged" in rejected(patched(tar([T("a", b"xyz")]), 124, b"3\0" + b"7" * 10))
    assert "damaged" in rejected(patched(tar([T("a", b"xyz")]), 124, b"\0" + b"3" * 11))


def test_what_follows_the_end_of_a_package() -> None:
    data = tar([T("a", b"x")])
    assert len(whole(data)) == 1
    assert len(whole(data + bytes(10240))) == 1
    for hidden in (data + tar([T("b", b"y")]), data + bytes(5000) + b"x"):
        assert len(read(hidden)) == 1
        with pytest.raises(MalformedError, match="follows the end"):
            whole(hidden)
    with pytest.raises(MalformedError, match="cut off"):
        whole(data[:1024])


def whole(data: bytes) -> list[Member]:
    """The members of a tar that must be nothing else, as packages are read."""
    return [member for member, _ in read_tar(Stream(iter([data])), whole=True)]


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


def test_two_pax_headers_for_one_member() -> None:
    """Found by `make fuzz`: for GNU tar the second one stands for both."""
    assert "the pax header of a member is given twice" in rejected(pax("path=b") + pax("comment=c") + tar([T("a")]))
    assert [member.path for member, _ in read(pax("path=b") + tar([T("a")])[:512] + pax("path=d") + tar([T("c")]))] == [
        "b",
        "d",
    ]


@pytest.mark.parametrize(
    "front", [gnu("b"), gnu("b", b"K"), pax("path=b"), pax("comment=b")], ids=["L", "K", "path", "x"]
)
def test_nothing_stands_between_a_member_and_what_describes_it(front: bytes) -> None:
    """Found by `make fuzz`: a header for all members in between takes the name away for rattler, not for others."""
    between = pax("comment=c", flag=b"g")
    assert "between a member and what describes it" in rejected(front + between + tar([T("a")]))
    assert [member.path for member, _ in read(between + gnu("b") + tar([T("a")]))] == ["b"]
