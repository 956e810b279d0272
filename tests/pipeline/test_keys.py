"""Build keys change with whatever could change a package's bytes, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.model.environment import DependencyOrigin, Environment, Environments, LockedPackage, RunDependency
from builder.model.task import Task
from builder.pipeline.keys import build_key
from tests.report.values import task

EXPLANATION = (
    ("the name", "linux-64/a-1.0-0"),
    ("the file build.sh", "1" * 64),
    ("the host dependency zlib", "2" * 64),
)


def explained(*entries: tuple[str, str]) -> Task:
    return replace(task("a"), explanation=entries or EXPLANATION)


def locked(name: str, sha256: str) -> LockedPackage:
    return LockedPackage(
        name=name, version="1", build="0", build_number=0, subdir="linux-64", file_name=f"{name}-1-0.conda",
        url=f"https://example.org/{name}-1-0.conda", channel="https://example.org", sha256=sha256, size=1,
    )  # fmt: skip


ZLIB = locked("zlib", "a" * 64)
GCC = locked("gcc", "b" * 64)
ENVIRONMENTS = Environments(build=Environment(packages=(GCC,)), host=Environment(packages=(ZLIB,)))
KEY = build_key(explained(), ENVIRONMENTS, None, {})


def test_the_key_is_the_same_for_the_same_things() -> None:
    assert build_key(explained(), ENVIRONMENTS, None, {}) == KEY
    assert len(KEY) == 64


def test_a_dependencys_recipe_key_does_not_count_its_package_does() -> None:
    other = (*EXPLANATION[:2], ("the host dependency zlib", "9" * 64))
    assert build_key(explained(*other), ENVIRONMENTS, None, {}) == KEY
    rebuilt = replace(ENVIRONMENTS, host=Environment(packages=(locked("zlib", "c" * 64),)))
    assert build_key(explained(), rebuilt, None, {}) != KEY


def test_a_rebuilt_package_that_nobody_can_tell_from_the_old_one_does_not_count() -> None:
    old = build_key(explained(), ENVIRONMENTS, None, {"a" * 64: "same"})
    rebuilt = replace(ENVIRONMENTS, host=Environment(packages=(locked("zlib", "c" * 64),)))
    assert build_key(explained(), rebuilt, None, {"c" * 64: "same"}) == old


@pytest.mark.parametrize(
    ("changed", "environments", "staging"),
    [
        ((*EXPLANATION[:1], ("the file build.sh", "3" * 64)), ENVIRONMENTS, None),
        (EXPLANATION, replace(ENVIRONMENTS, build=Environment()), None),
        (EXPLANATION, replace(ENVIRONMENTS, build=ENVIRONMENTS.host, host=ENVIRONMENTS.build), None),
        (EXPLANATION, ENVIRONMENTS, "d" * 64),
        (EXPLANATION, replace(ENVIRONMENTS, depends=(RunDependency(spec="x", origin=DependencyOrigin.RECIPE),)), None),
    ],
)
def test_everything_else_counts(
    changed: tuple[tuple[str, str], ...], environments: Environments, staging: str | None
) -> None:
    assert build_key(explained(*changed), environments, staging, {}) != KEY


def test_the_order_of_packages_does_not_count() -> None:
    both = replace(ENVIRONMENTS, host=Environment(packages=(ZLIB, GCC)))
    turned = replace(ENVIRONMENTS, host=Environment(packages=(GCC, ZLIB)))
    assert build_key(explained(), both, None, {}) == build_key(explained(), turned, None, {})
