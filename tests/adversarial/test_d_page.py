"""The page on hostile packages has every id of the table with what its test expects, in order, and no other."""

from __future__ import annotations

import re

from tests.adversarial import test_d_packages
from tests.adversarial.attack import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "hostile-packages.md"


def test_the_page_has_every_id() -> None:
    marks = [mark for value in vars(test_d_packages).values() for mark in getattr(value, "pytestmark", [])]
    expectations = {(mark.args[0], mark.args[1]) for mark in marks if mark.name == "row"}
    rows = re.findall(r"^\| (D\d+) \| (.+?) \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == expectations
    assert [identity for identity, _ in rows] == [f"D{number}" for number in range(1, 21)]
