"""One pass over a file: digests, the placeholder wherever it stands, and files that are none."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import WorkError
from builder.relocate.scan import Scan, scan
from tests.binary.compiled import library

PLACEHOLDER = ("/bakehouse/host_env" + "_placehold" * 24)[:255]
CHUNK = 1 << 22


def scanned(path: Path, data: bytes) -> Scan:
    path.write_bytes(data)
    return scan(path, PLACEHOLDER)


def test_an_ordinary_text(tmp_path: Path) -> None:
    data = f"prefix={PLACEHOLDER}\n".encode()
    seen = scanned(tmp_path / "x.pc", data)
    assert (seen.prefix, seen.nul, seen.wide, seen.binary) == (True, False, False, None)
    assert (seen.sha256, seen.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert seen.head == data


def test_an_empty_file(tmp_path: Path) -> None:
    seen = scanned(tmp_path / "empty", b"")
    assert (seen.sha256, seen.size, seen.head) == (hashlib.sha256(b"").hexdigest(), 0, b"")
    assert not seen.prefix


def test_a_path_that_only_begins_like_the_placeholder(tmp_path: Path) -> None:
    assert not scanned(tmp_path / "x", PLACEHOLDER[:-1].encode()).prefix
    assert scanned(tmp_path / "x", PLACEHOLDER.encode() + b"_more").prefix


def test_peer_d7_a_nul_after_the_first_kilobyte_is_seen(tmp_path: Path) -> None:
    data = b"text\n" * 1000 + PLACEHOLDER.encode() + b"\n" * 5000 + b"\0"
    assert scanned(tmp_path / "late-binary.dat", data).nul
    assert not scanned(tmp_path / "late-binary.dat", data[:-1]).nul


@pytest.mark.parametrize("at", [CHUNK - 255, CHUNK - 254, CHUNK - 1, CHUNK, 2 * CHUNK - 100])
def test_the_placeholder_across_the_border_of_two_chunks(tmp_path: Path, at: int) -> None:
    data = b"x" * at + PLACEHOLDER.encode() + b"y" * 10
    seen = scanned(tmp_path / "big", data)
    assert seen.prefix
    assert seen.sha256 == hashlib.sha256(data).hexdigest()
    assert seen.size == len(data)


@pytest.mark.parametrize("at", [0, 10, CHUNK - 300, CHUNK - 510])
def test_peer_d11_utf16_is_seen(tmp_path: Path, at: int) -> None:
    seen = scanned(tmp_path / "wide", b"x" * at + f"{PLACEHOLDER}\\share".encode("utf-16-le"))
    assert seen.wide
    assert not seen.prefix
    assert seen.nul


def test_an_elf_file_has_facts_and_others_have_none(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x", f"-Wl,-rpath,{PLACEHOLDER}/lib")
    seen = scan(path, PLACEHOLDER)
    assert seen.binary is not None
    assert seen.binary.soname == "libx.so"
    assert seen.prefix
    assert seen.nul
    assert scanned(tmp_path / "fake", b"\x7fELF and then nothing").binary is None


def test_facts_that_are_known_are_not_read_again(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x")
    facts = scan(path, PLACEHOLDER).binary
    assert facts is not None
    assert scan(path, PLACEHOLDER, facts).binary is facts


def test_peer_d8_a_fifo_is_refused_and_nobody_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(WorkError, match="not a regular file"):
        scan(tmp_path / "fifo", PLACEHOLDER)


def test_trust_g12_symlinks_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc/passwd")
    with pytest.raises(WorkError, match="cannot be read"):
        scan(tmp_path / "out", PLACEHOLDER)


def test_a_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(WorkError):
            scan(path, PLACEHOLDER)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"/p/q", b"\0", b"/p", "/p/q".encode("utf-16-le"), b"x"]), max_size=6).map(b"".join))
def test_a_scan_says_what_searching_says(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("scan") / "file"
    path.write_bytes(data)
    seen = scan(path, "/p/q")
    assert seen.prefix == (b"/p/q" in data)
    assert seen.nul == (b"\0" in data)
    assert seen.wide == ("/p/q".encode("utf-16-le") in data)
