"""Overlays laid out for mounting."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from builder.sandbox import Overlay
from builder.sandbox.layers import TABLE, Stage, parents, sweep

INSIDE = PurePosixPath("/bakehouse/work")


def test_options_name_nothing_of_the_machine(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    lowers = [tmp_path / "a:b,c\\d" / str(number) for number in range(3)]
    for lower in lowers:
        lower.mkdir(parents=True)
    merged = stage.writable(Overlay(lower=tuple(lowers), upper=tmp_path / "upper", inside=INSIDE))
    (layer,) = stage.layers
    assert layer.options == "lowerdir=0/0:0/1:0/2,upperdir=0/upper,workdir=0/work,userxattr,volatile"
    assert layer.merged == merged
    assert [(layer.folder / name).resolve() for name in "012"] == lowers
    assert (layer.folder / "upper").resolve() == tmp_path / "upper"
    stage.close()


def test_a_read_only_view_has_no_upper_folder(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    merged = stage.read_only(tmp_path)
    (layer,) = stage.layers
    assert layer.options == "lowerdir=0/0:0/1,userxattr"
    assert sorted(path.name for path in merged.parent.iterdir()) == ["0", "1", "merged"]
    stage.fresh()
    stage.close()


def test_the_table_names_all_layers_for_one_mount(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    stage.fresh()
    assert (stage.folder / TABLE).read_text() == ""
    stage.read_only(tmp_path)
    stage.writable(Overlay(lower=(), upper=tmp_path / "upper", inside=INSIDE))
    stage.fresh()
    assert (stage.folder / TABLE).read_text().splitlines() == [
        "overlay 0/merged overlay lowerdir=0/0:0/1,userxattr 0 0",
        "overlay 1/merged overlay lowerdir=1/0,upperdir=1/upper,workdir=1/work,userxattr,volatile 0 0",
    ]
    stage.close()


def test_an_overlay_without_lower_folders_has_an_empty_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    stage.writable(Overlay(lower=(), upper=tmp_path / "upper", inside=INSIDE))
    (layer,) = stage.layers
    assert list((layer.folder / "0").iterdir()) == []
    stage.close()


def test_a_relative_folder_is_found_from_anywhere(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    stage.read_only(Path("builder"))
    (layer,) = stage.layers
    assert (layer.folder / "0").readlink() == Path.cwd() / "builder"
    stage.close()


def test_the_work_folder_lies_beside_the_upper_one_and_is_fresh_each_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    stage.writable(Overlay(lower=(), upper=tmp_path / "upper", inside=INSIDE))
    work = tmp_path / ".upper.work"
    (work / "work" / "incompat").mkdir(parents=True)
    (work / "work").chmod(0)
    stage.fresh()
    assert list(work.iterdir()) == []
    (work / "work").mkdir()
    (work / "work").chmod(0)
    stage.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "upper"]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_closing_twice_is_closing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "scratch")
    stage.writable(Overlay(lower=(), upper=tmp_path / "upper", inside=INSIDE))
    stage.close()
    stage.close()


def test_two_stages_do_not_meet(tmp_path: Path) -> None:
    one, other = Stage(tmp_path), Stage(tmp_path)
    assert one.read_only(tmp_path) != other.read_only(tmp_path)
    one.close()
    assert other.layers[0].folder.is_dir()
    other.close()


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    left, held, other = tmp_path / "session-dead", Stage(tmp_path), tmp_path / "mine"
    (left / "0" / "merged").mkdir(parents=True)
    other.mkdir()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {held.folder.name, "mine"}
    held.close()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_sweeping_waits_for_nobody(tmp_path: Path) -> None:
    sweep(tmp_path / "missing")
    (tmp_path / "session-dead").mkdir()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    sweep(tmp_path)
    assert (tmp_path / "session-dead").is_dir()
    os.close(descriptor)


def test_stages_and_sweeps_of_many_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for _ in range(30):
            if number % 2:
                sweep(tmp_path)
            else:
                stage = Stage(tmp_path)
                stage.read_only(tmp_path)
                stage.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert list(tmp_path.iterdir()) == []


def test_parents_are_outermost_first() -> None:
    assert [str(path) for path in parents(PurePosixPath("/a/b/c"))] == ["/a", "/a/b"]
    assert parents(PurePosixPath("/a")) == []
