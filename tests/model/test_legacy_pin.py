"""Pins of a ``meta.yaml``: conda-build's arithmetic where it gives versions, what was meant where it does not.

``legacy_pin_facts.json`` holds what conda-build 26.7 gave: version, ``min_pin``, ``max_pin``, bounds.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.legacy_pin import LegacyPin
from builder.model.match_spec import MatchSpec
from builder.model.version import Version
from builder.model.version_spec import VersionSpec

FACTS: list[tuple[str, str | None, str | None, str]] = json.loads(
    (Path(__file__).parent / "legacy_pin_facts.json").read_text()
)
EXPRESSIONS = st.integers(1, 7).map(lambda count: ".".join("x" * count)) | st.none()


@pytest.mark.parametrize(("version", "min_pin", "max_pin", "bounds"), FACTS)
def test_bounds_are_conda_builds(version: str, min_pin: str | None, max_pin: str | None, bounds: str) -> None:
    assert LegacyPin(min_pin=min_pin, max_pin=max_pin).spec("it", version, "0") == f"it {bounds}"


@pytest.mark.parametrize(
    ("version", "max_pin", "bounds"),
    [
        ("1.2.3rc1", "x", ">=1.2.3rc1,<2.0a0"),
        ("1.2.3rc1", "x.x.x.x", ">=1.2.3rc1,<1.2.4a"),
        ("1.0z", "x.x.x", ">=1.0z,<1.1a"),
        ("1!2.3", "x.x", ">=1!2.3,<1!2.4.0a0"),
        ("1.2.dev3", "x", ">=1.2.0dev3,<2.0a0"),
        ("2024.1.post1", "x.x.x", ">=2024.1.0post1,<2024.1.1a"),
        ("1a.2b.3", "x.x", ">=1a.2b.3,<1b"),
    ],
)
def test_bounds_are_versions_where_conda_build_writes_none(version: str, max_pin: str, bounds: str) -> None:
    spec = LegacyPin(max_pin=max_pin).spec("it", version, "0")
    assert spec == f"it {bounds}"
    assert VersionSpec.parse(bounds).matches(Version.parse(version))


def test_bounds_of_the_recipe_stand_in_the_place_of_what_was_found() -> None:
    assert LegacyPin(lower_bound="1.5").spec("it", "1.9.2", "0") == "it >=1.5,<2.0a0"
    assert LegacyPin(upper_bound="3").spec("it", "1.9.2", "0") == "it >=1.9.2,<3"
    assert LegacyPin(lower_bound="1.5", upper_bound="3", min_pin=None).spec("it", "1.9.2", "0") == "it >=1.5,<3"
    assert LegacyPin(min_pin=None, upper_bound="3").spec("it", "1.9.2", "0") == "it <3"


def test_exact_pins_name_the_build_and_pins_of_nothing_are_names() -> None:
    assert LegacyPin(exact=True, max_pin="x").spec("it", "1.2", "h0_1") == "it 1.2 h0_1"
    assert LegacyPin(min_pin=None, max_pin=None).spec("it", "1.2", "h0_1") == "it"
    assert LegacyPin(min_pin=None, max_pin=None, build="*_cpu").spec("it", "1.2", "h0_1") == "it * *_cpu"
    assert LegacyPin(max_pin="x.x", build="*_cpu").spec("it", "1.2", "h0_1") == "it >=1.2,<1.3.0a0 *_cpu"


def test_a_bound_that_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a version"):
        LegacyPin(lower_bound="1..2").spec("it", "1.2", "0")


def test_the_words_of_a_pin_tell_its_bounds() -> None:
    assert LegacyPin(min_pin="x.x", max_pin=None).words == "x.x to None"


@given(
    st.from_regex(r"(0|[1-9][0-9]{0,3})(\.(0|[1-9][0-9]{0,3})){0,6}([a-y]|rc[0-9])?", fullmatch=True),
    EXPRESSIONS,
    EXPRESSIONS,
)
def test_what_was_found_meets_its_own_pin(version: str, min_pin: str | None, max_pin: str | None) -> None:
    spec = MatchSpec.parse(LegacyPin(min_pin=min_pin, max_pin=max_pin).spec("it", version, "0"))
    assert spec.matches("it", Version.parse(version), "0")


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5), EXPRESSIONS)
def test_the_upper_bound_keeps_the_next_line_out(numbers: list[int], max_pin: str | None) -> None:
    spec = MatchSpec.parse(LegacyPin(max_pin=max_pin).spec("it", ".".join(map(str, numbers)), "0"))
    count = min(len(numbers), max_pin.count("x") if max_pin else 0)
    following = [*numbers[: count - 1], numbers[count - 1] + 1] if count else [99]
    assert spec.matches("it", Version.parse(".".join(map(str, following))), "0") is (max_pin is None)


@given(st.text("0123456789.", min_size=1, max_size=8), st.text("x.", max_size=8))
def test_no_expression_makes_it_fail_with_anything_but_a_reason(version: str, expression: str) -> None:
    try:
        Version.parse(version)
    except ValueError:
        return
    assert LegacyPin(min_pin=expression, max_pin=expression).spec("it", version, "0").startswith("it")
