"""The readers of archives: what is unpacked must agree with what others find in the same bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from backports import zstd

from builder.archive import UnpackLimits, unpack
from builder.archive.decompress import compression_of, decompressed
from builder.archive.member import MalformedError
from builder.archive.single import read_single
from builder.archive.zipdata import name_of
from builder.errors import BakehouseError
from builder.store import remove_tree
from tests.fuzz import sevenzips, tars, zips
from tests.fuzz.damage import damaged
from tests.fuzz.reader import Box, FoundError, Parts, Reader

LIMITS = UnpackLimits(members=5000, size=64 << 20, ratio=200, ratio_from=8 << 20)
"""Lower than those of builds, so that an input costs little."""

Compress = Callable[[bytes], bytes]
COMPRESSIONS: dict[str, Compress] = {
    "gz": partial(gzip.compress, compresslevel=1, mtime=0), "bz2": bz2.compress, "xz": partial(lzma.compress, preset=0), "zst": zstd.compress,
    "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE, preset=0),
}  # fmt: skip


def readers() -> Iterator[Reader]:
    """Yield a reader for each format."""
    yield _archive("tar", tars.seeds, _tar, lambda data: data)
    for suffix, compress in COMPRESSIONS.items():
        if suffix != "lzma":
            yield _archive(f"tar.{suffix}", tars.seeds, _tar, compress)
    yield _archive("zip", zips.seeds, _zip, lambda data: data)
    yield _archive("whl", zips.seeds, _zip, lambda data: data)
    yield _archive("7z", sevenzips.seeds, _seven, lambda data: data)
    yield Reader(
        name="deb",
        seeds=lambda: [(seed,) for seed in tars.seeds()],
        alter=_tar,
        wrap=_deb,
        read=partial(_read, "demo.deb"),
    )
    for suffix, compress in COMPRESSIONS.items():
        yield Reader(
            name=f"single.{suffix}", seeds=lambda: [(b"hello\n" * 99,), (b"",), (bytes(range(256)),)], alter=_bytes,
            wrap=partial(_streams, compress), read=_decompress, refusals=(MalformedError,),
        )  # fmt: skip


def _archive(
    suffix: str,
    seeds: Callable[[], list[bytes]],
    alter: Callable[[Parts, Parts, Random, Path], Parts],
    compress: Compress,
) -> Reader:
    return Reader(
        name=suffix, seeds=lambda: [(seed,) for seed in seeds()], alter=alter, wrap=lambda parts, _: compress(parts[0]),
        read=partial(_read, f"demo-1.0.{suffix}"),
    )  # fmt: skip


# -- inputs ------------------------------------------------------------------------------------------------------------


def _tar(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    match dice.randrange(8):
        case 0:
            return (tars.generated(dice, canary),)
        case 1:
            return (damaged(parts[0], other[0], dice),)
        case _:
            return (tars.altered(parts[0], dice, canary),)


def _zip(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    match dice.randrange(4):
        case 0:
            return (zips.generated(dice, canary),)
        case 1:
            return (damaged(parts[0], other[0], dice),)
        case _:
            return (zips.altered(parts[0], dice, canary),)


def _seven(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    return (sevenzips.altered(parts[0], other[0], dice),)


def _bytes(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    return (damaged(parts[0], other[0], dice),)


def _streams(compress: Compress, parts: Parts, dice: Random) -> bytes:
    """Compress an input in one stream or in several."""
    cut = dice.randrange(len(parts[0]) + 1)
    pieces = (parts[0],) if dice.random() < 0.6 else (parts[0][:cut], parts[0][cut:])
    return b"".join(map(compress, pieces)) + dice.choice((b"", b"", b"\0" * 20, b"tail"))


def _deb(parts: Parts, dice: Random) -> bytes:
    suffix = dice.choice(("", ".gz", ".xz", ".zst", ".bz2"))
    data = COMPRESSIONS[suffix[1:]](parts[0]) if suffix else parts[0]
    members = [(b"debian-binary", b"2.0\n"), (b"control.tar", bytes(1024)), (f"data.tar{suffix}".encode(), data)]
    if dice.random() < 0.2:
        members.insert(dice.randrange(4), dice.choice(members))
    if dice.random() < 0.1:
        del members[dice.randrange(len(members))]
    out = b"!<arch>\n"
    for name, body in members:
        size = (
            str(len(body))
            if dice.random() < 0.95
            else dice.choice(("-1", "9" * 10, "0", "x", " 1 ", str(len(body) + 1)))
        )
        out += name.ljust(16) + b"0           0     0     100644  " + size.encode().ljust(10) + b"`\n"
        out += body + b"\n" * (len(body) % 2)
    return out


# -- what must hold ----------------------------------------------------------------------------------------------------


def _read(name: str, data: bytes, box: Box) -> None:
    path = box.input(name, data)
    try:
        unpacked = unpack(path, box.target, strip=False, limits=LIMITS)
    except BakehouseError:
        if box.target.exists():
            raise FoundError("what is refused left its target behind") from None
        raise
    found = tree(box.target, links_inside=not name.endswith(".deb"))
    size = sum(len(content) for content in found.values() if isinstance(content, bytes))
    if size > unpacked.size and not any(path.lstat().st_nlink > 1 for path in box.target.rglob("*")):
        raise FoundError(f"{size} bytes came out, {unpacked.size} were counted")
    files = {name: content for name, content in found.items() if isinstance(content, bytes)}
    if files:
        wanted = min(files)
        single = read_single(path, wanted, most=LIMITS.size, strip=False, limits=LIMITS)
        if single != files[wanted]:
            raise FoundError(f"{wanted!r} holds one thing alone and another among all")
    box.judge()
    remove_tree(box.target)
    theirs = _others(path, data, box)
    if theirs is not None and theirs != found:
        differing = sorted(key for key in {**theirs, **found} if theirs.get(key, "absent") != found.get(key, "absent"))[
            :4
        ]
        told = [(key, _shown(found.get(key, "absent")), _shown(theirs.get(key, "absent"))) for key in differing]
        raise FoundError(f"another reader finds something else: (path, ours, theirs) {told}")


Found = dict[str, bytes | str | None]


def tree(root: Path, *, links_inside: bool = True, judged: bool = True) -> Found:
    """Return what lies below ``root``: bytes of files, ``-> target`` of links, None for folders; judge ours."""
    found: Found = {}
    for path in sorted(root.rglob("*")):
        name, status = os.fsencode(path.relative_to(root)).decode("utf-8", "surrogateescape"), path.lstat()
        mode = status.st_mode
        if stat.S_ISLNK(mode):
            link = str(path.readlink())
            found[name] = f"-> {link}"
            if links_inside and judged and not _stays(root, path):
                raise FoundError(f"{name!r} leads out of the archive: {link!r}")
            continue
        if judged and mode & 0o7022:
            raise FoundError(f"{name!r} has mode {oct(mode)}")
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise FoundError(f"{name!r} is no file, folder or link")
        found[name] = path.read_bytes() if stat.S_ISREG(mode) else None
    return found


def _stays(root: Path, link: Path) -> bool:
    try:
        real = Path(os.path.realpath(link))
    except OSError:
        return True  # too many links: nobody can follow it
    return real == root or root in real.parents


def _shown(content: object) -> str:
    return repr(content)[:60]


def _others(path: Path, data: bytes, box: Box) -> Found | None:
    """What another reader finds in an archive that ours takes; None where there is none, or it takes it not."""
    if path.suffix == ".7z":
        return None
    try:
        if path.suffix == ".deb":
            return _by_program(("dpkg-deb", "--extract", str(path)), (), box)
        if data.startswith(b"PK"):
            return _by_zipfile(data)
        plain = b"".join(decompressed(io.BytesIO(data).read, compression_of(data[:16]), LIMITS))
        tar = path.with_name("plain.tar")
        tar.write_bytes(plain)
        return _by_program(
            ("tar", "--absolute-names", "--no-same-owner", "--extract", "--file", str(tar), "--directory"), (), box
        )
    except (
        MalformedError,
        subprocess.TimeoutExpired,
        zipfile.BadZipFile,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        OverflowError,
    ):
        return None


def _by_program(command: tuple[str, ...], more: tuple[str, ...], box: Box) -> Found | None:
    """What a program extracts, if it ends well; what we take stays inside, so it does too."""
    if shutil.which(command[0]) is None:
        return None
    box.target.mkdir()
    try:
        done = subprocess.run([*command, box.target, *more], check=False, capture_output=True, timeout=20)
        return tree(box.target, judged=False) if not done.returncode else None
    finally:
        remove_tree(box.target)


def _by_zipfile(data: bytes) -> Found:
    found: Found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            name = _tidy(name_of(entry))
            if not name:
                continue
            _above(found, name)
            if entry.is_dir():
                found[name] = None
            elif stat.S_ISLNK(entry.external_attr >> 16):
                found[name] = f"-> {archive.read(entry).decode('utf-8', 'surrogateescape')}"
            else:
                found[name] = archive.read(entry)
    return found


def _above(found: Found, name: str) -> None:
    parts = name.split("/")
    for count in range(1, len(parts)):
        found.setdefault("/".join(parts[:count]), None)


def _tidy(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in {"", "."})


def _decompress(data: bytes, box: Box) -> None:
    compression = compression_of(data[:16])
    if compression is None:
        return
    found = b"".join(decompressed(io.BytesIO(data).read, compression, LIMITS))
    if compression == "gzip":
        try:
            theirs = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return
        if theirs != found:
            raise FoundError("gzip unpacks something else")


def clear(box: Box) -> None:
    """Take away what a failed input left."""
    shutil.rmtree(box.target, ignore_errors=True)
