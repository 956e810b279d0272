"""The table of ids: what a reader of it sees when tests pass, fail, escape, or never begin."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.adversarial.attack import ENDS, row
from tests.adversarial.table import Table

Said = tuple[str, str, str, int, str, bool, float, int]


def report(
    said: Said, outcome: Literal["passed", "failed", "skipped"] = "passed", when: Literal["setup", "call"] = "call"
) -> pytest.TestReport:
    return pytest.TestReport(
        "test_c.py::test", ("test_c.py", 1, "test"), {}, outcome, None, when, user_properties=[("row", list(said))]
    )


def tables(*reports: pytest.TestReport) -> dict[str, list[str]]:
    table = Table()
    for one in reports:
        table.pytest_runtest_logreport(one)
    return dict(table.tables())


def test_each_group_has_a_table_and_all_have_one_line() -> None:
    found = tables(
        report(("C10", "at most 500,000 members", "refused", 2, "", False, 0.0, 0)),
        report(("C2", "no absolute path", "refused", 1, "", False, 0.0, 0)),
        report(("D8", "no set-user-ID", "stripped", 3, "", False, 0.0, 0)),
        report(("E7", "named and left out", "skipped", 1_000, "", False, 0.0, 0)),
    )
    assert found == {
        "hostile sources": [
            "id    inputs  CPU s   MiB  expected                 what happened",
            "C2         1      -     -  no absolute path         refused",
            "C10        2      -     -  at most 500,000 members  refused",
        ],
        "hostile packages": ["id    inputs  CPU s   MiB  expected        what happened", "D8         3      -     -  no set-user-ID  stripped"],
        "hostile channels": [
            "id    inputs  CPU s   MiB  expected            what happened", "E7      1000      -     -  named and left out  skipped",
        ],
        "all hostile inputs": ["4 ids, 1,006 inputs: 2 refused, 1 skipped, 1 stripped, 0 escaped"],
    }  # fmt: skip


def test_the_costliest_input_is_what_an_id_costs() -> None:
    found = tables(
        report(("C9", "bombs", "refused", 9, "", False, 0.613, 90 << 20)),
        report(("C9", "bombs", "refused", 1, "", False, 1.2, 80 << 20)),
        report(("C9", "bombs", "refused", 1, "", False, 0.0, 0)),
    )
    assert found["hostile sources"][1:] == ["C9        11   1.20    90  bombs     refused"]


def test_several_tests_of_an_id_are_one_row() -> None:
    first, second = ("C11", "twins", "refused", 4, "", False, 0.0, 0), ("C11", "twins", "warned", 3, "", False, 0.0, 0)
    found = tables(report(first), report(second), report(first))
    assert found["hostile sources"][1:] == ["C11       11      -     -  twins     refused, warned"]
    assert found["all hostile inputs"] == ["1 ids, 11 inputs: 1 refused, 1 warned, 0 escaped"]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("outcome", "when", "escaped", "end", "count"),
    [
        ("failed", "call", True, "ESCAPED", "1 escaped"),
        ("failed", "call", False, "NOT AS EXPECTED", "0 escaped, 1 not as expected"),
        ("failed", "setup", False, "NOT TRIED", "0 escaped, 1 not tried"),
    ],
)
def test_one_bad_end_is_the_end_of_the_id(
    outcome: Literal["failed"], when: Literal["setup", "call"], escaped: bool, end: str, count: str, order: int
) -> None:
    good = report(("D1", "stays inside", "refused", 1, "", False, 0.0, 0))
    bad = report(("D1", "stays inside", "refused", 1, "", escaped, 0.0, 0), outcome, when)
    found = tables(*[good, bad][::order])
    assert found["hostile packages"][1] == f"D1         2      -     -  stays inside  {end}"
    assert found["all hostile inputs"] == [f"1 ids, 2 inputs: {count}"]


def test_scripts_have_a_column_for_each_back_end_and_place() -> None:
    found = tables(
        report(("G1", "no more", "contained", 0, "bubblewrap build", False, 0.0, 0)),
        report(("G1", "no more", "contained", 0, "docker test", False, 0.0, 0), "failed"),
    )
    assert list(found) == ["hostile scripts"]
    head, line, counts = found["hostile scripts"]
    assert head.split("  ")[1:] == [
        "",
        "expected",
        "bubblewrap build",
        "bubblewrap test",
        "docker build",
        "docker test",
    ]
    assert line.split() == ["G1", "no", "more", "contained", "-", "-", "ESCAPED"]
    assert counts == "1 ids on bubblewrap and docker: 1 contained, 1 escaped, 0 not tried"


def test_a_set_up_that_went_well_says_nothing_yet() -> None:
    assert tables(report(("E1", "bytes", "refused", 1, "", False, 0.0, 0), "passed", "setup")) == {}


def test_an_id_is_the_name_of_its_test() -> None:
    def test_e14_cycles() -> None:
        """Nothing."""

    assert row("E14", "ends", "refused")(test_e14_cycles) is test_e14_cycles
    with pytest.raises(AssertionError, match="test_e14_cycles"):
        row("E1", "ends")(test_e14_cycles)
    with pytest.raises(AssertionError, match="vanished"):
        row("E14", "ends", "vanished")(test_e14_cycles)
    assert "vanished" not in ENDS
