from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive.tar import BLOCK, Stream, read_tar
from builder.archive.tarwrite import END, Entry, Flag, header, padding

PATHS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=80), min_size=1, max_size=6
).map("/".join)


def archive(entries: list[tuple[Entry, bytes]], epoch: int = 77) -> bytes:
    return b"".join(header(entry, epoch) + data + bytes(padding(len(data))) for entry, data in entries) + END


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(PATHS, st.binary(max_size=1100), st.booleans()), max_size=5), st.integers(0, 2**33 - 1))
def test_the_standard_library_and_our_reader_read_it(files: list[tuple[str, bytes, bool]], epoch: int) -> None:
    entries = [
        (Entry(name=path.encode(), flag=Flag.FILE, mode=0o755 if x else 0o644, size=len(data)), data)
        for path, data, x in files
    ]
    made = archive(entries, epoch)
    with tarfile.open(fileobj=io.BytesIO(made)) as opened:
        found = [(m.name, m.size, m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname) for m in opened]
    expected = [(p, len(d), 0o755 if x else 0o644, epoch, 0, 0, "", "") for p, d, x in files]
    assert found == [(p.rstrip("/") or p, *rest) for p, *rest in expected]
    ours = [(m.path, b"".join(data), m.mode, m.mtime) for m, data in read_tar(Stream(iter([made])))]
    assert ours == [(p, d, 0o755 if x else 0o644, epoch) for p, d, x in files]


@pytest.mark.parametrize("length", [1, 99, 100, 101, 600])
def test_links_and_folders(length: int) -> None:
    target = b"t" * length
    entries = [
        (Entry(name=b"l" * length, flag=Flag.SYMLINK, mode=0o777, target=target), b""),
        (Entry(name=b"d/", flag=Flag.DIRECTORY, mode=0o755), b""),
    ]
    with tarfile.open(fileobj=io.BytesIO(archive(entries))) as opened:
        link, folder = opened.getmembers()
    assert link.issym()
    assert link.name == "l" * length
    assert link.linkname.encode() == target
    assert (link.mode, folder.mode) == (0o777, 0o755)
    assert folder.isdir()


def test_the_header_is_the_one_of_the_standard_library() -> None:
    """For short names: the same bytes as the reference writer of the format."""
    info = tarfile.TarInfo("bin/hello")
    info.size, info.mode, info.mtime = 5, 0o755, 1_500_000_000
    entry = Entry(name=b"bin/hello", flag=Flag.FILE, mode=0o755, size=5)
    theirs, ours = info.tobuf(tarfile.GNU_FORMAT), header(entry, 1_500_000_000)
    # Only the device numbers differ: they say nothing for a file, and we leave them empty.
    assert ours[:148] == theirs[:148]
    assert ours[156:329] == theirs[156:329]


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 20 << 30])
def test_sizes(size: int) -> None:
    made = header(Entry(name=b"a", flag=Flag.FILE, mode=0o644, size=size), 0)
    assert tarfile.TarInfo.frombuf(made, "utf-8", "strict").size == size
    assert len(made) == BLOCK


@pytest.mark.parametrize(("size", "fill"), [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)])
def test_padding(size: int, fill: int) -> None:
    assert padding(size) == fill
