"""Writes hostile archives of every format byte by byte, for no library writes what an attacker would.

An `Entry` may have any name and be anything; what a format has no way to say (hard links in a zip) raises `KeyError`.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from backports import zstd

EPOCH = 1_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member: ``kind`` is of `stat.S_IFMT`'s words below; ``size`` is what is declared, the content's by default."""

    name: bytes
    kind: str = "file"
    content: bytes = b""
    target: bytes = b""
    mode: int = 0o644
    size: int | None = None

    @property
    def unix_mode(self) -> int:
        """Type and permissions, as zip and 7z keep them; `KeyError` for a hard link."""
        return _TYPES[self.kind] | self.mode

    @property
    def body(self) -> bytes:
        """What zip and 7z keep: a symlink's target is its content."""
        return self.target if self.kind == "symlink" else self.content


_TYPES = {
    "file": stat.S_IFREG, "folder": stat.S_IFDIR, "symlink": stat.S_IFLNK, "char": stat.S_IFCHR,
    "block": stat.S_IFBLK, "fifo": stat.S_IFIFO, "socket": stat.S_IFSOCK,
}  # fmt: skip
_TAR_TYPES = {
    "file": b"0", "hardlink": b"1", "symlink": b"2", "char": b"3", "block": b"4", "folder": b"5", "fifo": b"6",
    "contiguous": b"7",
}  # fmt: skip


def file(name: str | bytes, content: bytes = b"x", mode: int = 0o644) -> Entry:
    return Entry(name=_raw(name), content=content, mode=mode)


def folder(name: str | bytes, mode: int = 0o755) -> Entry:
    return Entry(name=_raw(name), kind="folder", mode=mode)


def symlink(name: str | bytes, target: str | bytes) -> Entry:
    return Entry(name=_raw(name), kind="symlink", target=_raw(target), mode=0o777)


def hardlink(name: str | bytes, target: str | bytes) -> Entry:
    return Entry(name=_raw(name), kind="hardlink", target=_raw(target))


def special(name: str | bytes, kind: str) -> Entry:
    """A device, a pipe or a socket."""
    return Entry(name=_raw(name), kind=kind)


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def tar(entries: Iterable[Entry]) -> bytes:
    """A tar archive in GNU's format, with long names and targets where they are needed; ended by two empty blocks."""
    out = bytearray()
    for entry in entries:
        for kind, text in ((b"L", entry.name), (b"K", entry.target)):
            if len(text) > 99:
                out += _tar_header(b"././@LongLink", kind, len(text) + 1) + _padded(text + b"\0")
        size = len(entry.content) if entry.size is None else entry.size
        out += _tar_header(entry.name, _TAR_TYPES[entry.kind], size, entry.target, entry.mode) + _padded(entry.content)
    return bytes(out) + bytes(1024)


def _tar_header(name: bytes, kind: bytes, size: int, target: bytes = b"", mode: int = 0o644) -> bytes:
    fields = (
        name[:100].ljust(100, b"\0"), b"%07o\0" % mode, b"%07o\0" % 1234, b"%07o\0" % 1234, b"%011o\0" % size,
        b"%011o\0" % EPOCH, b" " * 8, kind, target[:100].ljust(100, b"\0"), b"ustar  \0", b"who".ljust(32, b"\0"),
        b"who".ljust(32, b"\0"), b"%07o\0" % 1, b"%07o\0" % 3,
    )  # fmt: skip
    header = b"".join(fields).ljust(512, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def zipped(entries: Iterable[Entry], *, deflated: bool = False) -> bytes:
    """A zip archive made on Unix; names that are UTF-8 are marked so, others are bytes of no known code."""
    out, directory, count = bytearray(), bytearray(), 0
    for count, entry in enumerate(entries, 1):  # noqa: B007 - the last number is how many there are
        data = zlib.compress(entry.body, 9)[2:-4] if deflated else entry.body
        name = entry.name + (b"/" if entry.kind == "folder" else b"")
        flags = 0x800 if _is_utf8(name) else 0
        size = len(entry.body) if entry.size is None else entry.size
        common = struct.pack("<HHHHHIIIHH", 20, flags, 8 if deflated else 0, 0, 0x5121, zlib.crc32(entry.body),
                             len(data), size, len(name), 0)  # fmt: skip
        attributes = entry.unix_mode << 16
        directory += b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, attributes, len(out)) + name
        out += b"PK\3\4" + common + name + data
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(out), 0)
    return bytes(out + directory) + b"PK\5\6" + end


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def seven(entries: Sequence[Entry], *, packed: bytes | None = None, coder: bytes = b"\x01\x00") -> bytes:
    """A 7z archive made on Unix, one stream, by default not compressed; names are UTF-8 (7z keeps UTF-16).

    ``packed`` are the contents as ``coder`` (flags, id, properties) has packed them.
    """
    full = [entry for entry in entries if entry.body]
    lengths = [len(entry.body) if entry.size is None else entry.size for entry in full]
    packed = b"".join(entry.body for entry in full) if packed is None else packed
    streams = b""
    if full:
        sizes = b"".join(map(_number, lengths[:-1]))
        sums = b"".join(struct.pack("<I", zlib.crc32(entry.body)) for entry in full)
        streams = b"\x04\x06\x00\x01\x09" + _number(len(packed)) + b"\x00"
        streams += b"\x07\x0b\x01\x00\x01" + coder + b"\x0c" + _number(sum(lengths)) + b"\x00"
        streams += (
            b"\x08\x0d" + _number(len(full)) + (b"\x09" + sizes if sizes else b"") + b"\x0a\x01" + sums + b"\x00\x00"
        )
    names = b"\x00" + b"".join(entry.name.decode().encode("utf-16-le") + b"\0\0" for entry in entries)
    attributes = b"\x01\x00" + b"".join(struct.pack("<I", _attributes(entry)) for entry in entries)
    empty = [entry for entry in entries if not entry.body]
    files = b"\x05" + _number(len(entries))
    if empty:
        files += _property(0x0E, _bits([not entry.body for entry in entries]))
        files += _property(0x0F, _bits([entry.kind != "folder" for entry in empty]))
    return _seven(packed, streams + files + _property(0x11, names) + _property(0x15, attributes))


