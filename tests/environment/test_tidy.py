"""A prefix without traces of its linking, checked on prefixes made by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from builder.environment.tidy import Linked, tidied
from builder.model.environment import Clash, ClashKind

EPOCH = 315_532_800


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    folder = tmp_path / "prefix"
    (folder / "conda-meta").mkdir(parents=True)
    (folder / "bin").mkdir()
    return folder


def record(prefix: Path, name: str, *paths: str, **more: Any) -> Path:
    """Write a prefix record like rattler's."""
    entries = [{"_path": path, "path_type": "hardlink"} for path in paths]
    found = {
        "name": name, "version": "1.0", "build": "h_0", "build_number": 0, "subdir": "linux-64", "depends": [], "sha256": "0" * 64,
        "fn": f"{name}-1.0-h_0.conda", "url": f"file:///packages/{name}-1.0-h_0.conda", "channel": "file:///packages",
        "extracted_package_dir": f"/home/me/{name}", "link": {"source": f"/home/me/{name}", "type": 1}, "files": list(paths),
        "paths_data": {"paths_version": 1, "paths": entries}, "requested_spec": "x", "run_exports": {"weak": ["y"]},
    }  # fmt: skip
    path = prefix / "conda-meta" / f"{name}-1.0-h_0.json"
    path.write_text(json.dumps(found | more))
    path.chmod(0o600)
    return path


def packages(tmp_path: Path, *names: str) -> dict[str, Path]:
    return {name: tmp_path / "packages" / name for name in names}


def test_records_keep_what_follows_from_the_package(prefix: Path, tmp_path: Path) -> None:
    path = record(prefix, "a", "bin/b", "bin/a", license="MIT", timestamp=5)
    tidied(prefix, packages(tmp_path, "a"))
    text = path.read_text()
    found = json.loads(text)
    assert "/home/me" not in text
    assert found["link"] == {"source": "", "type": 1}
    assert found["requested_specs"] == []
    assert "requested_spec" not in found
    assert (found["license"], found["timestamp"]) == ("MIT", 5)
    assert found["files"] == [entry["_path"] for entry in found["paths_data"]["paths"]] == ["bin/a", "bin/b"]
    assert text.endswith("}\n")
    assert path.stat().st_mode & 0o777 == 0o644


def test_modes_and_times(prefix: Path, tmp_path: Path) -> None:
    unpacked = packages(tmp_path, "a")
    origin = unpacked["a"] / "bin" / "tool"
    origin.parent.mkdir(parents=True)
    origin.write_text("placeholder")
    os.utime(origin, (1_500_000_000, 1_500_000_000))
    for name, mode in (("tool", 0o775), ("entry", 0o777), ("plain", 0o600)):
        (prefix / "bin" / name).write_text(name)
        (prefix / "bin" / name).chmod(mode)
    (prefix / "bin" / "link").symlink_to("tool")
    os.link(origin, prefix / "bin" / "shared")
    prefix.chmod(0o700)
    record(prefix, "a", "bin/tool", "bin/entry", "bin/plain", "bin/link", "bin/shared")
    tidied(prefix, unpacked)
    found = {path.name: (path.lstat().st_mode & 0o777, path.lstat().st_mtime) for path in (prefix / "bin").iterdir()}
    assert found == {
        "tool": (0o755, 1_500_000_000), "entry": (0o755, EPOCH), "plain": (0o644, EPOCH), "link": (0o777, EPOCH),
        "shared": (origin.stat().st_mode & 0o777, 1_500_000_000),
    }  # fmt: skip
    assert [(folder.stat().st_mode & 0o777, folder.stat().st_mtime) for folder in (prefix, prefix / "bin")] == [
        (0o755, EPOCH)
    ] * 2


def test_losers_are_taken_away_and_told(prefix: Path, tmp_path: Path) -> None:
    aside = prefix / "__clobbers__" / "b" / "bin" / "x"
    aside.parent.mkdir(parents=True)
    aside.write_text("b's")
    (prefix / "bin" / "x").write_text("a's")
    record(prefix, "a", "bin/x")
    record(prefix, "b", "__clobbers__/b/bin/x", "bin/y")
    record(prefix, "c", "__clobbers__/c/bin/x")
    (prefix / "bin" / "y").write_text("y")
    linked = tidied(prefix, packages(tmp_path, "a", "b", "c"))
    assert linked.owners == (("bin/x", "a"), ("bin/y", "b"))
    assert linked.clashes == (Clash(path="bin/x", winner="a", losers=("b", "c")),)
    assert list(linked.notes()) == []
    assert not (prefix / "__clobbers__").exists()
    assert json.loads((prefix / "conda-meta" / "c-1.0-h_0.json").read_text())["files"] == []


def test_link_scripts(prefix: Path, tmp_path: Path) -> None:
    record(prefix, "a", "bin/.a-post-link.sh", "bin/.a-pre-unlink.sh", "bin/.b-post-link.sh", "bin/.a-messages.txt")
    linked = tidied(prefix, packages(tmp_path, "a"))
    assert linked.scripts == (("a", "bin/.a-post-link.sh"), ("a", "bin/.a-pre-unlink.sh"))
    assert list(linked.notes()) == ["a has link scripts, which are not run here"]
    assert list(linked.notes(scripts_run=True)) == []


def test_a_package_may_own_a_cache_mark(prefix: Path, tmp_path: Path) -> None:
    (prefix / "CACHEDIR.TAG").write_text("rattler's")
    tidied(prefix, {})
    assert not (prefix / "CACHEDIR.TAG").exists()
    (prefix / "CACHEDIR.TAG").write_text("a's")
    record(prefix, "a", "CACHEDIR.TAG")
    tidied(prefix, packages(tmp_path, "a"))
    assert (prefix / "CACHEDIR.TAG").read_text() == "a's"


def test_nothing_at_all(tmp_path: Path) -> None:
    linked = tidied(tmp_path / "new", {})
    assert linked == Linked()
    assert (tmp_path / "new" / "conda-meta" / "history").read_bytes() == b""
    assert list(linked.notes()) == []


def test_what_was_found_out_is_kept(tmp_path: Path) -> None:
    linked = Linked(
        paths=(("a", ("bin/ä",)), ("b", ())),
        clashes=(Clash(path="x", winner="a", losers=("b", "c"), kind=ClashKind.CASE, other="X"),),
        scripts=(("a", "bin/.a-post-link.sh"),),
    )
    linked.write(tmp_path)
    assert Linked.read(tmp_path) == linked
    assert Linked.read(tmp_path).owners == linked.owners == (("bin/ä", "a"),)
