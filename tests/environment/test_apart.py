"""Packages without their plain files: what is told apart, what is never, and what is kept of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.environment.apart import Apart, contended, is_set_apart, set_apart

SHA = "0" * 64


def entry(path: str, **more: Any) -> dict[str, Any]:
    return {"_path": path, "path_type": "hardlink", "sha256": SHA, "size_in_bytes": 5} | more


class Bench:
    """A package ``a-1-h_0`` made by hand, and the folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.place = folder / "a-1-h_0", folder / "apart"
        (self.tree / "info" / "licenses").mkdir(parents=True)
        (self.tree / "info" / "licenses" / "MIT").write_text("do")

    def write(self, *entries: dict[str, Any], files: tuple[str, ...] = (), **index: Any) -> None:
        for path in files:
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / path).write_text("12345")
        (self.tree / "info/index.json").write_text(json.dumps({"name": "a", **index}))
        (self.tree / "info/paths.json").write_text(json.dumps({"paths": entries, "paths_version": 1}))

    def told(self) -> Apart | None:
        set_apart(self.tree, self.place)
        return Apart.read(self.tree, self.place)

    @property
    def rest(self) -> list[str]:
        found = self.place / self.tree.name
        return sorted(str(path.relative_to(found)) for path in found.rglob("*") if not path.is_dir())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_plain_files_are_known_and_the_rest_is_a_package(bench: Bench) -> None:
    special = entry("lib/a.pc", prefix_placeholder="/opt", file_mode="text")
    link = entry("lib/link", path_type="softlink")
    bench.write(
        entry("top"), special, entry("lib/x"), link, entry("lib/b/y"), files=("top", "lib/a.pc", "lib/x", "lib/b/y")
    )
    (bench.tree / "lib/link").symlink_to("x")
    told = bench.told()
    assert told is not None
    assert told.folders == {"": ["top"], "lib": ["x"], "lib/b": ["y"]}
    assert told.special == ("lib/a.pc", "lib/link")
    assert (told.tree, told.rest) == (bench.tree, bench.place / "a-1-h_0")
    assert told.record.count("\0") == 2
    assert bench.rest == ["info/index.json", "info/paths.json", "lib/a.pc", "lib/link"]
    assert json.loads((told.rest / "info/paths.json").read_text())["paths"] == [special, link]
    assert (told.rest / "lib/a.pc").samefile(bench.tree / "lib/a.pc")
    assert (told.rest / "lib/link").readlink() == Path("x")


@pytest.mark.parametrize(
    "odd",
    [
        entry("odd", no_link=True),
        entry("odd", path_type="directory"),
        entry("odd", path_type="fifo"),
        entry("odd", size_in_bytes=True),
        entry("odd", size_in_bytes=-1),
        entry("odd", sha256=None),
        entry("odd", sha256="0" * 63),
        entry("odd", prefix_placeholder=None),
        entry("odd", unknown=1),
        {"_path": "odd", "path_type": "hardlink"},
        entry('o"dd'),
        entry("o\\dd"),
        entry("o\ndd"),
        entry("./odd"),
        entry("lib//odd"),
        entry("lib/../odd"),
        entry("/etc/passwd"),
        entry("../../etc/passwd"),
        entry("missing"),
        entry("5") | {"_path": 5},
        entry("link"),
        entry("folder-link/x"),
        entry("lib"),
        entry(""),
    ],
    ids=lambda one: json.dumps({key: value for key, value in one.items() if entry("odd").get(key) != value}) or "short",
)
def test_what_is_not_plain_stays_in_the_rest(bench: Bench, odd: dict[str, Any]) -> None:
    """Whatever it is, rattler judges it, as it did."""
    bench.write(entry("fine"), odd, files=("fine", "odd", "5", 'o"dd', "o\\dd", "o\ndd", "lib/x"))
    (bench.tree / "link").symlink_to("fine")
    (bench.tree / "folder-link").symlink_to("lib")
    told = bench.told()
    assert told is not None
    assert told.folders == {"": ["fine"]}
    assert told.special == (str(odd["_path"]),)
    assert json.loads((told.rest / "info/paths.json").read_text())["paths"] == [odd]
    assert {path for path in bench.rest if not path.startswith("info/")} <= {str(odd["_path"])}