def _seven(packed: bytes, said: bytes) -> bytes:
    """A 7z archive of what is packed and what is said of it."""
    header = b"\x01" + said + b"\x00\x00"
    following = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    start = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(following)) + following
    return start + packed + header


def _attributes(entry: Entry) -> int:
    return (entry.unix_mode << 16 | 0x8000 | (0x10 if entry.kind == "folder" else 0)) & 0xFFFFFFFF


def _property(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + _number(len(data)) + data


def _number(value: int) -> bytes:
    """7z's numbers: the first byte's leading ones say how many bytes follow."""
    for more in range(8):
        if value < 1 << 7 * (more + 1):
            first = (0xFF00 >> more & 0xFF) | value >> 8 * more
            return bytes([first]) + (value & (1 << 8 * more) - 1).to_bytes(more, "little")
    return b"\xff" + value.to_bytes(8, "little")


def _bits(values: Sequence[bool]) -> bytes:
    text = "".join("1" if value else "0" for value in values)
    return bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))


def deb(entries: Iterable[Entry]) -> bytes:
    """A Debian package whose data are ``entries``."""
    return ar([(b"debian-binary", b"2.0\n"), (b"control.tar.gz", gzip.compress(tar([]))),
               (b"data.tar.xz", lzma.compress(tar(entries), preset=1))])  # fmt: skip


def ar(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An ar archive, such as Debian packages are."""
    out = bytearray(b"!<arch>\n")
    for name, data in members:
        out += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        out += b"%-10d`\n" % len(data) + data + b"\n" * (len(data) % 2)
    return bytes(out)


def many(count: int) -> bytes:
    """A 7z archive of ``count`` empty members, which it says at once; no other is made and read so quickly."""
    names = "\0".join(map(str, range(count))) + "\0"
    attributes = struct.pack("<I", _attributes(Entry(name=b"0"))) * count
    empty = _bits([True] * count)
    files = b"\x05" + _number(count) + _property(0x0E, empty) + _property(0x0F, empty)
    return _seven(
        b"", files + _property(0x11, b"\0" + names.encode("utf-16-le")) + _property(0x15, b"\1\0" + attributes)
    )


GIB, _MIB = 1 << 30, 1 << 20


def bombs(size: int = 4 * GIB) -> Mapping[str, bytes]:
    """Archives of ``size`` zeros, some hundred kilobytes each, made by repeating 4 MiB of them.

    They are one member; of those that are called late they lie behind the end, where nothing says how many there are.
    """
    piece = 4 * _MIB
    times = size // piece
    head = tar([Entry(name=b"zeros", size=size)])[:512]
    zeros = {name: pack(bytes(piece)) * times for name, pack in COMPRESSORS.items()}
    made = {f"tar.{name}": pack(head) + zeros[name] for name, pack in COMPRESSORS.items()}
    made |= {f"late.tar.{name}": pack(tar([file("fine")])) + zeros[name] for name, pack in COMPRESSORS.items()}
    flush = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = flush.compress(bytes(piece)) + flush.flush(zlib.Z_FULL_FLUSH)
    liar = zipped([Entry(name=b"zeros", content=bytes(1), size=1)], deflated=True)
    honest = zipped([Entry(name=b"zeros", content=bytes(1), size=size - 1)], deflated=True)
    lzma2 = lzma.compress(bytes(piece), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": _MIB}])[:-1]
    made["zip"], made["whl"] = _deflated(honest, deflated * times), _deflated(liar, deflated * times)
    made["7z"] = seven([Entry(name=b"zeros", content=bytes(1), size=size)], packed=lzma2 * times + b"\0",
                       coder=b"\x21\x21\x01\x10")  # fmt: skip
    made["deb"] = ar([(b"debian-binary", b"2.0\n"), (b"control.tar.gz", gzip.compress(tar([]))),
                      (b"data.tar.xz", made["tar.xz"])])  # fmt: skip
    return made


def _deflated(archive: bytes, data: bytes) -> bytes:
    """Put other packed data into a zip of one member, and say in it how long they are."""
    old, at = zlib.compress(bytes(1), 9)[2:-4], archive.index(b"PK\1\2")
    local, central = archive[: at - len(old)], archive[at : archive.index(b"PK\5\6")]
    length = struct.pack("<I", len(data))
    local, central = local[:18] + length + local[22:], central[:20] + length + central[24:]
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + data + central + b"PK\5\6" + end


COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 9, mtime=0),
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": lambda data: zstd.compress(data, 1),
    "bz2": lambda data: bz2.compress(data, 1),
}
TARS: Mapping[str, Callable[[Sequence[Entry]], bytes]] = {
    "tar": tar,
    "tar.gz": lambda entries: COMPRESSORS["gz"](tar(entries)),
    "tar.xz": lambda entries: COMPRESSORS["xz"](tar(entries)),
    "tar.zst": lambda entries: COMPRESSORS["zst"](tar(entries)),
    "tar.bz2": lambda entries: COMPRESSORS["bz2"](tar(entries)),
}
FORMATS: Mapping[str, Callable[[Sequence[Entry]], bytes]] = {
    **TARS, "zip": zipped, "whl": zipped, "7z": seven, "deb": deb,
}  # fmt: skip
"""What archives of sources may be, by the end of their names."""
