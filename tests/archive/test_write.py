from __future__ import annotations

import bz2
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd
from conda_package_handling import api as cph
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builder.archive import (
    DEFAULT_COMPRESSION,
    ArchiveMember,
    Compression,
    MemberKind,
    Written,
    read_package,
    write_conda,
    write_tar_bz2,
)
from builder.archive.write import write_zstd
from builder.errors import MachineError, WorkError
from builder.store import digest_file
from tests.archive.making import INDEX, STEM, path_entry, paths_json, tree

CHECKOUT = Path(__file__).parents[2]
EPOCH = 1_500_000_000
LINK = MemberKind.SYMLINK


def info_of(payload: list[ArchiveMember]) -> list[ArchiveMember]:
    entries = [
        path_entry(
            m.path.removeprefix("./"),
            m.content if isinstance(m.content, bytes) else b"" if m.content is None else m.content.read_bytes(),
        )
        for m in sorted(payload, key=lambda member: member.path)
        if m.kind is not MemberKind.DIRECTORY
    ]
    return [
        ArchiveMember(path="info/paths.json", content=paths_json(entries)),
        ArchiveMember(path="info/index.json", content=json.dumps(INDEX).encode()),
    ]


def sample(folder: Path) -> list[ArchiveMember]:
    """Members of every kind, not sorted."""
    library = folder / "library"
    library.write_bytes(bytes(range(256)) * 5000)
    return [
        ArchiveMember(path="lib/libfoo.so.1", content=library, executable=True),
        ArchiveMember(path="bin/hello", content=b"#!/bin/sh\n", executable=True),
        ArchiveMember(path="lib/libfoo.so", kind=LINK, target="libfoo.so.1"),
        ArchiveMember(path="share/empty", kind=MemberKind.DIRECTORY),
        ArchiveMember(path="share/" + "long" * 40 + "/ä", content=b""),
        ArchiveMember(path="Z", content=b"z"),
    ]


def write(folder: Path, payload: list[ArchiveMember], compression: Compression = DEFAULT_COMPRESSION) -> Written:
    return write_conda(
        folder / f"{STEM}.conda",
        stem=STEM,
        payload=payload,
        info=info_of(payload),
        epoch=EPOCH,
        compression=compression,
    )


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_outside(tmp_path: Path) -> None:
    """CEP 35."""
    written = write(tmp_path, sample(tmp_path))
    path = tmp_path / f"{STEM}.conda"
    data = path.read_bytes()
    assert written.sha256 == hashlib.sha256(data).hexdigest()
    assert written.md5 == hashlib.md5(data).hexdigest()
    assert written.size == len(data)
    assert path.stat().st_mode & 0o7777 == 0o644
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["metadata.json", f"pkg-{STEM}.tar.zst", f"info-{STEM}.tar.zst"]
    assert {(entry.compress_type, entry.date_time, entry.create_system) for entry in entries} == {
        (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 3)
    }
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert parts(path)["metadata.json"] == b'{"conda_pkg_format_version": 2}'


def test_the_inside(tmp_path: Path) -> None:
    write(tmp_path, sample(tmp_path))
    inner = parts(tmp_path / f"{STEM}.conda")
    payload, info = (zstd.decompress(inner[f"{which}-{STEM}.tar.zst"]) for which in ("pkg", "info"))
    with tarfile.open(fileobj=io.BytesIO(payload)) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [
        "Z", "bin/hello", "lib/libfoo.so", "lib/libfoo.so.1", "share/empty", "share/" + "long" * 40 + "/ä",
    ]  # fmt: skip
    assert {member.name: oct(member.mode) for member in members}["bin/hello"] == "0o755"
    assert {member.mode for member in members if member.issym()} == {0o777}
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(EPOCH, 0, 0, "", "")}
    with tarfile.open(fileobj=io.BytesIO(info)) as archive:
        assert archive.getnames() == ["info/index.json", "info/paths.json"]


