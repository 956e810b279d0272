"""Records of linked packages, as text and as data: both ways give the same bytes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.environment.prefix_record import (
    PrefixRecord,
    UnlikeError,
    _read,
    _taken_apart,
    plain_paths,
    rewritten,
    woven,
)

SHA = "0" * 64


def entry(path: str, **more: Any) -> dict[str, Any]:
    return {"_path": path, "path_type": "hardlink", "sha256": SHA, "size_in_bytes": 5} | more


def text(*entries: dict[str, Any], files: list[str] | None = None, **more: Any) -> str:
    """Return a record as rattler writes it."""
    found = {
        "build": "h_0", "name": "a", "version": "1.0", "fn": "a-1.0-h_0.conda", "url": "file:///packages/a-1.0-h_0.conda",
        "extracted_package_dir": "/home/me/a", "requested_specs": ["a"],
        "files": [one["_path"] for one in entries] if files is None else files,
        "paths_data": {"paths_version": 1, "paths": list(entries)}, "link": {"source": "/home/me/a", "type": 1},
    }  # fmt: skip
    return json.dumps(found | more, indent=2, ensure_ascii=False)


def test_what_does_not_follow_from_the_package_goes(tmp_path: Path) -> None:
    file = tmp_path / "a-1.0-h_0.json"
    file.write_text(text(entry("bin/a"), entry("bin/b"), license="MIT"))
    record = rewritten(file)
    assert record == PrefixRecord(name="a", paths=("bin/a", "bin/b"), lost=(), special=frozenset())
    found = json.loads(file.read_text())
    assert "/home/me" not in file.read_text()
    assert found["requested_specs"] == []
    assert found["link"] == {"source": "", "type": 1}
    assert found["license"] == "MIT"
    assert [one["_path"] for one in found["paths_data"]["paths"]] == found["files"] == ["bin/a", "bin/b"]


@pytest.mark.parametrize(
    "special",
    [
        entry("bin/a", prefix_placeholder="/opt", file_mode="text", sha256_in_prefix="1" * 64),
        entry("bin/a", path_type="softlink"),
        entry("bin/a", original_path="b"),
        {"_path": "bin/a", "path_type": "directory"},
        {"_path": "bin/a", "path_type": "hardlink"},
        entry("bin/a", no_link=True),
    ],
)
def test_what_may_be_no_plain_file_is_told(special: dict[str, Any]) -> None:
    taken = _taken_apart(text(special, entry("bin/b")))
    assert taken is not None
    assert taken[0].special == {"bin/a"}


UNUSUAL = {
    "not sorted": text(entry("b"), entry("a")),
    "clobbered": text(entry("__clobbers__/a/bin/x"), entry("bin/a")),
    "fewer files than entries": text(entry("a"), entry("b"), files=["a"]),
    "more files than entries": text(entry("a"), files=["a", "b"]),
    "other files than entries": text(entry("a"), entry("c"), files=["a", "b"]),
    "a sign that is escaped": text(entry('a"b'), entry("c")),
    "not indented": json.dumps(json.loads(text(entry("a")))),
    "other indent": json.dumps(json.loads(text(entry("a"))), indent=4),
}


@pytest.mark.parametrize("found", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_not_as_expected_is_read_whole(tmp_path: Path, found: str) -> None:
    assert _taken_apart(found) is None
    file = tmp_path / "a.json"
    file.write_text(found)
    record = rewritten(file)
    assert file.read_text() == _read(found)[1]
    assert list(record.paths) == sorted(json.loads(file.read_text())["files"])
    assert record.special == set(record.paths)


def test_paths_that_another_package_won_are_lost() -> None:
    record, clean = _read(text(entry("__clobbers__/a/bin/x"), entry("bin/a")))
    assert (record.paths, record.lost) == (("bin/a",), ("bin/x",))
    assert json.loads(clean)["files"] == ["bin/a"]


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
fields = st.fixed_dictionaries(
    {}, optional={"file_mode": st.just("text"), "no_link": st.just(True), "prefix_placeholder": names}
)


@given(
    st.lists(st.tuples(names, fields), max_size=4, unique_by=lambda one: one[0]),
    st.dictionaries(st.sampled_from(["license", "depends", "md5", "unknown"]), names | st.lists(names)),
)
def test_both_ways_say_and_write_the_same(entries: list[tuple[str, dict[str, Any]]], more: dict[str, Any]) -> None:
    found = text(*(entry(path, **fields) for path, fields in sorted(entries)), **more)
    taken = _taken_apart(found)
    record, clean = _read(found)
    if taken is not None:
        assert taken[1] == clean
        assert (taken[0].name, taken[0].paths, taken[0].lost) == (record.name, record.paths, record.lost)
        assert taken[0].special <= record.special
        assert {path for path, fields in entries if fields} <= taken[0].special


@given(st.lists(st.tuples(names, fields), min_size=1, max_size=6, unique_by=lambda one: one[0]))
def test_a_record_of_special_files_becomes_that_of_all(entries: list[tuple[str, dict[str, Any]]]) -> None:
    """The text is that of a record of all files, whichever of them are left to rattler."""
    known = {path: entry(path, **fields) for path, fields in sorted(entries)}
    special = [path for path in known if len(known[path]) > 4 or not path.isalnum()]
    files = plain_paths({path: None if path in special else known[path] for path in known})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.json")
        file.write_text(text(*(known[path] for path in reversed(special)), license="MIT"), encoding="utf-8")
        record = woven(file, special, files)
        said = file.read_text(encoding="utf-8")
    assert said == _read(text(*known.values(), license="MIT"))[1]
    assert record == PrefixRecord(name="a", paths=tuple(known), lost=(), special=frozenset(special), placed=True)


@pytest.mark.parametrize(
    "said",
    [
        text(entry("other")),
        text(),
        text(entry("special"), entry("plain")),
        text(entry("special")).replace('"files"', '"file"'),
        text(entry("special")).replace('"_path"', '"path"'),
        text(entry("special")).replace('"hardlink"', "hardlink"),
        text(entry("special")).replace('"name"', '"nam"'),
        text(entry("special")).replace('"paths_data"', '"path_data"'),
        json.dumps(json.loads(text(entry("special")))),
        "",
        "[]",
    ],
)
def test_a_record_of_other_files_is_left_alone(tmp_path: Path, said: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(said)
    with pytest.raises(UnlikeError):
        woven(file, ["special"], plain_paths({"plain": entry("plain"), "special": None}))
    assert file.read_text() == said


def test_a_shorter_text_leaves_nothing_of_the_longer_one(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(text(entry("bin/a"), extracted_package_dir="/home/" + "x" * 5000))
    rewritten(file)
    once = file.read_text()
    assert once.endswith("}\n")
    rewritten(file)
    assert file.read_text() == once


def test_paths_are_found() -> None:
    record = PrefixRecord(name="a", paths=("bin/a", "bin/c"), lost=("bin/b",), special=frozenset())
    assert [path for path in ("", "bin/a", "bin/b", "bin/c", "bin/d") if record.has(path)] == ["bin/a", "bin/c"]


def test_only_what_rattler_writes_next_follows_the_paths() -> None:
    found = json.loads(text(entry("bin/a")))
    moved = {"link": found.pop("link")} | found
    assert _taken_apart(json.dumps(moved, indent=2)) is None
