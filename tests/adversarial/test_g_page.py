"""The page on hostile scripts has every id of the table with what its test expects, in order, and no other."""

from __future__ import annotations

import re

from tests.adversarial import test_g_endings, test_g_leavings, test_g_scripts
from tests.adversarial.attack import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "hostile-scripts.md"


def expectations() -> dict[str, str]:
    marked = [value for module in (test_g_scripts, test_g_endings, test_g_leavings) for value in vars(module).values()]
    marks = [mark for value in marked for mark in getattr(value, "pytestmark", []) if mark.name == "row"]
    return {mark.args[0]: mark.args[1] for mark in marks}


def test_the_page_has_every_id() -> None:
    rows = re.findall(r"^\| (G\d+) \| (.+?) \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == expectations()
    assert [identity for identity, _ in rows] == [f"G{number}" for number in range(1, 23)]
