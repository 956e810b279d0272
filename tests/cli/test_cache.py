"""`bakehouse cache`: what the store holds, and making room in it."""

from __future__ import annotations

from pathlib import Path

from builder.store import Store
from tests.cli.conftest import Command


def test_ls_counts_each_part(command: Command, kitchen: Path) -> None:
    store = Store(kitchen)
    store.add_file([b"x" * 100_000], sha256=None)
    with store.making("trees", "one") as making:
        (making.path / "file").write_bytes(b"y" * 50_000)
    store.close()
    document = command("cache", "ls", "--json").document
    assert isinstance(document, dict)
    assert document["store"] == str(kitchen)
    assert document["bytes"]["files"] >= 100_000
    assert 50_000 <= document["bytes"]["folders/trees"] < 100_000
    text = command("cache", "ls").out
    assert "folders/trees" in text
    assert text.splitlines()[-1].endswith(str(kitchen))


def test_a_file_with_two_names_is_counted_once(command: Command, kitchen: Path) -> None:
    store = Store(kitchen)
    with store.making("trees", "one") as making:
        (making.path / "file").write_bytes(b"y" * 100_000)
        (making.path / "same").hardlink_to(making.path / "file")
    store.close()
    document = command("cache", "ls", "--json").document
    assert isinstance(document, dict)
    assert document["bytes"]["folders/trees"] < 200_000


def test_gc_makes_room_and_says_how_much(command: Command, kitchen: Path) -> None:
    store = Store(kitchen)
    kept = store.add_file([b"x" * 100_000], sha256=None)
    store.close()
    said = command("cache", "gc", "--budget", "0")
    assert said.code == 0
    assert said.err.startswith("removed ")
    assert not kept.path.exists()


def test_gc_keeps_what_fits_the_budget(command: Command, kitchen: Path) -> None:
    store = Store(kitchen)
    kept = store.add_file([b"x" * 100_000], sha256=None)
    store.close()
    document = command("cache", "gc", "--budget", "1G", "--json").document
    assert isinstance(document, dict)
    assert document["removed"] == 0
    assert kept.path.exists()


def test_a_budget_that_is_no_size_is_wrong_use(command: Command) -> None:
    said = command("cache", "gc", "--budget", "much")
    assert said.code == 2
    assert "write it as 20G" in said.err


def test_an_unknown_part_of_the_verb_is_wrong_use(command: Command) -> None:
    assert command("cache", "sl").code == 2
