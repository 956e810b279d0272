"""`bakehouse cache`: what the store takes, and making room in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.store import Store
from tests.cli.conftest import Command


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store with a file of 64 KiB and a folder of a kind, of another 64."""
    store = Store(tmp_path / "filled")
    store.add_file([os.urandom(1 << 16)], sha256=None)
    with store.making("trees", "one") as making:
        (making.path / "big").write_bytes(os.urandom(1 << 16))
        os.link(making.path / "big", making.path / "again")
    store.close()
    return store.root


def test_each_part_with_what_it_takes(command: Command, filled: Path) -> None:
    document = command("cache", "ls", "--store", filled, "--json").document
    assert isinstance(document, dict)
    assert document["store"] == str(filled)
    parts = document["bytes"]
    assert {"files", "folders/trees"} <= set(parts)
    assert "folders" not in parts, "kinds stand for themselves"
    for name in ("files", "folders/trees"):
        assert 1 << 16 <= parts[name] <= (1 << 16) + (1 << 15), "a file with two names counts once"


def test_the_text_ends_with_the_sum(command: Command, filled: Path) -> None:
    lines = command("cache", "ls", "--store", filled).out.splitlines()
    assert lines[-1].endswith(str(filled))
    assert any(line.endswith("  folders/trees") for line in lines)
    assert lines[:-1] == sorted(lines[:-1], key=lambda line: line.split("  ")[-1])


@pytest.mark.parametrize("verb", ["ls", "verify"])
@pytest.mark.parametrize("there", [False, True])
def test_where_no_store_is_none_is_called_whole(command: Command, tmp_path: Path, verb: str, *, there: bool) -> None:
    place = tmp_path / "none"
    if there:
        (place / "something").mkdir(parents=True)
    before = list(tmp_path.rglob("*"))
    said = command("cache", verb, "--store", place, "--json")
    assert said.code == 2
    (error,) = said.errors
    assert error["message"] == f"there is no store in {place}"
    assert "--store" in str(error["remedy"])
    assert list(tmp_path.rglob("*")) == before, "looking makes nothing"


def test_gc_has_nothing_to_do_there_and_makes_nothing(command: Command, tmp_path: Path) -> None:
    said = command("cache", "gc", "--store", tmp_path / "none", "--json")
    assert (said.code, said.document) == (0, {"removed": 0, "freed": 0, "kept": 0})
    assert not (tmp_path / "none").exists()


def test_gc_keeps_within_the_budget(command: Command, filled: Path) -> None:
    said = command("cache", "gc", "--store", filled, "--budget", "100k", "--json")
    assert said.code == 0
    document = said.document
    assert isinstance(document, dict)
    assert document["removed"] == 1
    assert 0 < document["kept"] <= 100 << 10
    assert document["freed"] >= 1 << 16
    said = command("cache", "gc", "--store", filled, "--budget", "0")
    assert said.err.startswith("removed 1 things, ")
    assert said.err.endswith("; 0 B are left\n")
    assert said.out == ""
    assert Store(filled).folder("trees", "one") is None


def test_gc_within_its_budget_removes_nothing(command: Command, filled: Path) -> None:
    assert command("cache", "gc", "--store", filled, "--json").document == {
        "removed": 0, "freed": 0, "kept": pytest.approx(128 << 10, rel=0.3),
    }  # fmt: skip
    assert Store(filled).folder("trees", "one") is not None


def test_what_is_no_size_is_wrong_use(command: Command, filled: Path) -> None:
    said = command("cache", "gc", "--store", filled, "--budget", "much", "--json")
    assert said.code == 2
    assert [error["code"] for error in said.errors] == ["cli.size"]


def test_no_collection_is_asked_for_its_recipes(
    command: Command, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bakehouse.yaml").write_text("recipes: [nowhere]\n")
    monkeypatch.chdir(tmp_path)
    assert command("cache", "ls", "--store", filled).code == 0


def test_verify_reads_everything_and_finds_nothing(command: Command, filled: Path) -> None:
    said = command("cache", "verify", "--store", filled, "--json")
    assert said.code == 0
    counts = {"files": 1, "unpacked": 0, "environments": 0}
    assert said.document == {"store": str(filled), "read": counts, "damaged": []}


def test_verify_sets_aside_what_is_damaged_and_says_so(command: Command, filled: Path) -> None:
    (file,) = filled.glob("files/*/*")
    file.chmod(0o644)
    os.truncate(file, 1000)
    (filled / "folders/unpacked/empty").mkdir(parents=True)
    said = command("cache", "verify", "--store", filled)
    assert said.code == 1
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == f"files/{file.name}: its bytes are not those of its sha256"
    assert lines[1].startswith("unpacked/empty: its list of files cannot be read")
    assert lines[2] == "read 1 files, 1 unpacked, 0 environments: 2 are damaged and were set aside"
    assert sorted(path.name for path in (filled / "torn").iterdir()) == sorted([file.name, "unpacked-empty"])
    assert command("cache", "verify", "--store", filled).code == 0
