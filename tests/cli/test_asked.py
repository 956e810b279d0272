"""What the options ask of packages and of solves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from builder.cli.asked import packaging_of, rules_of
from builder.cli.options import PackageChoice
from builder.errors import UsageError
from builder.model.packaging import Packaging
from builder.model.solving import SolveRules


def read(choice: PackageChoice) -> tuple[Packaging, SolveRules]:
    return packaging_of(choice), rules_of(SolveRules(), choice)


def test_as_always() -> None:
    assert packaging_of(PackageChoice()) == Packaging()
    rules = SolveRules(channel_priority="disabled")
    assert rules_of(rules, PackageChoice()) is rules


def test_everything_at_once() -> None:
    choice = PackageChoice(
        package_format="tar.bz2:3", compression_threads=5, include_recipe=False, extra_meta=("sha=1", "url=a=b", "sha=")
    )
    packaging = Packaging(
        file_type="tar.bz2", level=3, threads=5, extra=(("sha", ""), ("url", "a=b")), with_recipe=False
    )
    assert read(choice) == (packaging, SolveRules())
    newest = PackageChoice(exclude_newer="2024-03-15T14:00:00+02:00")
    assert read(newest) == (Packaging(), SolveRules(newest=datetime(2024, 3, 15, 12, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("choice", "code", "message"),
    [
        (PackageChoice(package_format="zip"), "cli.package-format", "--package-format: 'zip' is not a package format"),
        (PackageChoice(package_format="conda:99"), "cli.package-format", "a number from -7 to 22"),
        (PackageChoice(extra_meta=("sha",)), "cli.extra-meta", "--extra-meta 'sha' is not KEY=VALUE"),
        (PackageChoice(extra_meta=("a=\udcff",)), "cli.extra-meta", r"--extra-meta 'a=\udcff' is not KEY=VALUE"),
        (PackageChoice(extra_meta=("a=1", "=1")), "cli.extra-meta", "--extra-meta '=1' is not KEY=VALUE"),
        (PackageChoice(exclude_newer="yesterday"), "cli.exclude-newer", "--exclude-newer: 'yesterday' is no time"),
    ],
)
def test_what_cannot_be_meant(choice: PackageChoice, code: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(choice)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert message in problem.message
    assert problem.remedy
