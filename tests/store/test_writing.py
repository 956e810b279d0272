from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.store import atomic_write, disk_errors, fresh_file, sync_folder
from builder.store.writing import make_folder, sync_tree
from tests.store.processes import CHECKOUT


def test_new_and_old_files_get_the_bytes_and_the_mode(tmp_path: Path) -> None:
    file = tmp_path / "file"
    atomic_write(file, b"one")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"one", 0o644)
    atomic_write(file, b"two", mode=0o600)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"two", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        atomic_write(tmp_path / "file", b"", mode=0o644)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_a_reader_keeps_the_file_that_it_opened(tmp_path: Path) -> None:
    file = tmp_path / "file"
    atomic_write(file, b"old")
    with file.open("rb") as reader:
        atomic_write(file, b"new")
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new"


def test_a_symlink_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    link = tmp_path / "link"
    link.symlink_to(victim)
    atomic_write(link, b"new")
    assert victim.read_bytes() == b"mine"
    assert not link.is_symlink()


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 255)
    atomic_write(file, b"data")
    assert file.read_bytes() == b"data"


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    # A limit on file sizes stands in for a full disk: the same code sees the same kind of error.
    code = """
import resource, sys
from pathlib import Path
from builder.errors import MachineError
from builder.store import atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    atomic_write(Path(sys.argv[1]) / "file", bytes(5000))
except MachineError as error:
    print(error.problems[0].code, error.problems[0].remedy)
"""
    (tmp_path / "file").write_bytes(b"old")
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("machine.disk-full free space")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_folder_and_remedy(tmp_path: Path, number: int) -> None:
    with pytest.raises(MachineError) as caught, disk_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert str(tmp_path) in str(caught.value)
    assert caught.value.problems[0].code == "machine.disk-full"
    assert caught.value.problems[0].remedy is not None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, r"no space left in .* for a file of 3 B: its disk of .*iB has .*B free"),
        (errno.EDQUOT, r"your quota on the disk of .* leaves no room for a file of 3 B"),
        (errno.EFBIG, r"a file in .* may not become so large \(`ulimit -f`, or the file system\) for a file of 3 B"),
    ],
)
def test_who_sets_the_limit_is_told(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(MachineError, match=words), disk_errors(tmp_path / "new", needed=lambda: "a file of 3 B"):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_disk_that_fails_is_told_where_it_is_ours(tmp_path: Path, number: int) -> None:
    with pytest.raises(MachineError, match=r"the disk of .*/deep fails: ") as caught, disk_errors(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "deep"))
    assert caught.value.problems[0].code == "machine.disk-fails"
    with pytest.raises(OSError, match="/elsewhere"), disk_errors(tmp_path):
        raise OSError(number, os.strerror(number), "/elsewhere")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_many_open_files_are_the_machines_limit(tmp_path: Path, number: int) -> None:
    with pytest.raises(MachineError, match="too many files are open") as caught, disk_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert "ulimit -n" in str(caught.value.problems[0].remedy)


@pytest.mark.parametrize("place", ["file/store", "loop/store", "/proc/store"])
def test_where_no_folder_can_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(MachineError, match="cannot be written"), disk_errors(tmp_path / place):
        make_folder(tmp_path / place)


def test_a_folder_is_made_with_those_above_it_and_may_be_there(tmp_path: Path) -> None:
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_may_not_be_written_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="deep/file cannot be written") as caught, disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "deep/file"))
    assert caught.value.problems[0].code == "machine.not-writable"


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        (tmp_path / "nothing").read_bytes()
    with pytest.raises(PermissionError), disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere/else")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / "no" / "file", b"")


@pytest.mark.parametrize("count", [3, 400])
def test_syncing_a_tree_changes_nothing(tmp_path: Path, count: int) -> None:
    for number in range(count):
        file = tmp_path / f"d{number % 7}" / f"f{number}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    before = sorted((path.as_posix(), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
    sync_tree(tmp_path)
    sync_folder(tmp_path)
    assert sorted((path.as_posix(), path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_a_fresh_file_takes_its_place_at_the_end_whole(tmp_path: Path) -> None:
    place = tmp_path / "new" / "file"
    before = os.umask(0o077)
    try:
        with fresh_file(place) as file:
            file.write(b"one")
            assert not place.exists()
            file.write(b" two")
    finally:
        os.umask(before)
    assert place.read_bytes() == b"one two"
    assert stat.S_IMODE(place.stat().st_mode) == 0o644
    assert list(place.parent.iterdir()) == [place]


def test_a_fresh_file_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    with pytest.raises(ZeroDivisionError), fresh_file(place) as file:
        file.write(b"new" * (1 // 0))
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]
