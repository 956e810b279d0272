"""The page on hostile channels has every id of the table with what its test expects, in order, and its limits."""

from __future__ import annotations

import re

from builder.environment.access import Access
from builder.environment.judge import LIMITS
from builder.environment.shards import MOST
from tests.adversarial import test_e_channel, test_e_index
from tests.adversarial.attack import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "hostile-channels.md"


def test_the_page_has_every_id() -> None:
    values = [*vars(test_e_index).values(), *vars(test_e_channel).values()]
    marks = [mark for value in values for mark in getattr(value, "pytestmark", [])]
    expectations = {(mark.args[0], mark.args[1]) for mark in marks if mark.name == "row"}
    rows = re.findall(r"^\| (E\d+) \| (.+?) \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == expectations
    assert [identity for identity, _ in rows] == [f"E{number}" for number in range(1, 15)]


def test_the_page_has_the_limits() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for line in (
        f"an index, unpacked | {LIMITS.bytes >> 30} GiB", f"records in it | {LIMITS.records:,}",
        f"one value in it | {LIMITS.value >> 20} Mi characters", f"or a shard, unpacked | {MOST >> 20} MiB",
        f"{LIMITS.items:,} each, of {LIMITS.text:,} characters", f"a version | {LIMITS.name} characters",
        f"one solve | {Access().longest.seconds} s",
    ):  # fmt: skip
        assert line in text, line