def text(content: str) -> Callable[[Bench], object]:
    return lambda bench: (bench.tree / "info/paths.json").write_text(content)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bench: (bench.tree / "info/paths.json").unlink(),
        lambda bench: (bench.tree / "info/index.json").write_text("[]"),
        lambda bench: (bench.tree / "info/index.json").write_text('{"noarch": "python"}'),
        lambda bench: (bench.tree / "info/index.json").write_text('{"noarch": "future"}'),
        text("{"),
        text("[" * 100_000),
        text("[]"),
        text('{"paths": 5, "paths_version": 1}'),
        text('{"paths": [5], "paths_version": 1}'),
        text('{"paths": [{}], "paths_version": 1}'),
        text('{"paths": [], "paths_version": 1}'),
        text(json.dumps({"paths": [entry("fine")], "paths_version": 2})),
        text(json.dumps({"paths": [entry("fine")]})),
        text(json.dumps({"paths": [entry("fine"), entry("fine")], "paths_version": 1})),
        text(json.dumps({"paths": [entry("fine"), entry("\ud800")], "paths_version": 1})),
        text(json.dumps({"paths": [entry("link")], "paths_version": 1})),
    ],
    ids=[
        "no list", "no index", "noarch python", "noarch future", "cut off", "deep", "list", "number", "numbers", "no path",
        "nothing", "version 2", "no version", "twice", "surrogate", "nothing plain",
    ],
)  # fmt: skip
def test_of_a_package_that_is_not_understood_nothing_is_kept(bench: Bench, spoil: Callable[[Bench], object]) -> None:
    bench.write(entry("fine"), files=("fine",))
    (bench.tree / "link").symlink_to("fine")
    spoil(bench)
    assert bench.told() is None
    assert not bench.place.exists()


def test_a_package_for_every_system_is_told_apart_too(bench: Bench) -> None:
    bench.write(entry("share/data"), files=("share/data",), noarch="generic")
    assert bench.told() is not None


@pytest.mark.parametrize("content", ["", "{", "{}", "5", '{"folders": {}}', "\udcff"])
def test_what_cannot_be_read_any_more_is_left_to_rattler(bench: Bench, content: str) -> None:
    bench.write(entry("fine"), files=("fine",))
    assert bench.told() is not None
    (bench.place / "plain").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert Apart.read(bench.tree, bench.place) is None


def known(folders: dict[str, list[str]], *special: str) -> Apart:
    return Apart(tree=Path("tree"), rest=Path("rest"), folders=folders, special=special, record="")


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ({}, ""),
        ({"a": known({"": ["x"], "lib": ["x"]}), "b": known({"": ["y"], "lib": ["y"]}, "lib64/x")}, ""),
        ({"a": known({"": ["x"]}), "b": known({"": ["y", "x"]}), "c": known({"": ["z"]})}, "ab"),
        ({"a": known({"lib": ["x"]}), "b": known({"lib": ["y"]}, "lib/x")}, "ab"),
        ({"a": known({"a": ["x"]}, "lib/x"), "b": known({"b": ["y"]}, "lib/x")}, "ab"),
        ({"a": known({"": ["x"]}), "b": known({"": ["x", "y"]}), "c": known({"": ["y"]}), "d": known({"d": ["y"]})}, "abc"),
        ({"a": known({"": ["x"]}, "y", "z"), "b": known({"b": ["x"]})}, ""),
    ],
)  # fmt: skip
def test_who_brings_what_another_brings_is_known(packages: dict[str, Apart], expected: str) -> None:
    assert contended(packages) == set(expected)


def test_what_was_kept_can_be_compared(bench: Bench) -> None:
    bench.write(
        entry("fine"), entry("lib/a.pc", prefix_placeholder="/opt", file_mode="text"), files=("fine", "lib/a.pc")
    )
    assert is_set_apart(bench.tree, bench.place), "nothing was kept, and need not be"
    told = bench.told()
    assert told is not None
    assert is_set_apart(bench.tree, bench.place)
    (told.rest / "lib/a.pc").unlink()
    (told.rest / "lib/a.pc").write_text("12345")
    assert not is_set_apart(bench.tree, bench.place)
