from __future__ import annotations

import gzip
import io
import lzma
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive import UnpackLimits, unpack
from builder.errors import MachineError, SourceError
from tests.archive.making import EPOCH, T, ar, conda, folder, hardlink, symlink, tar, tree, zipped

CHECKOUT = Path(__file__).parents[2]


def archive(folder: Path, members: list[T], name: str = "a.tar.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(tar(members, tarfile.PAX_FORMAT)))
    return path


def rejected(folder: Path, path: Path, limits: UnpackLimits | None = None) -> str:
    """The message with which ``path`` is refused; nothing may be left anywhere."""
    before = sorted(str(found) for found in folder.rglob("*"))
    with pytest.raises(SourceError) as caught:
        unpack(path, folder / "into", limits=limits or UnpackLimits())
    assert sorted(str(found) for found in folder.rglob("*")) == before
    assert path.name in str(caught.value)
    return str(caught.value)


def test_a_single_top_folder_is_dropped(tmp_path: Path) -> None:
    members = [
        folder("zlib-1.3/"),
        T("zlib-1.3/configure", b"#!/bin/sh\n", mode=0o775),
        T("zlib-1.3/src/a.c", b"int a;"),
    ]
    unpacked = unpack(archive(tmp_path, members), tmp_path / "into")
    assert tree(tmp_path / "into") == {"configure": b"#!/bin/sh\n", "src": None, "src/a.c": b"int a;"}
    assert (unpacked.newest, unpacked.members, unpacked.size) == (EPOCH, 3, 16)
    assert os.access(tmp_path / "into" / "configure", os.X_OK)


def test_it_stays_when_it_is_wanted_or_when_it_is_not_alone(tmp_path: Path) -> None:
    path = archive(tmp_path, [T("top/a")])
    unpack(path, tmp_path / "kept", strip=False)
    assert tree(tmp_path / "kept") == {"top": None, "top/a": b""}
    unpack(archive(tmp_path, [T("top/a"), T("b")]), tmp_path / "two")
    assert tree(tmp_path / "two") == {"b": b"", "top": None, "top/a": b""}
    unpack(archive(tmp_path, [T("only")]), tmp_path / "one")
    assert tree(tmp_path / "one") == {"only": b""}


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_the_folder_can_be_read_by_others(tmp_path: Path, mode: int) -> None:
    for number, members in enumerate(([folder("t", mode), T("t/a")], [T("a"), T("b")])):
        unpack(archive(tmp_path, members), tmp_path / str(number))
        assert stat.S_IMODE((tmp_path / str(number)).stat().st_mode) == 0o755


def test_into_an_empty_folder_but_into_no_other(tmp_path: Path) -> None:
    path = archive(tmp_path, [T("a", b"x")])
    (tmp_path / "into").mkdir()
    unpack(path, tmp_path / "into")
    assert tree(tmp_path / "into") == {"a": b"x"}
    with pytest.raises(ValueError, match="not empty"):
        unpack(path, tmp_path / "into")
    unpack(path, tmp_path / "missing" / "parents" / "too")
    assert tree(tmp_path / "missing" / "parents" / "too") == {"a": b"x"}


def test_layouts_with_a_meaning_keep_their_top_folder(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(ar([(b"data.tar.xz", lzma.compress(tar([T("./usr/bin/x")])))]))
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(zipped([("a/x", b"")]))
    for name in ("a.deb", "a-1-py3-none-any.whl"):
        unpack(tmp_path / name, tmp_path / f"{name}.d")
    assert tree(tmp_path / "a.deb.d") == {"usr": None, "usr/bin": None, "usr/bin/x": b""}
    assert tree(tmp_path / "a-1-py3-none-any.whl.d") == {"a": None, "a/x": b""}
    unpack(conda(tmp_path), tmp_path / "conda")
    assert set(tree(tmp_path / "conda")) == {"bin", "bin/hello", "info", "info/index.json", "info/paths.json"}


def test_debian_packages_keep_absolute_links_as_text(tmp_path: Path) -> None:
    members = [folder("./"), T("./lib/f"), symlink("./lib64", "/usr/lib64"), symlink("./etc/l", "../../../out")]
    (tmp_path / "a.deb").write_bytes(ar([(b"data.tar", tar(members))]))
    unpack(tmp_path / "a.deb", tmp_path / "good")
    assert tree(tmp_path / "good") == {
        "etc": None, "etc/l": "-> ../../../out", "lib": None, "lib/f": b"", "lib64": "-> /usr/lib64",
    }  # fmt: skip
    members.append(T("./lib64/evil"))
    (tmp_path / "b.deb").write_bytes(ar([(b"data.tar", tar(members))]))
    assert "lies below 'lib64'" in rejected(tmp_path, tmp_path / "b.deb")


def test_a_file_of_a_store_gets_its_name_from_the_caller(tmp_path: Path) -> None:
    wheel = tmp_path / "00ff"
    wheel.write_bytes(zipped([("a/x", b"")]))
    unpack(wheel, tmp_path / "into", name="a-1-py3-none-any.whl")
    assert tree(tmp_path / "into") == {"a": None, "a/x": b""}
    (tmp_path / "bad").write_bytes(b"<html>")
    with pytest.raises(SourceError, match=r"^zlib\.tar\.gz: "):
        unpack(tmp_path / "bad", tmp_path / "other", name="zlib.tar.gz")


def test_times_are_those_of_the_archive(tmp_path: Path) -> None:
    path = archive(tmp_path, [T("t/old", mtime=1000), T("t/new", mtime=2000), folder("t/d")])
    assert unpack(path, tmp_path / "into").newest == 2000
    assert (tmp_path / "into/old").stat().st_mtime == 1000
    assert (tmp_path / "into/d").stat().st_mtime == EPOCH


BAD = {
    "C1": [T("../x")],
    "C1b": [T("a/../../x")],
    "C2": [T("/tmp/x")],
    "C3": [symlink("l", "d"), T("l/x")],
    "C3b": [symlink("l", "/tmp"), T("l/x")],
    "C3c": [symlink("l", "../.."), T("l/x")],
    "C4": [hardlink("h", "/etc/hostname"), T("h", b"owned")],
    "C4b": [hardlink("h", "../../etc/hostname")],
    "C5": [symlink("a" * 200, "b" * 200), T("a" * 200 + "/x")],
    "C5b": [T("/".join(["d" * 200] * 6))],
    "C5c": [T("x" * 256)],
    "C5d": [T("/".join(["d"] * 70))],
    "C7": [T("dev", type=tarfile.CHRTYPE)],
    "C7b": [T("fifo", type=tarfile.FIFOTYPE)],
    "C12": [T("a\nb")],
    "C12b": [T("a\x1b[31mb")],
    "D20": [symlink("l", "/etc/passwd")],
    "D20b": [symlink("a/l", "../../out")],
}


@pytest.mark.parametrize("name", BAD)
def test_bad_members_reject_the_whole_archive(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, [T("good", b"x"), *BAD[name]])
    assert "member" in rejected(tmp_path, path)


@pytest.mark.parametrize("name", [name for name in BAD if "C7" not in name and "C4" not in name])
def test_bad_members_of_zip_archives(tmp_path: Path, name: str) -> None:
    """C6."""
    import zipfile

    entries: list[tuple[str | zipfile.ZipInfo, bytes]] = [("good", b"x")]
    for member in BAD[name]:
        info = zipfile.ZipInfo(member.name)
        is_link = member.type == tarfile.SYMTYPE
        info.external_attr = ((stat.S_IFLNK | 0o777) if is_link else (stat.S_IFREG | 0o644)) << 16
        entries.append((info, member.link.encode() if is_link else member.data))
    (tmp_path / "a.zip").write_bytes(zipped(entries))
    assert "member" in rejected(tmp_path, tmp_path / "a.zip")


def test_budgets(tmp_path: Path) -> None:
    """C9, C10: refused before the bytes are written."""
    path = archive(tmp_path, [T(f"f{number}", b"x" * 100) for number in range(50)])
    assert "20 members" in rejected(tmp_path, path, UnpackLimits(members=20))
    assert "4000 bytes" in rejected(tmp_path, path, UnpackLimits(size=4000))
    bomb = archive(tmp_path, [T("zeros", bytes(20_000_000))])
    assert "'zeros' expands it to more than 200 times" in rejected(tmp_path, bomb, UnpackLimits(ratio_from=1_000_000))
    bomb.write_bytes(gzip.compress(tar([T("fine")]) + bytes(20_000_000)))
    assert "it expands more than 200 times" in rejected(tmp_path, bomb, UnpackLimits(ratio_from=1_000_000))


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip", "a.deb", "foo-1.0-0.conda", "a.tar"])
@pytest.mark.parametrize(
    "data", [b"", b"<!DOCTYPE html><html><body>Not found</body></html>", b"PK\x03\x04", b"!<arch>\n"]
)
def test_no_archives(tmp_path: Path, name: str, data: bytes) -> None:
    """C14, D19."""
    (tmp_path / name).write_bytes(data)
    rejected(tmp_path, tmp_path / name)


def test_a_link_that_leaves_only_when_the_top_folder_goes(tmp_path: Path) -> None:
    path = archive(tmp_path, [T("top/a"), symlink("top/l", "../top/a")])
    assert "leaves the archive" in rejected(tmp_path, path)
    unpack(path, tmp_path / "kept", strip=False)
    assert (tmp_path / "kept/top/l").read_bytes() == b""


def test_a_missing_file_is_no_source_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "nothing.tar", tmp_path / "into")


def test_a_full_disk(tmp_path: Path) -> None:
    path = archive(tmp_path, [T(f"f{number}", os.urandom(100_000)) for number in range(30)])
    code = """
import sys
from pathlib import Path
from builder.archive import unpack
from builder.errors import MachineError
try:
    unpack(Path(sys.argv[1]), Path(sys.argv[2]) / "into")
except MachineError as error:
    print(error.problems[0].code, list(Path(sys.argv[2]).iterdir()))
"""
    (tmp_path / "disk").mkdir()
    script = 'mount -t tmpfs -o size=1m tmpfs "$2" && exec "$3" -c "$4" "$1" "$2"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(path), str(tmp_path / "disk"), sys.executable, code]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.stdout == "machine.disk-full []\n", run.stderr


def test_a_folder_that_may_not_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    path = archive(tmp_path, [T("a")])
    with pytest.raises((MachineError, FileNotFoundError)):
        unpack(path, Path("/proc/nowhere/into"))


@pytest.mark.parametrize("form", ["gnu", "oldgnu", "pax", "posix", "ustar", "v7"])
def test_real_archives_of_gnu_tar(tmp_path: Path, form: str) -> None:
    source = tmp_path / "source"
    (source / "deep" / "d").mkdir(parents=True)
    (source / "deep" / "d" / "f").write_text("x")
    if form not in {"ustar", "v7"}:
        (source / ("long" * 40) / ("name" * 50)).mkdir(parents=True)
        (source / ("long" * 40) / "l").symlink_to("x" * 200 + "/" + "x" * 99)
    (source / "a").write_bytes(os.urandom(100_000))
    (source / "b").hardlink_to(source / "a")
    (source / "l").symlink_to("deep")
    path = tmp_path / "a.tar.xz"
    subprocess.run(["tar", f"--format={form}", "-cJf", path, "-C", source, "."], check=True)
    unpack(path, tmp_path / "into")
    assert tree(tmp_path / "into") == tree(source)


names = st.sampled_from(["a", "b", "c", "..", "/a", "a/b", "b/../a", ".", "./a"])
members = st.builds(
    T,
    name=names,
    data=st.binary(max_size=3),
    type=st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]),
    link=st.sampled_from(["a", "b", "..", "../x", "/etc", "b/..", ".", "c/../../x"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(members, max_size=6))
def test_no_archive_reaches_outside(tmp_path_factory: pytest.TempPathFactory, found: list[T]) -> None:
    """Whatever is in it: either all is refused, or everything lies below the folder, links included."""
    top = tmp_path_factory.mktemp("any")
    (top / "guard").mkdir()
    (top / "guard" / "x").write_text("untouched")
    path = top / "guard" / "a.tar"
    fixed = [T(m.name, b"" if m.type != tarfile.REGTYPE else m.data, m.type, m.link) for m in found]
    path.write_bytes(tar(fixed))
    try:
        unpack(path, top / "guard" / "into")
    except SourceError:
        assert sorted(found.name for found in (top / "guard").iterdir()) == ["a.tar", "x"]
    else:
        root = (top / "guard" / "into").resolve()
        for entry in root.rglob("*"):
            try:
                assert entry.resolve(strict=False).is_relative_to(root)
            except (RuntimeError, OSError):
                assert entry.is_symlink()  # a circle leads nowhere
    assert (top / "guard" / "x").read_text() == "untouched"
    assert sorted(found.name for found in top.iterdir()) == ["guard"]


def test_reading_from_a_pipe_is_not_needed(tmp_path: Path) -> None:
    """Every piece is read in order: an archive without an index needs no seeking."""
    from builder.archive.decompress import decompressed
    from builder.archive.tar import Stream, read_tar

    stream = io.BytesIO(gzip.compress(tar([T("a", b"x")])))
    found = [m.path for m, _ in read_tar(Stream(decompressed(stream.read, "gzip", UnpackLimits())))]
    assert found == ["a"]
