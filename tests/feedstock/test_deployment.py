"""One macOS version for the standard library, the linker and the SDK."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import UsageError
from builder.feedstock.deployment import KEYS, SDK, STDLIB, TARGET, with_one_deployment_target
from builder.matrix.v0.space import Axis, LegacySpace
from builder.model.version import Version

VERSIONS = st.sampled_from(["10.9", "10.13", "11.0", "11", "11.3", "12.3", "14"])


def space(values: Mapping[str, tuple[str, ...]], platform: str = "osx-64") -> LegacySpace:
    axes = [Axis((key,), tuple((value,) for value in many)) for key, many in values.items()]
    return LegacySpace(fixed={}, axes=(Axis(("target_platform",), ((platform,),)), *axes))


def values(found: LegacySpace, key: str) -> list[object]:
    return next((list(axis.column(key)) for axis in found.axes if key in axis.keys), [])


@pytest.mark.parametrize(
    ("given_values", "expected"),
    [
        ({STDLIB: ("10.13",)}, {STDLIB: ["10.13"], TARGET: ["10.13"], SDK: ["10.13"]}),
        ({STDLIB: ("10.13",), TARGET: ("11.0",)}, {STDLIB: ["11.0"], TARGET: ["11.0"], SDK: ["11.0"]}),
        ({STDLIB: ("12.3",), TARGET: ("11.0",), SDK: ("14",)}, {STDLIB: ["12.3"], TARGET: ["12.3"], SDK: ["14"]}),
        ({STDLIB: ("10.9",), SDK: ("10.13",)}, {STDLIB: ["10.9"], TARGET: ["10.9"], SDK: ["10.13"]}),
        ({STDLIB: ("11.0",), TARGET: ("11",), SDK: ("11",)}, {STDLIB: ["11.0"], TARGET: ["11.0"], SDK: ["11"]}),
        ({STDLIB: ("10.9", "11.3"), TARGET: ("11.0",)}, {STDLIB: ["11.0", "11.3"], TARGET: ["11.0", "11.3"]}),
    ],
)
def test_the_newest_counts(given_values: dict[str, tuple[str, ...]], expected: dict[str, list[str]]) -> None:
    found = with_one_deployment_target(space(given_values))
    assert {key: values(found, key) for key in expected} == expected


@pytest.mark.parametrize("platform", ["linux-64", "win-64"])
def test_other_systems_stay(platform: str) -> None:
    given_space = space({STDLIB: ("2.17",), TARGET: ("11.0",)}, platform)
    assert with_one_deployment_target(given_space) is given_space


def test_without_the_standard_library_nothing_changes() -> None:
    given_space = space({TARGET: ("11.0",), SDK: ("10.9",)})
    assert with_one_deployment_target(given_space) is given_space


def test_what_is_zipped_with_a_version_stays_with_it() -> None:
    zipped = Axis((STDLIB, "crust"), (("10.9", "thin"), ("12.3", "thick")))
    given_space = LegacySpace(fixed={}, axes=(*space({TARGET: ("11.0",)}).axes, zipped))
    found = with_one_deployment_target(given_space)
    assert next(axis.rows for axis in found.axes if "crust" in axis.keys) == (("11.0", "thin"), ("12.3", "thick"))


def test_ranges_are_refused() -> None:
    with pytest.raises(UsageError, match="is not one version"):
        with_one_deployment_target(space({STDLIB: (">=10.13",)}))


def test_very_many_are_refused_at_once() -> None:
    many = tuple(f"11.{number}" for number in range(1000))
    with pytest.raises(UsageError, match="1,000,000,000 combinations"):
        with_one_deployment_target(space({STDLIB: many, TARGET: many, SDK: many}))


@given(stdlib=VERSIONS, target=VERSIONS, sdk=VERSIONS)
def test_the_sdk_is_never_older_and_nothing_gets_older(stdlib: str, target: str, sdk: str) -> None:
    found = with_one_deployment_target(space({STDLIB: (stdlib,), TARGET: (target,), SDK: (sdk,)}))
    (new_stdlib,), (new_target,), (new_sdk,) = ([Version.parse(str(one)) for one in values(found, key)] for key in KEYS)
    assert new_stdlib == new_target == max(Version.parse(stdlib), Version.parse(target))
    assert new_sdk == max(new_stdlib, Version.parse(sdk))
    assert with_one_deployment_target(found).axes == found.axes
