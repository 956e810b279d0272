"""7z archives: what py7zr writes comes out, and nothing else ends in anything but a refusal."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import zlib
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive import MemberKind, UnpackLimits, unpack
from builder.archive.member import MalformedError, Member
from builder.archive.sevenzip import read_7z
from builder.errors import SourceError

LIMITS = UnpackLimits()
FILTERS = {
    "copy": [{"id": py7zr.FILTER_COPY}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "lzma": [{"id": py7zr.FILTER_LZMA}],
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "bcj": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "delta": [{"id": py7zr.FILTER_DELTA, "dist": 4}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "zstd": [{"id": py7zr.FILTER_ZSTD}],
}


def packed(files: dict[str, bytes], method: str = "lzma2", *, password: str | None = None) -> bytes:
    buffer = io.BytesIO()
    filters = None if password else FILTERS[method]
    with py7zr.SevenZipFile(buffer, "w", filters=filters, password=password) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return buffer.getvalue()


def tree(folder: Path, method: str = "lzma2") -> bytes:
    """Pack all below ``folder`` with modes, times and links."""
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", filters=FILTERS[method]) as archive:
        for path in sorted(folder.iterdir()):
            archive.writeall(path, path.name)
    return buffer.getvalue()


def read(folder: Path, data: bytes, limits: UnpackLimits = LIMITS) -> list[tuple[Member, bytes]]:
    path = folder / "a.7z"
    path.write_bytes(data)
    return [(member, b"".join(content)) for member, content in read_7z(path, limits)]


def refused(folder: Path, data: bytes, limits: UnpackLimits = LIMITS) -> str:
    with pytest.raises(MalformedError) as caught:
        read(folder, data, limits)
    return str(caught.value)


class TestReading:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Files of all kinds with a fixed time."""
        made = tmp_path / "tree"
        (made / "d" / "empty").mkdir(parents=True)
        (made / "d" / "text").write_text("text\n")
        (made / "run").write_text("#!/bin/sh\n")
        (made / "run").chmod(0o755)
        (made / "nothing").touch()
        (made / "large").write_bytes(bytes(range(256)) * 12_000)
        (made / "link").symlink_to("d/text")
        for path in made.rglob("*"):
            os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)
        return made

    @pytest.mark.parametrize("method", FILTERS)
    def test_every_codec(self, tmp_path: Path, folder: Path, method: str) -> None:
        found = {member.path: (member.kind, content) for member, content in read(tmp_path, tree(folder, method))}
        assert found == {
            "d": (MemberKind.DIRECTORY, b""),
            "d/empty": (MemberKind.DIRECTORY, b""),
            "d/text": (MemberKind.FILE, b"text\n"),
            "run": (MemberKind.FILE, b"#!/bin/sh\n"),
            "nothing": (MemberKind.FILE, b""),
            "large": (MemberKind.FILE, bytes(range(256)) * 12_000),
            "link": (MemberKind.SYMLINK, b""),
        }

    def test_modes_times_sizes_and_targets(self, tmp_path: Path, folder: Path) -> None:
        found = {member.path: member for member, _ in read(tmp_path, tree(folder))}
        assert found["run"].mode == 0o755
        assert found["large"].size == 256 * 12_000
        assert found["link"].target == "d/text"
        assert {member.mtime for member in found.values()} == {1_500_000_000}

    def test_what_was_packed_is_unpacked(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "a.7z").write_bytes(tree(folder))
        unpack(tmp_path / "a.7z", tmp_path / "out")
        for path in folder.rglob("*"):
            twin = tmp_path / "out" / path.relative_to(folder)
            assert twin.lstat().st_mtime == 1_500_000_000
            if path.is_symlink():
                assert twin.readlink() == path.readlink()
            elif path.is_file():
                assert twin.read_bytes() == path.read_bytes()
                assert twin.stat().st_mode == path.stat().st_mode

    def test_a_single_top_folder_is_dropped(self, tmp_path: Path) -> None:
        (tmp_path / "a.7z").write_bytes(packed({"x-1/a": b"A", "x-1/b/c": b"C"}))
        unpack(tmp_path / "a.7z", tmp_path / "out")
        assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["a", "b", "c"]

    def test_contents_that_nobody_takes_are_skipped(self, tmp_path: Path) -> None:
        (tmp_path / "a.7z").write_bytes(packed({f"f{number}": bytes([number]) * 3_000_000 for number in range(3)}))
        taken = [
            (member.path, b"".join(content)[:1]) if member.path == "f2" else (member.path, b"")
            for member, content in read_7z(tmp_path / "a.7z", LIMITS)
        ]
        assert taken == [("f0", b""), ("f1", b""), ("f2", b"\x02")]

    def test_several_streams(self, tmp_path: Path) -> None:
        data = io.BytesIO(packed({"a": b"A" * 1000}))
        with py7zr.SevenZipFile(data, "a", filters=FILTERS["bzip2"]) as archive:
            archive.writestr(b"B" * 1000, "b")
        found = {member.path: content for member, content in read(tmp_path, data.getvalue())}
        assert found == {"a": b"A" * 1000, "b": b"B" * 1000}

    def test_names_that_are_not_ascii(self, tmp_path: Path) -> None:
        [(member, content)] = read(tmp_path, packed({"käse/☃": b"x"}))
        assert (member.path, content) == ("käse/☃", b"x")

    def test_empty_archives(self, tmp_path: Path) -> None:
        assert read(tmp_path, packed({})) == []


