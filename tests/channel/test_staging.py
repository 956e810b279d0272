"""Staged files: complete under their final name or not there, first come first served, the dead swept away."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from builder.channel import staging

BIG = bytes(range(256)) * 5000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "thing-1-0.conda"
    path.parent.mkdir()
    path.write_bytes(BIG)
    path.chmod(0o600)
    return path


@pytest.fixture
def room(tmp_path: Path) -> Path:
    path = tmp_path / "room"
    path.mkdir()
    return path


def test_a_staged_file_is_a_copy_with_its_digest_and_goes_again(source: Path, room: Path) -> None:
    with staging.staged(source, room) as (part, sha256):
        assert part.parent == room
        assert part.read_bytes() == BIG
        assert sha256 == hashlib.sha256(BIG).hexdigest()
        assert part.stat().st_ino != source.stat().st_ino
    assert list(room.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_mode_is_fixed_whatever_the_umask(source: Path, room: Path, tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with staging.staged(source, room) as (part, _):
            assert staging.link(part, tmp_path / "final")
    finally:
        os.umask(before)
    assert (tmp_path / "final").stat().st_mode & 0o7777 == 0o644


def test_the_first_link_wins(source: Path, room: Path, tmp_path: Path) -> None:
    final = tmp_path / "final"
    final.write_bytes(b"older")
    with staging.staged(source, room) as (part, _):
        assert not staging.link(part, final)
    assert final.read_bytes() == b"older"


def test_of_many_threads_exactly_one_links(source: Path, room: Path, tmp_path: Path) -> None:
    won: list[bool] = []
    ready = threading.Barrier(8)

    def publish() -> None:
        with staging.staged(source, room) as (part, _):
            ready.wait()
            won.append(staging.link(part, tmp_path / "final"))

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert (tmp_path / "final").read_bytes() == BIG
    assert list(room.iterdir()) == []


def test_a_failure_leaves_nothing(room: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staging.staged(tmp_path / "absent", room):
        pass
    assert list(room.iterdir()) == []


def test_sweeping_spares_the_living(source: Path, room: Path) -> None:
    with staging.staged(source, room) as (part, _):
        staging.sweep(room)
        assert part.read_bytes() == BIG


def test_sweeping_takes_what_the_dead_left_and_nothing_else(room: Path) -> None:
    (room / "thing.1.2.part").write_bytes(b"half")
    (room / "lock").touch()
    staging.sweep(room)
    assert [path.name for path in room.iterdir()] == ["lock"]


def test_a_killed_writer_is_swept_away(source: Path, room: Path) -> None:
    program = (
        "import sys, pathlib\nfrom builder.channel import staging\n"
        "with staging.staged(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])):\n"
        "    print('staged', flush=True)\n    sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", program, str(source), str(room)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"staged\n"
        staging.sweep(room)
        assert len(list(room.iterdir())) == 1
        writer.kill()
    staging.sweep(room)
    assert list(room.iterdir()) == []


def test_a_leftover_of_the_same_name_is_taken_over(source: Path, room: Path) -> None:
    leftover = room / f"{source.name}.{os.getpid()}.{threading.get_ident()}.part"
    leftover.write_bytes(b"x" * (len(BIG) + 1000))
    with staging.staged(source, room) as (part, _):
        assert part == leftover
        assert part.read_bytes() == BIG


def test_the_copy_is_locked_while_it_is_staged(source: Path, room: Path) -> None:
    with staging.staged(source, room) as (part, _), part.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_unfinished_index_files_are_removed_and_others_stay(tmp_path: Path) -> None:
    for name in (".repodata.json.ab12.tmp", "repodata.json", "a-1-0.conda", ".hidden"):
        (tmp_path / name).touch()
    staging.sweep_index(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a-1-0.conda", "repodata.json"]
