"""The files of jobs: their text, and what happens to the folder that they are written into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import MachineError, UsageError
from builder.feedstock.ci_support import file_text, write_files
from builder.feedstock.job import Job, Setting


def job(name: str, **settings: Setting) -> Job:
    return Job(
        name=name, short_name=name, platform="linux-64", build_platform="linux-64", provider="azure", upload=True,
        settings=settings,
    )  # fmt: skip


def test_truth_values_and_numbers_are_no_text() -> None:
    text = file_text(
        job("a", abi=("true", "false"), fat=(2, 10), none=("None",), python=("3.10", "12", "3.12.* *_cpython"))
    )
    assert text == (
        "abi:\n- true\n- false\nfat:\n- 2\n- 10\nnone:\n- None\npython:\n- '3.10'\n- '12'\n- 3.12.* *_cpython\n"
    )


def test_groups_and_pins() -> None:
    pins = {"leaf": {"min_pin": "x.x", "max_pin": "x"}}
    text = file_text(job("a", pin_run_as_build=pins, zip_keys=(("a", "b"), ("c", "d", "e"))))
    assert text == (
        "pin_run_as_build:\n  leaf:\n    min_pin: x.x\n    max_pin: x\nzip_keys:\n- - a\n  - b\n- - c\n  - d\n  - e\n"
    )


def test_a_folder_is_made_and_what_is_no_job_any_more_goes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / ".ci_support"
    made = write_files([job("linux_64_b"), job("linux_64_a", x=("1",))], folder)
    assert [path.name for path in made] == ["linux_64_a.yaml", "linux_64_b.yaml"]
    (folder / "migrations").mkdir()
    (folder / "migrations" / "python314.yaml").write_text("python: [3.14]\n")
    (folder / "README").write_text("what this is\n")
    (folder / "osx_arm64_old.yaml").write_text("gone: [1]\n")
    (folder / "linux_64_kept.yaml").mkdir()
    (folder / "recipe.yaml").write_text("whoever named the wrong folder keeps what is in it\n")
    write_files([job("linux_64_a", x=("2",))], folder)
    kept = ["README", "linux_64_a.yaml", "linux_64_kept.yaml", "migrations", "recipe.yaml"]
    assert sorted(path.name for path in folder.iterdir()) == kept
    assert (folder / "linux_64_a.yaml").read_text() == "x:\n- '2'\n"
    assert (folder / "migrations" / "python314.yaml").exists()


def test_files_of_platforms_that_were_not_asked_for_stay(tmp_path: Path) -> None:
    write_files([job("linux_64_a"), job("linux_aarch64_a"), job("osx_64_")], tmp_path / "made")
    write_files([job("linux_64_b")], tmp_path / "made", ["linux-64"])
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "linux_64_b.yaml", "linux_aarch64_a.yaml", "osx_64_.yaml",
    ]  # fmt: skip
    write_files([], tmp_path / "made", ["linux-64", "osx-64"])
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["linux_aarch64_a.yaml"]


def test_no_jobs_leave_no_files(tmp_path: Path) -> None:
    write_files([job("linux_64_a")], tmp_path / "made")
    assert write_files([], tmp_path / "made") == ()
    assert list((tmp_path / "made").iterdir()) == []


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine\n")
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "win_64_a.yaml").symlink_to(outside)
    (folder / "win_64_b.yaml").symlink_to(outside)
    write_files([job("win_64_a", x=("1",))], folder)
    assert outside.read_text() == "mine\n"
    assert not (folder / "win_64_a.yaml").is_symlink()
    assert not (folder / "win_64_b.yaml").is_symlink()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("x")
    else:
        (tmp_path / "real").mkdir()
        place.symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="is no folder"):
        write_files([job("a")], place)


def test_nothing_changes_when_one_file_cannot_be_written(tmp_path: Path) -> None:
    write_files([job("a", x=("1",))], tmp_path / "made")
    with pytest.raises(MachineError, match="cannot be written") as caught:
        write_files([job("a", x=("2",)), job("b" * 300)], tmp_path / "made")
    assert caught.value.problems[0].place is not None
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a.yaml"]
    assert (tmp_path / "made" / "a.yaml").read_text() == "x:\n- '1'\n"


def test_the_same_jobs_give_the_same_bytes(tmp_path: Path) -> None:
    write_files([job("a", y=("1",), x=("ü",))], tmp_path / "one")
    write_files([job("a", y=("1",), x=("ü",))], tmp_path / "two")
    first, second = ((tmp_path / name / "a.yaml").read_bytes() for name in ("one", "two"))
    assert first == second == b"y:\n- '1'\nx:\n- \"\\xFC\"\n"
    assert os.listdir(tmp_path / "one") == ["a.yaml"]  # noqa: PTH208 - hidden files too
