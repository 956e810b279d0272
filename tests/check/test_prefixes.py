"""Placeholders in binary files: usual in programs, doubtful elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.check.prefixes import check_prefixes
from builder.model.finding import Finding, Severity
from tests.binary.compiled import gcc
from tests.check.packages import around, brief
from tests.payload.prefix import Tree
from tests.relocate.payloads import PREFIX, compile_demo, relocated_of


def checked(tmp_path: Path, tree: Tree) -> list[Finding]:
    return list(check_prefixes(relocated_of(tmp_path, tree), around()))


def test_peer_pain_14_a_library_that_knows_its_prefix_is_a_note(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    (found,) = checked(tmp_path, {})
    assert (found.check, found.severity, found.path) == ("prefix-in-binary", Severity.NOTE, "lib/libbase.so.1")
    assert "stands once in this program" in found.message
    assert found.remedy is not None


def test_every_place_is_counted(tmp_path: Path) -> None:
    text = f'const char *a = "{PREFIX}/a"; const char *b = "{PREFIX}/b:{PREFIX}/c";'
    gcc(tmp_path / "prefix/lib/x.so", text, "-shared", "-fPIC")
    (found,) = checked(tmp_path, {})
    assert "3 times" in found.message


@pytest.mark.parametrize("data", [f"\0{PREFIX}/x\0".encode(), f"\0{PREFIX}/x".encode()], ids=["ended", "not ended"])
def test_data_of_an_unknown_format_is_a_warning(tmp_path: Path, data: bytes) -> None:
    (found,) = checked(tmp_path, {"share/x.db": data})
    assert (found.severity, found.path) == (Severity.WARNING, "share/x.db")
    assert ("no NUL byte ends it" in found.message) == (not data.endswith(b"\0"))


def test_all_of_it_is_an_error_when_the_user_says_so(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    context = replace(around(), no_binary_prefix=True)
    found = list(check_prefixes(relocated_of(tmp_path, {"share/x.db": f"\0{PREFIX}/x".encode()}), context))
    assert {(one.path, one.severity) for one in found} == {
        ("lib/libbase.so.1", Severity.ERROR), ("share/x.db", Severity.ERROR),
    }  # fmt: skip
    assert all(one.message.startswith("Binary file contains host prefix: the prefix stands once") for one in found)


def test_text_is_no_trouble(tmp_path: Path) -> None:
    assert brief(checked(tmp_path, {"share/x": f"{PREFIX}\n", "share/y": b"\0"})) == []
