"""Packages that solvers cannot tell apart: which these are, and what the warning says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.channel import Channel
from builder.channel.alike import alike, with_findings
from builder.model.finding import Finding, Severity
from builder.model.outcome import Ending, Outcome
from builder.model.task import Plan, Task
from builder.model.variant import Variant
from tests.channel.making import make_package
from tests.report.values import rendering

RECORD = {"name": "zlib", "version": "1.3", "build_number": 0, "depends": ["a", "b"], "constrains": [], "build": "h1_0"}


def records(**changes: Mapping[str, object]) -> dict[str, str]:
    """An index of `RECORD` with changes, by file name."""
    return {f"{name}.conda": json.dumps({**RECORD, **change}) for name, change in changes.items()}


@pytest.mark.parametrize(
    "change",
    [
        {"build": "h2_0", "sha256": "1" * 64, "size": 7, "timestamp": 9},
        {"depends": ["b", "a"]},
        {"license": "MIT"},
    ],
    ids=["build", "order", "licence"],
)
def test_what_no_solver_goes_by_tells_nothing_apart(change: dict[str, object]) -> None:
    assert alike(records(one={}, two=change)) == (("one.conda", "two.conda"),)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1.4"},
        {"build_number": 1},
        {"depends": ["a"]},
        {"depends": ["a", "b >=2"]},
        {"constrains": ["c"]},
        {"track_features": "zlib-p-0"},
        {"name": "zlob"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_solvers_go_by_does(change: dict[str, object]) -> None:
    assert alike(records(one={}, two=change)) == ()


def test_both_formats_of_a_package_are_one() -> None:
    record = json.dumps(RECORD)
    both = {"zlib-1.3-h1_0.conda": record, "zlib-1.3-h1_0.tar.bz2": record}
    assert alike(both) == ()
    third = "zlib-1.3-h2_0.tar.bz2"
    assert alike({**both, third: record}) == (("zlib-1.3-h1_0.conda", third),)
    old = dict.fromkeys(("zlib-1.3-h1_0.tar.bz2", third), record)
    assert alike(old) == (tuple(old),)


@given(st.lists(st.sampled_from([0, 1, 2]), max_size=8))
def test_each_package_is_in_the_group_of_its_like(numbers: list[int]) -> None:
    found = alike({f"{place}.conda": json.dumps({**RECORD, "build_number": n}) for place, n in enumerate(numbers)})
    expected = [
        [f"{place}.conda" for place, n in enumerate(numbers) if n == number] for number in dict.fromkeys(numbers)
    ]
    assert sorted(map(list, found)) == sorted(group for group in expected if len(group) > 1)


def test_a_record_without_lists_is_one_without_needs() -> None:
    assert alike(records(one={"depends": None}, two={"depends": []})) == (("one.conda", "two.conda"),)


def built(channel: Channel, folder: Path, *variants: Mapping[str, str], **extra: object) -> tuple[Plan, list[Outcome]]:
    """Publish a package ``zlib`` for each variant; the plan and the ends of the run that would have done so."""
    tasks, outcomes = [], []
    for variant in variants:
        build = f"h{'_'.join(variant.values())}_0"
        made = make_package(folder, "zlib", extra={"build": build, **extra})
        channel.publish(made)
        one = replace(rendering("zlib"), build_string=build, variant=Variant.of(variant))
        tasks.append(Task(id=one.identity, rendering=one, recipe_key="k"))
        outcomes.append(Outcome(task_id=one.identity, ending=Ending.BUILT, file_name=made.file_name))
    return Plan(tasks=tuple(tasks)), outcomes


def findings(plan: Plan, outcomes: list[Outcome], channel: Channel) -> list[tuple[Finding, ...]]:
    return [outcome.findings for outcome in with_findings(plan, outcomes, channel)]


GCC, CLANG = {"c_compiler": "gcc", "level": "1"}, {"c_compiler": "clang", "level": "1"}


def test_the_warning_names_the_other_package_the_keys_and_the_remedy(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    (first,), (second,) = findings(*built(channel, tmp_path, GCC, CLANG), channel)
    assert first.severity is second.severity is Severity.WARNING
    assert first.message == (
        "solvers cannot tell it from zlib-1.0-hclang_1_0.conda, which has the same version, build number and dependencies: "
        "c_compiler is clang or gcc"
    )
    assert "zlib-1.0-hgcc_1_0.conda" in second.message
    assert first.remedy is not None
    assert (
        'down_prioritize_variant: 1 for those that should be taken last, for example ${{ 1 if c_compiler == "gcc"'
        in first.remedy
    )


def test_packages_of_which_one_is_wanted_less_have_none(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    plan, outcomes = built(channel, tmp_path, GCC)
    more, others = built(channel, tmp_path, CLANG, track_features="zlib-p-0")
    assert findings(Plan(tasks=plan.tasks + more.tasks), outcomes + others, channel) == [(), ()]


def test_what_an_earlier_run_left_is_told_with_what_it_was_built_for(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    built(channel, tmp_path, GCC, hash_input=GCC)
    plan, outcomes = built(channel, tmp_path, CLANG)
    ((finding,),) = findings(plan, outcomes, channel)
    assert finding.message.endswith("dependencies: c_compiler is clang or gcc")
    assert finding.remedy is not None
    assert finding.remedy.startswith("raise build.number, or remove what an earlier run left in the channel")


def test_a_package_that_does_not_say_what_it_was_built_for_is_told_too(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    built(channel, tmp_path, GCC)
    ((finding,),) = findings(*built(channel, tmp_path, CLANG), channel)
    assert finding.message.endswith("c_compiler is clang or none; level is 1 or none")


def test_three_are_one_warning_each(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    levels = [{"level": str(level)} for level in (1, 2, 3)]
    found = findings(*built(channel, tmp_path, *levels), channel)
    assert [len(one) for one in found] == [1, 1, 1]
    assert all("and 1 more, which" in finding.message for (finding,) in found)
    assert all(finding.message.endswith("level is 1 or 2 or 3") for (finding,) in found)


def test_what_failed_or_is_of_another_name_is_not_looked_at(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    plan, outcomes = built(channel, tmp_path, GCC, CLANG)
    for subdir, name in (("linux-64", "other"), ("noarch", "zlib")):
        for build in ("h1_0", "h2_0"):
            channel.publish(make_package(tmp_path, name, extra={"build": build, "subdir": subdir}))
    failed = [replace(outcome, ending=Ending.FAILED, file_name=None) for outcome in outcomes]
    assert findings(plan, failed, channel) == [(), ()]
    assert [len(found) for found in findings(plan, outcomes, channel)] == [1, 1]


def test_findings_that_are_there_stay(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    plan, outcomes = built(channel, tmp_path, GCC, CLANG)
    note = Finding(check="links", severity=Severity.NOTE, message="a note")
    found = findings(plan, [replace(outcome, findings=(note,)) for outcome in outcomes], channel)
    assert [[one.check for one in own] for own in found] == [["links", "choice"], ["links", "choice"]]
