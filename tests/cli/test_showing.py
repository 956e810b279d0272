"""Many recipes at once: from the cache, in this process or in several, always the same in the same order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.collection import Collection
from builder.cli.selection import Selection
from builder.cli.showing import Work, show_files
from builder.store.notes import notes
from tests.cli.conftest import HELLO, Command, write_recipe

COUNT = 36


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Recipes of which every ninth is broken."""
    files = []
    for number in range(COUNT):
        text = HELLO.replace("hello", f"hello-{number}", 1) + "# " * (number * 37 % 101) + "\n"
        broken = text.replace('"1.0"', "${{ nowhere }}")
        files.append(write_recipe(tmp_path / f"r{number}", broken if number % 9 == 4 else text) / "recipe.yaml")
    selection = Selection(paths=tuple(files), recipes=(), variant_files=(), variants=(), target_platform=None)
    return Work(files=tuple(files), selection=selection, collection=Collection(), store=None)


def test_several_processes_show_what_one_shows(work: Work) -> None:
    alone = show_files(work, 1)
    assert [bool(one.problems) for one in alone] == [number % 9 == 4 for number in range(COUNT)]
    assert [one.lines.split("/")[1].split("-1.0")[0] for one in alone if one.lines] == [
        f"hello-{number}" for number in range(COUNT) if number % 9 != 4
    ]
    assert show_files(work, 2) == alone
    assert show_files(work, 64) == alone


def test_what_is_remembered_is_what_was_shown(work: Work, tmp_path: Path) -> None:
    remembering = replace(work, store=tmp_path / "store")
    alone = show_files(work, 1)
    assert show_files(remembering, 2) == alone
    assert len(list(notes(tmp_path / "store"))) == COUNT
    assert show_files(remembering, 1) == alone
    work.files[3].write_text(HELLO.replace("hello", "changed", 1))
    again = show_files(remembering, 1)
    assert "changed" in again[3].lines
    assert [one for place, one in enumerate(again) if place != 3] == [
        one for place, one in enumerate(alone) if place != 3
    ]


def test_a_store_that_cannot_be_written_changes_nothing(work: Work, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert show_files(replace(work, store=tmp_path / "file"), 1) == show_files(work, 1)


def test_nothing_to_show(work: Work) -> None:
    assert show_files(replace(work, files=()), 4) == []


def test_a_file_that_is_gone_hides_no_other(work: Work) -> None:
    work.files[0].unlink()
    shown = show_files(work, 2)
    assert shown[0].problems
    assert sum(bool(one.lines) for one in shown) == COUNT - 5


def test_the_command_says_the_same_with_any_number_of_processes(command: Command, work: Work) -> None:
    said = [command("render", *work.files, "--json", "--no-cache", "-j", str(jobs)) for jobs in (1, 2, 3)]
    assert said[0] == said[1] == said[2]
    assert said[0].code == 2
    assert said[0].err.count("error") == len(range(4, COUNT, 9))
    assert command("render", *work.files, "-j", "0").code == 2
