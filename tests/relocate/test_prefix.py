"""Text or binary: the whole content decides, the recipe may overrule, bytecode is never touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.model.recipe import GlobList, PrefixDetection
from builder.model.target import target
from builder.relocate.prefix import prefix_mode
from builder.relocate.scan import Scan

TEXT = Scan(sha256="0" * 64, size=1, prefix=True, wide=False, nul=False, head=b"")
BINARY = replace(TEXT, nul=True)
HERE, THERE = GlobList(include=("lib/",)), GlobList(include=("share/",))


def mode(seen: Scan, detection: PrefixDetection | None = None, path: str = "lib/x", on: str = "linux-64") -> str | None:
    return prefix_mode(path, seen, detection or PrefixDetection(), target(on))


def test_peer_d7_any_nul_makes_a_file_binary() -> None:
    assert mode(TEXT) == "text"
    assert mode(BINARY) == "binary"


def test_a_file_without_the_placeholder_has_no_mode() -> None:
    assert mode(replace(TEXT, prefix=False)) is None
    assert mode(replace(BINARY, prefix=False), PrefixDetection(force_text=HERE)) is None


@pytest.mark.parametrize("path", ["lib/x.pyc", "lib/__pycache__/x.cpython-313.pyc", "lib/x.pyo"])
@pytest.mark.parametrize(
    "detection", [PrefixDetection(), PrefixDetection(force_binary=HERE), PrefixDetection(force_text=HERE)]
)
def test_bytecode_is_never_rewritten(path: str, detection: PrefixDetection) -> None:
    assert mode(BINARY, detection, path) is None
    assert mode(TEXT, detection, path) is None


@pytest.mark.parametrize(
    ("detection", "text", "binary"),
    [
        (PrefixDetection(ignore=True), None, None),
        (PrefixDetection(ignore=HERE), None, None),
        (PrefixDetection(ignore=THERE), "text", "binary"),
        (PrefixDetection(ignore_binary_files=True), "text", None),
        (PrefixDetection(ignore_binary_files=HERE), "text", None),
        (PrefixDetection(ignore_binary_files=THERE), "text", "binary"),
        (PrefixDetection(force_text=HERE), "text", "text"),
        (PrefixDetection(force_binary=HERE), "binary", "binary"),
        (PrefixDetection(force_binary=HERE, force_text=HERE), "binary", "binary"),
        (PrefixDetection(force_binary=HERE, ignore_binary_files=True), None, None),
        (PrefixDetection(force_text=HERE, ignore_binary_files=True), "text", "text"),
        (PrefixDetection(force_text=THERE, force_binary=THERE), "text", "binary"),
        (PrefixDetection(force_text=HERE, ignore=True), None, None),
    ],
)
def test_the_recipe_overrules(detection: PrefixDetection, text: str | None, binary: str | None) -> None:
    assert mode(TEXT, detection) == text
    assert mode(BINARY, detection) == binary


def test_binary_files_for_windows_are_not_rewritten() -> None:
    assert mode(BINARY, on="win-64") is None
    assert mode(TEXT, on="win-64") == "text"
    assert mode(BINARY, on="osx-arm64") == "binary"
