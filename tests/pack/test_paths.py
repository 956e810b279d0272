from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.archive import MemberKind
from builder.model.payload import Relocated
from builder.pack.paths import member, packed_entries, paths
from tests.pack.greeting import PLACEHOLDER, file_entry, folder_entry, link_entry, payload

EMPTY = {"sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}


def listed(relocated: Relocated) -> dict[str, dict[str, Any]]:
    document = paths(packed_entries(relocated), relocated)
    assert document["paths_version"] == 1
    entries: Any = document["paths"]
    return {entry["_path"]: entry for entry in entries}


def of(data: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}


def test_files_and_links_sorted_by_their_bytes(tmp_path: Path) -> None:
    names = list(listed(payload(tmp_path)))
    assert names == sorted(names, key=str.encode)
    assert names == [
        "bin/chain", "bin/greet", "bin/greet-again", "lib/libgreet.so", "lib/libgreet.so.1", "lib64", "share/blob",
        "share/elsewhere", "share/näme", "share/through", "share/where.txt",
    ]  # fmt: skip


def test_a_plain_file(tmp_path: Path) -> None:
    entry = listed(payload(tmp_path))["bin/greet"]
    assert entry == {"_path": "bin/greet", "path_type": "hardlink", **of(b"#!/bin/sh\necho hello\n")}


def test_the_placeholder(tmp_path: Path) -> None:
    found = listed(payload(tmp_path))
    assert found["share/where.txt"] == {
        "_path": "share/where.txt",
        "path_type": "hardlink",
        "file_mode": "text",
        "prefix_placeholder": PLACEHOLDER,
        "no_link": True,
        **of(f"{PLACEHOLDER}/share\n".encode()),
    }
    assert found["share/blob"]["file_mode"] == "binary"
    assert [path for path, entry in found.items() if "prefix_placeholder" in entry] == ["share/blob", "share/where.txt"]


def test_links_have_the_digest_of_the_file_that_they_lead_to(tmp_path: Path) -> None:
    """CEP 34; through other links, and through links to folders."""
    found = listed(payload(tmp_path))
    script, library = of(b"#!/bin/sh\necho hello\n"), of(b"\x7fELF not really")
    assert found["bin/greet-again"] == {"_path": "bin/greet-again", "path_type": "softlink", **script}
    assert found["bin/chain"] == {"_path": "bin/chain", "path_type": "softlink", **script}
    assert found["share/through"] == {"_path": "share/through", "path_type": "softlink", **library}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", "d"),
        ("l", "missing"),
        ("l", "l"),
        ("l", "/absolute"),
        ("l", "../out"),
        ("d/l", "../../out"),
        ("l", "d/f/x"),
    ],
)
def test_links_that_lead_to_no_file_have_the_digest_of_nothing(tmp_path: Path, path: str, target: str) -> None:
    relocated = Relocated(entries=(file_entry(tmp_path, "d/f", b"data"), link_entry(path, target)))
    assert listed(relocated)[path] == {"_path": path, "path_type": "softlink", **EMPTY}


def test_folders_are_left_out(tmp_path: Path) -> None:
    relocated = Relocated(entries=(folder_entry("empty"), folder_entry("d"), file_entry(tmp_path, "d/f", b"")))
    assert list(listed(relocated)) == ["d/f"]


def test_members(tmp_path: Path) -> None:
    made = {entry.entry.path: member(entry) for entry in packed_entries(payload(tmp_path))}
    script = made["bin/greet"]
    assert script.executable
    assert script.sha256 == hashlib.sha256(b"#!/bin/sh\necho hello\n").hexdigest()
    assert isinstance(script.content, Path)
    assert (made["lib64"].kind, made["lib64"].target, made["lib64"].sha256) == (MemberKind.SYMLINK, "lib", None)


def test_the_size_is_that_of_the_edited_file(tmp_path: Path) -> None:
    """Relocation may have changed it since the entry was made."""
    entry = file_entry(tmp_path, "f", b"edited")
    old = replace(entry, entry=replace(entry.entry, size=1))
    assert listed(Relocated(entries=(old,)))["f"]["size_in_bytes"] == 6