class TestRefused:
    @pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\nb", "x" * 300])
    def test_names_that_lead_out(self, tmp_path: Path, name: str) -> None:
        data = packed({"x" * len(name): b"evil"})
        renamed = _renamed(data, "x" * len(name), name)
        (tmp_path / "a.7z").write_bytes(renamed)
        with pytest.raises(SourceError, match=r"a\.7z: "):
            unpack(tmp_path / "a.7z", tmp_path / "room" / "out")
        assert list((tmp_path / "room").iterdir()) == []
        assert {path.name for path in tmp_path.iterdir()} == {"a.7z", "room"}

    @pytest.mark.parametrize("target", ["/etc/passwd", "../evil"])
    def test_links_that_lead_out(self, tmp_path: Path, target: str) -> None:
        (tmp_path / "tree").mkdir()
        (tmp_path / "evil").touch()
        (tmp_path / "tree" / "link").symlink_to(target)
        (tmp_path / "a.7z").write_bytes(tree(tmp_path / "tree"))
        with pytest.raises(SourceError, match="symlink"):
            unpack(tmp_path / "a.7z", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("form", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
    def test_devices_pipes_and_sockets(self, tmp_path: Path, form: int) -> None:
        data = _attributed(packed({"a": b"A"}), form | 0o644)
        assert "no file, folder or symlink" in refused(tmp_path, data)

    def test_secrets(self, tmp_path: Path) -> None:
        assert "encrypted" in refused(tmp_path, packed({"a": b"A"}, password="secret"))

    def test_codecs_that_few_have_looked_at(self, tmp_path: Path) -> None:
        for filters in ([{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 20}], [{"id": py7zr.FILTER_BROTLI, "level": 1}]):
            buffer = io.BytesIO()
            with py7zr.SevenZipFile(buffer, "w", filters=filters) as archive:
                archive.writestr(b"A" * 100, "a")
            assert "codec that is not read" in refused(tmp_path, buffer.getvalue())

    def test_a_long_link(self, tmp_path: Path) -> None:
        data = _attributed(packed({"a": b"A" * 5000}), stat.S_IFLNK | 0o777)
        assert "symlink of 5000 bytes" in refused(tmp_path, data)

    def test_bombs_are_seen_before_they_burst(self, tmp_path: Path) -> None:
        data = packed({"zero": bytes(20 << 20)})
        assert len(data) < 20_000
        limits = UnpackLimits(ratio=100, ratio_from=1 << 20)
        assert "expands more than 100 times" in refused(tmp_path, data, limits)

    def test_too_many_members(self, tmp_path: Path) -> None:
        data = packed({f"f{number}": b"" for number in range(50)})
        assert "50 members" in refused(tmp_path, data, UnpackLimits(members=49))

    def test_a_codec_that_wants_too_much_memory(self, tmp_path: Path) -> None:
        data = _plain_header(packed({"a": b"A" * 1000}))
        coder = b"\x21\x21\x01"  # LZMA2 with one byte of properties: the size of its dictionary
        assert data.count(coder) == 1
        at = data.index(coder) + len(coder)
        assert read(tmp_path, _with_header(data[:at] + bytes([34]) + data[at + 1 :]))
        assert "1024 MiB of memory" in refused(tmp_path, _with_header(data[:at] + bytes([36]) + data[at + 1 :]))

    def test_a_wrong_checksum(self, tmp_path: Path) -> None:
        data = bytearray(packed({"a": os.urandom(1000)}, "copy"))
        data[100] ^= 1
        assert "checksum" in refused(tmp_path, bytes(data))

    @pytest.mark.parametrize("cut", [5, 31, 40, 1000, -1])
    def test_cut_off(self, tmp_path: Path, cut: int) -> None:
        refused(tmp_path, packed({"a": os.urandom(3000)})[:cut])

    @given(st.data())
    @settings(max_examples=80, deadline=None)
    def test_damage_ends_in_members_or_a_refusal(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        method = data.draw(st.sampled_from(list(FILTERS)))
        whole = bytearray(
            _SAMPLES.setdefault(method, _plain_header(packed({"a": b"A" * 700, "b/c": b"C" * 300}, method)))
        )
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        damaged = bytes(whole)
        if data.draw(st.booleans()):  # right checksums, so that the damage is really read
            damaged = _with_header(damaged)
        with contextlib.suppress(MalformedError):
            read(tmp_path_factory.mktemp("fuzz"), damaged)


_SAMPLES: dict[str, bytes] = {}


def _plain_header(data: bytes) -> bytes:
    """Write the archive's header uncompressed, so that tests can change it."""
    buffer = io.BytesIO(data)
    with py7zr.SevenZipFile(buffer) as archive:
        start = archive.afterheader
        header = archive.header
        raw = io.BytesIO()
        header.write(raw, 0, encoded=False)
    packed_bytes = data[32 : 32 + (header.main_streams.packinfo.packpositions[-1] if header.main_streams else 0)]
    assert start == 32
    return _signed(packed_bytes, raw.getvalue())


def _with_header(data: bytes) -> bytes:
    """Return the archive with its header's checksums made right again."""
    offset, size = struct.unpack("<QQ", data[12:28])
    offset, size = min(offset, len(data)), min(size, len(data))
    header = data[32 + offset : 32 + offset + size]
    return _signed(data[32 : 32 + offset], header)


def _signed(packed_bytes: bytes, header: bytes) -> bytes:
    following = struct.pack("<QQI", len(packed_bytes), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(following)) + following + packed_bytes + header


def _renamed(data: bytes, old: str, new: str) -> bytes:
    plain = _plain_header(data)
    before, after = old.encode("utf-16-le"), new.encode("utf-16-le")
    assert plain.count(before) == 1
    return _with_header(plain.replace(before, after))


def _attributed(data: bytes, mode: int) -> bytes:
    """Give the archive's only member the attributes of a Unix file with that mode."""
    buffer = io.BytesIO(data)
    with py7zr.SevenZipFile(buffer) as archive:
        old = archive.files[0]._get_property("attributes")
    plain = _plain_header(data)
    attributes = struct.pack("<I", mode << 16 | 0x8000)
    assert plain.count(struct.pack("<I", old)) == 1
    return _with_header(plain.replace(struct.pack("<I", old), attributes))
