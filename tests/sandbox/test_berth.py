"""What is laid out for a container: short names, fresh work folders, places inside of places, and nothing left."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Bind, Overlay, Tmpfs
from builder.sandbox.berth import Berth, User, copied, give, places, sweep

OURS = User(id=os.geteuid(), group=os.getegid())
UNSHARE = Path(shutil.which("unshare") or "/usr/bin/unshare")
INSIDE = PurePosixPath("/w")


@pytest.fixture
def berth(tmp_path: Path) -> Berth:
    return Berth(tmp_path / "scratch", OURS, UNSHARE)


def options(words: dict[str, object]) -> dict[str, str]:
    """Return the options of the overlay in an engine's words."""
    text = words["VolumeOptions"]["DriverConfig"]["Options"]["o"]  # type: ignore[index]
    return dict(part.split("=", 1) for part in re.split(r"(?<!\\),", text) if "=" in part)


def test_layers_have_short_names_of_their_own(berth: Berth, tmp_path: Path) -> None:
    lowers = [tmp_path / "a:b,c", tmp_path / "x"]
    for lower in lowers:
        lower.mkdir()
    words = options(berth.overlay(Overlay(lower=tuple(lowers), upper=tmp_path / "up", inside=INSIDE)))
    named = [Path(name) for name in words["lowerdir"].split(":")]
    assert [name.readlink() for name in named] == lowers
    assert Path(words["upperdir"]).resolve() == tmp_path / "up"
    assert berth.close()


def test_a_layer_is_named_once_and_a_work_folder_is_new_each_time(berth: Berth, tmp_path: Path) -> None:
    mount = Overlay(lower=(tmp_path,), upper=tmp_path / "up", inside=INSIDE)
    first, second = options(berth.overlay(mount)), options(berth.overlay(mount))
    assert first["lowerdir"] == second["lowerdir"]
    assert first["workdir"] != second["workdir"]
    assert berth.close()
    assert not list(tmp_path.glob(".*work*"))


def test_an_overlay_without_lower_folders_has_an_empty_one(berth: Berth, tmp_path: Path) -> None:
    words = options(berth.overlay(Overlay(lower=(), upper=tmp_path / "up", inside=INSIDE)))
    assert list(Path(words["lowerdir"]).iterdir()) == []
    berth.close()


def test_a_scratch_of_any_name_is_escaped(tmp_path: Path) -> None:
    made = Berth(tmp_path / "a:b,c\\d", OURS, UNSHARE)
    words = made.overlay(Overlay(lower=(tmp_path,), upper=tmp_path / "up", inside=INSIDE))
    text = str(words["VolumeOptions"]["DriverConfig"]["Options"]["o"])  # type: ignore[index]
    assert r"a\:b\,c\\d" in text
    made.close()


def test_what_fits_into_a_page_is_told(berth: Berth, tmp_path: Path) -> None:
    many = []
    for number in range(300):
        many.append(tmp_path / str(number))
        many[-1].mkdir()
    assert berth.fits(Overlay(lower=tuple(many[:5]), upper=tmp_path / "up", inside=INSIDE))
    assert not berth.fits(Overlay(lower=tuple(many), upper=tmp_path / "up", inside=INSIDE))
    berth.close()


def test_what_is_missing_is_named(berth: Berth, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="missing is not there"):
        berth.bind(tmp_path / "missing", INSIDE)
    with pytest.raises(MachineError, match="missing is not there"):
        berth.overlay(Overlay(lower=(tmp_path / "missing",), upper=tmp_path / "up", inside=INSIDE))
    berth.close()


def test_the_fifo_lives_as_long_as_the_session(berth: Berth) -> None:
    life = berth.life()
    assert stat.S_ISFIFO(life.stat().st_mode)
    assert berth.life() == life
    reader = os.open(life, os.O_RDONLY | os.O_NONBLOCK)
    berth.begin()
    assert os.read(reader, 10) == b"\n"
    berth.close()
    assert os.read(reader, 10) == b"", "its end is the end of the file"
    os.close(reader)


def test_only_abandoned_sessions_are_swept(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    living = Berth(scratch, OURS, UNSHARE)
    (scratch / "berth-dead" / "1").mkdir(parents=True)
    told: list[Path] = []
    assert sweep(scratch, told.append) == []
    assert told == [scratch / "berth-dead"]
    assert list(scratch.iterdir()) == [living.folder]
    living.close()
    assert list(scratch.iterdir()) == []
    assert sweep(tmp_path / "nowhere", told.append) == []


def test_places_are_made_where_mounts_lie_in_one_another(tmp_path: Path) -> None:
    lower, upper, out = tmp_path / "lower", tmp_path / "upper", tmp_path / "out"
    for folder in (lower / "there", out):
        folder.mkdir(parents=True)
    file = tmp_path / "file"
    file.touch()
    places([
        Overlay(lower=(lower,), upper=upper, inside=INSIDE),
        Bind(source=out, inside=INSIDE / "there", writable=True),
        Bind(source=file, inside=INSIDE / "new/name"),
        Tmpfs(inside=INSIDE / "there/temporary"),
        Bind(source=file, inside=PurePosixPath("/elsewhere")),
    ])  # fmt: skip
    assert not (upper / "there").exists(), "the lower folder has it"
    assert (upper / "new/name").is_file()
    assert (out / "temporary").is_dir(), "the innermost mount is the one that it lies in"


def test_a_program_can_be_run_and_not_read(tmp_path: Path) -> None:
    made = copied(Path("/bin/sh"), tmp_path / "sh")
    assert stat.S_IMODE(made.stat().st_mode) == 0o111


def test_who_is_the_owner_already_is_given_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    before = Path("/etc/passwd").stat()
    give(tmp_path, User(id=1000, group=1000))
    expected = 1000 if os.geteuid() == 0 else os.geteuid()
    assert (tmp_path / "link").lstat().st_uid == expected
    assert Path("/etc/passwd").stat() == before or Path("/etc/passwd").stat().st_uid == before.st_uid
    give(tmp_path, OURS)
