"""What a session writes: counted by walking, by what the disk lost, and by what lies elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.sandbox.disk import Disk, taken

MIB = 1 << 20


def nothing() -> int:
    return 0


@dataclass
class Asked:
    """Tells that there are no files without a name, and counts how often somebody wants to know."""

    times: int = 0

    def __call__(self) -> int:
        self.times += 1
        return 0


def filled(place: Path, size: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x" * size)


def test_what_lay_there_before_does_not_count(tmp_path: Path) -> None:
    filled(tmp_path / "before", 3 * MIB)
    disk = Disk([tmp_path], MIB)
    assert disk.look(0, nothing, closely=True) is None
    filled(tmp_path / "after", 2 * MIB)
    assert disk.look(0, nothing, closely=True) == "disk"


def test_what_was_removed_comes_off(tmp_path: Path) -> None:
    filled(tmp_path / "before", 3 * MIB)
    disk = Disk([tmp_path], MIB)
    (tmp_path / "before").unlink()
    filled(tmp_path / "after", 3 * MIB)
    assert disk.look(0, nothing, closely=True) is None


def test_a_folder_that_comes_later_was_empty(tmp_path: Path) -> None:
    disk = Disk([tmp_path / "upper"], MIB)
    assert disk.look(0, nothing, closely=True) is None
    filled(tmp_path / "upper/deep/file", 2 * MIB)
    assert disk.look(0, nothing, closely=True) == "disk"


def test_small_files_take_more_than_they_hold(tmp_path: Path) -> None:
    disk = Disk([tmp_path], 400_000)
    for number in range(500):
        (tmp_path / str(number)).touch()
    assert disk.look(0, nothing, closely=True) == "disk"


def test_holes_and_second_names_take_nothing(tmp_path: Path) -> None:
    disk = Disk([tmp_path], 2 * MIB)
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    filled(tmp_path / "file", MIB)
    for number in range(100):
        (tmp_path / f"name-{number}").hardlink_to(tmp_path / "file")
    assert disk.look(0, nothing, closely=True) is None


def test_links_lead_nowhere(tmp_path: Path) -> None:
    filled(tmp_path / "elsewhere/big", 5 * MIB)
    disk = Disk([tmp_path / "work"], MIB)
    (tmp_path / "work").mkdir()
    (tmp_path / "work/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "work/loop").symlink_to(".")
    assert disk.look(0, nothing, closely=True) is None


def test_a_folder_in_another_one_counts_once(tmp_path: Path) -> None:
    (tmp_path / "work/sub").mkdir(parents=True)
    disk = Disk([tmp_path / "work", tmp_path / "work/sub", tmp_path / "work"], 3 * MIB)
    filled(tmp_path / "work/sub/file", 2 * MIB)
    assert disk.look(0, nothing, closely=True) is None


@pytest.mark.parametrize(("temporary", "unnamed", "reason"), [(0, 0, None), (MIB, MIB, "disk"), (0, 2 * MIB, "disk")])
def test_what_lies_elsewhere_counts_too(tmp_path: Path, temporary: int, unnamed: int, reason: str | None) -> None:
    disk = Disk([tmp_path], 2 * MIB - 1)
    assert disk.look(temporary, lambda: unnamed, closely=True) == reason


def test_without_a_limit_nobody_walks(tmp_path: Path) -> None:
    disk = Disk([tmp_path], None)
    asked = Asked()
    assert disk.look(1 << 50, asked) is None
    assert not asked.times


def test_folders_are_walked_seldom_while_the_disk_loses_nothing(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / str(number)).touch()
    disk = Disk([tmp_path], 1 << 40)
    asked = Asked()
    for _ in range(20):
        disk.look(0, asked)
    assert 1 <= asked.times <= 3


def test_a_tree_too_deep_to_walk_is_measured_by_the_disk(tmp_path: Path) -> None:
    """Nobody hides a file below a path that is longer than the system takes."""
    top = tmp_path / "top"
    top.mkdir()
    disk = Disk([top], 40 * MIB)
    script = (
        'for i in {1..25}; do mkdir -p "$0" && cd -P "$0" || exit 1; done; head -c 100000000 /dev/zero > big; sync .'
    )
    subprocess.run(["bash", "-c", script, "d" * 200], cwd=top, check=True)
    assert disk.look(0, nothing, closely=True) == "disk"
    subprocess.run(["rm", "-rf", str(top)], check=True)


FULL = """
import subprocess, sys
from pathlib import Path
from builder.sandbox.disk import Disk

place = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "small", place], check=True)
(place / "mine").mkdir()
(place / "mine/before").write_bytes(b"x" * 1000)
mine, others = Disk([place / "mine"], None), Disk([place / "others"], 1 << 40)
(place / "others").mkdir()
print(mine.look(0, lambda: 0))
(place / "mine/much").write_bytes(b"x" * (99 << 20))
print(mine.look(0, lambda: 0), others.look(0, lambda: 0))
(place / "mine/much").unlink()
print(mine.look(0, lambda: 0))
"""


def test_whoever_fills_a_disk_is_stopped_before_it_is_full(tmp_path: Path) -> None:
    words = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", FULL, str(tmp_path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["None", "disk", "None", "None"]


def test_temporary_file_systems_are_read_at_their_mount_points() -> None:
    assert taken([Path("/no/such"), Path("/proc/0/root")]) == 0
    shared = Path("/dev/shm")
    before = taken([shared])
    with (shared / f"bakehouse-{os.getpid()}").open("wb") as file:
        Path(file.name).unlink()
        file.write(b"x" * (4 * MIB))
        file.flush()
        assert taken([shared]) >= before + 3 * MIB
