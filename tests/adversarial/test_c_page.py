"""The page on hostile sources has every id of the table with what its tests expect, in order, and no other."""

from __future__ import annotations

import re

from tests.adversarial import test_c_git, test_c_sources
from tests.adversarial.attack import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "hostile-sources.md"


def test_the_page_has_every_id() -> None:
    tests = [value for module in (test_c_sources, test_c_git) for value in vars(module).values()]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", []) if mark.name == "row"]
    expectations = {(mark.args[0], mark.args[1]) for mark in marks if mark.args[0].startswith("C")}
    rows = re.findall(r"^\| (C\d+) \| (.+?) \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == expectations
    assert [identity for identity, _ in rows] == [f"C{number}" for number in range(1, 17)]
