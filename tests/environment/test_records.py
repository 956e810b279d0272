"""Records as locked packages, and the order of linking."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.environment.records import canonical, dependencies_first, locked_package, made_at
from builder.errors import UsageError
from builder.model.environment import LockedPackage
from tests.environment.packages import EPOCH

RECORD = {
    "name": "a", "version": "1.0", "build": "h_0", "build_number": 3, "subdir": "noarch", "noarch": "generic", "depends": ["b >=1"],
    "constrains": ["c"], "sha256": "0" * 64, "md5": "1" * 32, "size": 12, "run_exports": {"weak": ["a"]}, "fn": "a-1.0-h_0.conda",
    "url": "file:///x", "channel": "x",
}  # fmt: skip


def test_a_record_becomes_a_locked_package() -> None:
    package = locked_package(RECORD, url="file:///c/noarch/a-1.0-h_0.conda", channel="/c")
    assert package == LockedPackage(
        name="a", version="1.0", build="h_0", build_number=3, subdir="noarch", file_name="a-1.0-h_0.conda",
        url="file:///c/noarch/a-1.0-h_0.conda", channel="/c", sha256="0" * 64, size=12, depends=("b >=1",), constrains=("c",),
        noarch="generic", record=package.record,
    )  # fmt: skip
    assert json.loads(package.record) == {
        key: value for key, value in RECORD.items() if key not in {"fn", "url", "channel"}
    }
    assert package.record == canonical(json.loads(package.record))


def test_a_record_may_leave_things_out() -> None:
    bare = {key: RECORD[key] for key in ("name", "version", "build", "build_number", "subdir", "sha256", "fn")}
    package = locked_package(bare, url="u", channel="c")
    assert (package.size, package.depends, package.constrains, package.noarch) == (0, (), (), None)


def test_a_record_must_have_a_digest() -> None:
    with pytest.raises(UsageError, match=r"the index of /c gives no sha256 for a-1\.0-h_0\.conda"):
        locked_package(RECORD | {"sha256": None}, url="u", channel="/c")


def made(name: str, *depends: str) -> LockedPackage:
    return replace(locked_package(RECORD, url="u", channel="c"), name=name, depends=depends)


def order(*packages: LockedPackage) -> str:
    return " ".join(package.name for package in dependencies_first(packages))


def test_dependencies_come_first() -> None:
    assert order(made("a", "b"), made("b", "c >=1"), made("c")) == "c b a"
    assert order(made("c"), made("b"), made("a")) == "a b c"
    assert order(made("a", "gone", "__glibc", "chan::b[build=x]", "C=1"), made("b"), made("c")) == "b c a"
    assert order() == ""


def test_cycles_end_where_they_were_entered() -> None:
    assert order(made("pip", "python"), made("python", "pip"), made("z")) == "python pip z"
    assert order(made("b", "b"), made("a", "b")) == "b a"
    assert order(made("a", "b"), made("b", "c"), made("c", "b"), made("d", "a")) == "c b a d"


def test_long_chains_are_no_deep_calls() -> None:
    chain = [made(f"p{at:05}", f"p{at + 1:05}") for at in range(5000)]
    assert [package.name for package in dependencies_first(chain)] == sorted((one.name for one in chain), reverse=True)


@settings(deadline=None)
@given(st.permutations("abcdef"), st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12))
def test_the_order_depends_on_nothing_but_the_packages(names: list[str], edges: set[tuple[str, str]]) -> None:
    packages = [made(name, *(need for user, need in edges if user == name)) for name in names]
    found = [package.name for package in dependencies_first(packages)]
    assert sorted(found) == sorted(names)
    assert found == [package.name for package in dependencies_first(reversed(packages))]
    if all(user > need for user, need in edges):
        assert all(found.index(need) < found.index(user) for user, need in edges)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, None),
        ({"timestamp": 1_600_000_000_000}, EPOCH),
        ({"timestamp": 1_600_000_000}, EPOCH),
        ({"timestamp": 1_600_000_000_000, "indexed_timestamp": 1_700_000_000_000}, 1_700_000_000),
        ({"timestamp": "yesterday"}, None),
    ],
)
def test_when_a_package_was_made(record: dict[str, object], expected: int | None) -> None:
    plain = {"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "fn": "a-1-0.conda"}
    package = locked_package({**plain, "sha256": "0" * 64, **record}, url="file:///a", channel="c")
    found = made_at(package)
    assert (None if found is None else found.timestamp()) == expected
