"""Menu documents: what every installer would choke on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.model.finding import Severity
from builder.payload.menus import check_menus
from tests.payload.prefix import Link, Tree, installed

GOOD = json.dumps(
    {"menu_name": "Demo", "menu_items": [{"name": "d", "description": "d", "command": ["d"], "platforms": {}}]}
)


def found(tmp_path: Path, tree: Tree, package: str = "demo") -> list[tuple[Severity, str | None]]:
    return [(finding.severity, finding.path) for finding in check_menus(installed(tmp_path, tree).entries, package)]


def test_a_good_document(tmp_path: Path) -> None:
    assert found(tmp_path, {"Menu/demo.json": GOOD}) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '"x"', "null", "{}", '{"menu_name": "x"}', '{"menu_items": [1]}', '{"menu_name": "", "menu_items": []}',
     "[" * 100_000, "\ufeff{}", "x" * ((1 << 20) + 1)],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_broken_documents(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, {"Menu/demo.json": text}) == [(Severity.ERROR, "Menu/demo.json")]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert found(tmp_path, {"Menu/demo.json": b"\xff\xfe\x00"}) == [(Severity.ERROR, "Menu/demo.json")]


def test_another_name_is_a_warning(tmp_path: Path) -> None:
    assert found(tmp_path, {"Menu/other.json": GOOD}) == [(Severity.WARNING, "Menu/other.json")]


def test_what_is_no_menu_document_is_not_looked_at(tmp_path: Path) -> None:
    tree: Tree = {
        "Menu/demo.ico": b"\0", "Menu/sub/x.json": "{", "share/Menu/x.json": "{", "menu/x.json": "{", "Menu.json": "{",
        "Menu/link.json": Link("demo.ico"),
    }  # fmt: skip
    assert found(tmp_path, tree) == []