def test_digests_of_members(tmp_path: Path) -> None:
    payload = sample(tmp_path)
    written = write(tmp_path, payload)
    expected = {
        member.path: (hashlib.sha256(data).hexdigest(), len(data))
        for member in [*payload, *info_of(payload)]
        if member.kind is MemberKind.FILE
        for data in [member.content if isinstance(member.content, bytes) else (member.content or Path()).read_bytes()]
    }
    assert {path: (sha256, size) for path, sha256, size in written.members} == expected


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the order, the file times, the modes on disk, the umask, the folder, the number of workers."""
    payload = sample(tmp_path)
    first = write(tmp_path, payload)
    other = tmp_path / "other"
    other.mkdir()
    library = tmp_path / "library"
    os.utime(library, (5, 5))
    library.chmod(0o600)
    old = os.umask(0o077)
    try:
        assert write(other, payload[::-1]) == first
        for workers in (1, 2, 3, 4):
            assert write(other, payload, Compression(workers=workers)) == first
    finally:
        os.umask(old)
    assert (other / f"{STEM}.conda").stat().st_mode & 0o777 == 0o644


def test_the_number_of_workers_does_not_change_the_bytes_of_large_packages(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(Path(sys.executable).resolve().read_bytes()[:4_000_000] * 6)
    payload = [ArchiveMember(path="large", content=file)]
    found = {write(tmp_path, payload, Compression(level=3, workers=workers)).sha256 for workers in (0, 1, 2, 4)}
    assert len(found) == 1


def test_the_window_fits_the_content(tmp_path: Path) -> None:
    """Readers must hold the window in memory: at most 128 MiB, and for a small package little more than it is."""
    write(tmp_path, sample(tmp_path))
    data = parts(tmp_path / f"{STEM}.conda")[f"pkg-{STEM}.tar.zst"]
    frame = zstd.get_frame_info(data)
    assert frame.decompressed_size == len(zstd.decompress(data))
    assert zstd.decompress(data, options={zstd.DecompressionParameter.window_log_max: 21})


@pytest.mark.parametrize("level", [1, 3, 10, 19, 22])
def test_levels(tmp_path: Path, level: int) -> None:
    write(tmp_path, sample(tmp_path), Compression(level=level))
    assert read_package(tmp_path / f"{STEM}.conda").members()


def test_the_old_format(tmp_path: Path) -> None:
    payload = sample(tmp_path)
    path = tmp_path / f"{STEM}.tar.bz2"
    written = write_tar_bz2(path, stem=STEM, payload=payload, info=info_of(payload), epoch=EPOCH)
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(bz2.decompress(path.read_bytes()))) as archive:
        assert archive.getnames()[:3] == ["info/index.json", "info/paths.json", "Z"]
    again = write_tar_bz2(path, stem=STEM, payload=payload[::-1], info=info_of(payload), epoch=EPOCH)
    assert again == written


# -- other tools -------------------------------------------------------------------------------------------------------


def extracted_by_us(path: Path, into: Path) -> dict[str, object]:
    read_package(path).extract(into)
    return tree(into)


def test_conda_package_handling_extracts_and_transmutes_both_ways(tmp_path: Path) -> None:
    from conda_package_handling import api

    payload = [member for member in sample(tmp_path) if member.kind is not MemberKind.DIRECTORY]
    write(tmp_path, payload)
    write_tar_bz2(tmp_path / f"{STEM}.tar.bz2", stem=STEM, payload=payload, info=info_of(payload), epoch=EPOCH)
    expected = extracted_by_us(tmp_path / f"{STEM}.conda", tmp_path / "ours")
    for extension, other in ((".conda", ".tar.bz2"), (".tar.bz2", ".conda")):
        path = tmp_path / f"{STEM}{extension}"
        api.extract(str(path), str(tmp_path / f"cph{extension}"))
        assert tree(tmp_path / f"cph{extension}") == expected
        out = tmp_path / f"transmuted{extension}"
        out.mkdir()
        assert not api.transmute(str(path), other, out_folder=str(out))
        assert extracted_by_us(out / f"{STEM}{other}", tmp_path / f"back{extension}") == expected


def test_rattler_extracts(tmp_path: Path) -> None:
    from rattler.package_streaming import extract

    payload = sample(tmp_path)
    written = write(tmp_path, payload)
    sha256, md5 = extract(tmp_path / f"{STEM}.conda", tmp_path / "rattler")
    assert (bytes(sha256).hex(), bytes(md5).hex()) == (written.sha256, written.md5)
    assert tree(tmp_path / "rattler") == extracted_by_us(tmp_path / f"{STEM}.conda", tmp_path / "ours")


def test_gnu_tar_and_zstd_list_it(tmp_path: Path) -> None:
    write(tmp_path, sample(tmp_path))
    data = zstd.decompress(parts(tmp_path / f"{STEM}.conda")[f"pkg-{STEM}.tar.zst"])
    run = subprocess.run(["tar", "tvf", "-", "--utc"], input=data, capture_output=True, check=True)
    assert run.stderr == b""
    assert b"-rwxr-xr-x 0/0" in run.stdout
    assert b"2017-07-14 02:40" in run.stdout


# -- refusing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "member",
    [
        ArchiveMember(path="../x", content=b""),
        ArchiveMember(path="/x", content=b""),
        ArchiveMember(path="a//b", content=b""),
        ArchiveMember(path="a\nb", content=b""),
        ArchiveMember(path="caf\udce9", content=b""),
        ArchiveMember(path="Z", content=b"again"),
        ArchiveMember(path="Z/below", content=b""),
        ArchiveMember(path="l", kind=LINK, target="/etc/passwd"),
        ArchiveMember(path="l", kind=LINK, target="../x"),
        ArchiveMember(path="l", kind=LINK, target=""),
        ArchiveMember(path="lib/libfoo.so/x", content=b""),
        ArchiveMember(path="info/index.json", content=b"{}"),
        ArchiveMember(path="info", content=b""),
        ArchiveMember(path="x" * 256, content=b""),
        ArchiveMember(path="d", content=Path("/")),
        ArchiveMember(path="d", content=Path("/proc/self/exe")),
        ArchiveMember(path="d", content=Path("/dev/null")),
    ],
)
def test_what_no_package_may_hold_is_not_written(tmp_path: Path, member: ArchiveMember) -> None:
    """G12 too: a content that is a symlink is not followed."""
    payload = [*sample(tmp_path), member]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(WorkError):
        write_conda(tmp_path / f"{STEM}.conda", stem=STEM, payload=payload, info=[], epoch=EPOCH)
    assert sorted(tmp_path.iterdir()) == before


def test_payload_is_not_info(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="other half"):
        write_conda(
            tmp_path / f"{STEM}.conda", stem=STEM, payload=[], info=[ArchiveMember(path="bin/x", content=b"")], epoch=0
        )


def test_our_own_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no content"):
        write(tmp_path, [ArchiveMember(path="a", content=None)])
    with pytest.raises(ValueError, match=f"is not {STEM}"):
        write_conda(tmp_path / "bar.conda", stem=STEM, payload=[], info=[], epoch=0)
    with pytest.raises(ValueError, match=f"is not {STEM}"):
        write_tar_bz2(tmp_path / "bar.conda", stem=STEM, payload=[], info=[], epoch=0)


def test_a_wrong_digest_is_refused(tmp_path: Path) -> None:
    right = hashlib.sha256(b"data").hexdigest()
    write(tmp_path, [ArchiveMember(path="a", content=b"data", sha256=right)])
    before = (tmp_path / f"{STEM}.conda").read_bytes()
    with pytest.raises(WorkError, match="a changed while it was packed"):
        write(tmp_path, [ArchiveMember(path="a", content=b"DATA", sha256=right)])
    assert (tmp_path / f"{STEM}.conda").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [f"{STEM}.conda"]


@pytest.mark.parametrize("change", [b"", b"x", b"x" * 3_000_001])
def test_a_file_that_changes_its_size_meanwhile_is_refused(tmp_path: Path, change: bytes) -> None:
    growing = tmp_path / "growing"
    growing.write_bytes(b"y" * 3_000_000)

    def info() -> Iterator[ArchiveMember]:
        """Is asked after the sizes of the payload were taken, and before it is read."""
        growing.write_bytes(change)
        yield ArchiveMember(path="info/x", content=b"")

    payload = [ArchiveMember(path="a", content=growing)]
    with pytest.raises(WorkError, match="a changed while it was packed"):
        write_conda(tmp_path / f"{STEM}.conda", stem=STEM, payload=payload, info=info(), epoch=EPOCH)
    assert [path.name for path in tmp_path.iterdir()] == ["growing"]


def test_a_full_disk(tmp_path: Path) -> None:
    code = """
