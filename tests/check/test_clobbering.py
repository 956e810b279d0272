"""Findings about packages that bring one path into an environment."""

from __future__ import annotations

from builder.check.clobbering import check_clobbering, clashing
from builder.model.environment import Clash, ClashKind
from builder.model.finding import Severity
from tests.check.packages import around, relocated


def clash(path: str, winner: str = "a", *losers: str, kind: ClashKind = ClashKind.OTHER, other: str = "") -> Clash:
    return Clash(path=path, winner=winner, losers=losers or ("b",), kind=kind, other=other)


def test_which_packages_which_path_and_whose_is_there() -> None:
    (found,) = clashing([clash("bin/x")], "the host environment")
    assert (found.check, found.severity, found.path) == ("clobbering", Severity.WARNING, "bin/x")
    assert found.message == "the host environment: a and b bring it; that of a is there"
    assert found.remedy


def test_many_paths_of_the_same_packages_are_one_finding() -> None:
    found = list(clashing([clash("x"), clash("y"), clash("z", "b", "a"), clash("w", "a", "b", "c")], "here"))
    assert [(one.path, one.message) for one in found] == [
        ("x", "here: a and b bring it; that of a is there, and 1 more"),
        ("z", "here: b and a bring it; that of b is there"),
        ("w", "here: a, b and c bring it; that of a is there"),
    ]


def test_the_same_bytes_are_a_note() -> None:
    (found,) = clashing([clash("x", kind=ClashKind.SAME)], "here")
    assert (found.severity, found.message) == (Severity.NOTE, "here: a and b bring it, with the same bytes")


def test_paths_that_differ_in_case_are_told_with_both_spellings() -> None:
    (found,) = clashing([clash("x/Read", kind=ClashKind.CASE, other="x/read")], "here")
    assert found.severity is Severity.WARNING
    assert found.message == "here: a brings it, and b x/read, one file where case does not count"


def test_both_environments_of_a_build_are_looked_at() -> None:
    context = around(clashes=(("the build environment", (clash("x"),)), ("the host environment", (clash("y"),))))
    found = list(check_clobbering(relocated(), context))
    assert [one.message.partition(":")[0] for one in found] == ["the build environment", "the host environment"]
    assert list(check_clobbering(relocated(), around())) == []