import os, resource, sys
from pathlib import Path
from builder.archive import DEFAULT_COMPRESSION, ArchiveMember, write_conda
from builder.errors import MachineError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_conda(Path(sys.argv[1]) / "a-1-0.conda", stem="a-1-0", epoch=0, info=[],
                payload=[ArchiveMember(path="a", content=os.urandom(5_000_000))])
except MachineError as error:
    print(error.problems[0].code, os.listdir(sys.argv[1]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert run.stdout == "machine.disk-full []\n", run.stderr


def test_a_killed_writer_leaves_no_package(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from builder.archive import DEFAULT_COMPRESSION, ArchiveMember, write_conda
write_conda(Path(sys.argv[1]) / "a-1-0.conda", stem="a-1-0", epoch=0, info=[],
            payload=[ArchiveMember(path="a", content=os.urandom(40_000_000))])
"""
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=CHECKOUT)
    while not any(path.stat().st_size for path in tmp_path.iterdir()):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert not (tmp_path / "a-1-0.conda").exists()
    assert all(path.name.startswith(".packing-") for path in tmp_path.iterdir())


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    with pytest.raises((MachineError, FileNotFoundError)):
        write_conda(Path("/proc/nowhere/a-1-0.conda"), stem="a-1-0", payload=[], info=[], epoch=0)


@pytest.mark.parametrize("level", [-7, -1, 0, 1, 3, 15, 19, 22])
def test_every_level_of_zstd_is_read_by_condas_tools(tmp_path: Path, level: int) -> None:
    payload = sample(tmp_path)
    sizes = [write(tmp_path, payload, Compression(level=level, workers=workers)) for workers in (1, 3)]
    assert sizes[0] == sizes[1]
    cph.extract(str(tmp_path / f"{STEM}.conda"), dest_dir=str(tmp_path / "theirs"))
    read_package(tmp_path / f"{STEM}.conda").extract(tmp_path / "ours")
    assert tree(tmp_path / "theirs") == tree(tmp_path / "ours")


@pytest.mark.parametrize("level", range(1, 10))
def test_every_level_of_bzip2_is_one_stream_of_that_block_size(tmp_path: Path, level: int) -> None:
    payload = sample(tmp_path)
    out = tmp_path / f"{STEM}.tar.bz2"
    written = [
        write_tar_bz2(
            out, stem=STEM, payload=payload, info=info_of(payload), epoch=EPOCH,
            compression=Compression(level=level, workers=workers),
        )
        for workers in (1, 3)
    ]  # fmt: skip
    assert written[0] == written[1]
    data = out.read_bytes()
    assert data.startswith(b"BZh%d" % level)
    decompressor = bz2.BZ2Decompressor()
    decompressor.decompress(data)
    assert decompressor.eof
    assert not decompressor.unused_data
    cph.extract(str(out), dest_dir=str(tmp_path / "theirs"))
    read_package(out).extract(tmp_path / "ours")
    assert tree(tmp_path / "theirs") == tree(tmp_path / "ours")


PATHS = st.lists(st.text("abä./", min_size=1, max_size=5), min_size=1, max_size=3).map("/".join)
MEMBERS = st.one_of(
    st.builds(ArchiveMember, path=PATHS, content=st.binary(max_size=100), executable=st.booleans()),
    st.builds(ArchiveMember, path=PATHS, kind=st.just(LINK), target=PATHS),
    st.builds(ArchiveMember, path=PATHS, kind=st.just(MemberKind.DIRECTORY)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(MEMBERS, max_size=6))
@example(payload=[ArchiveMember(path="b", content=b""), ArchiveMember(path="./a", content=b"")])
def test_whatever_is_written_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, payload: list[ArchiveMember]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        write(folder, payload)
    except WorkError:
        assert list(folder.iterdir()) == []
        return
    read_package(folder / f"{STEM}.conda").extract(folder / "into")
    found = tree(folder / "into")
    for member in payload:
        path = member.path.removeprefix("./").removesuffix("/")
        if member.kind is MemberKind.FILE:
            assert found[path] == member.content
        elif member.kind is LINK:
            assert found[path] == f"-> {Path(member.target or '')}"
        else:
            assert found.get(path) is None


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_plain_zstd_is_one_frame_that_says_its_size_whatever_the_pieces(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    pieces = [data[start : start + 100_000] for start in range(0, size, 100_000)]
    one = write_zstd(tmp_path / "one.zst", pieces, size)
    other = write_zstd(tmp_path / "other.zst", [data], size, Compression(workers=3))
    assert one == other == digest_file(tmp_path / "one.zst")
    written = (tmp_path / "one.zst").read_bytes()
    assert zstd.get_frame_info(written).decompressed_size == size
    assert zstd.get_frame_size(written) == len(written)
    assert zstd.decompress(written) == data


@pytest.mark.parametrize("size", [7, 9])
def test_pieces_that_are_not_as_announced_leave_nothing(tmp_path: Path, size: int) -> None:
    with pytest.raises(WorkError, match="changed while") as caught:
        write_zstd(tmp_path / "one.zst", [b"12345678"], size)
    assert isinstance(caught.value.__cause__, zstd.ZstdError)
    assert list(tmp_path.iterdir()) == []
