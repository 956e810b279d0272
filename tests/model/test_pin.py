"""Pins against rattler-build's documented table, and against its solver's own reading."""

from __future__ import annotations

import pytest
import rattler
from hypothesis import given
from hypothesis import strategies as st

from builder.model.match_spec import MatchSpec
from builder.model.pin import Pin
from builder.model.version import Version
from tests.model.literals import unhurried, versions

TABLE = [
    ({}, "1.2.3", "foo >=1.2.3,<2.0a0"),
    ({}, "1.2.3.4.5.6.7", "foo >=1.2.3.4.5.6,<2.0a0"),
    ({}, "1", "foo >=1,<2.0a0"),
    ({}, "9d", "foo >=9d,<10a"),
    ({}, "1!1.2", "foo >=1!1.2,<1!2.0a0"),
    ({}, "1.01", "foo >=1.1,<2.0a0"),
    ({}, "1.2+3", "foo >=1.2+3,<2.0a0"),
    ({"lower_bound": "x.x", "upper_bound": "x.x.x"}, "9.0", "foo >=9.0,<9.0.1.0a0"),
    ({"lower_bound": "x.x", "upper_bound": "x.x"}, "1.2.3", "foo >=1.2,<1.3.0a0"),
    ({"lower_bound": "x.x.x.x", "upper_bound": "x.x.x"}, "9", "foo >=9,<9.0.1.0a0"),
    ({"lower_bound": None, "upper_bound": "x.x"}, "9d", "foo <9d.1.0a0"),
    ({"lower_bound": "x.x.x", "upper_bound": None}, "1.2.3", "foo >=1.2.3"),
    ({"lower_bound": None, "upper_bound": None}, "1.2.3", "foo"),
    ({"upper_bound": "x.x.x"}, "1.1.1w", "foo >=1.1.1w,<1.1.2a"),
    ({"upper_bound": "x.x.x.x"}, "1.2", "foo >=1.2,<1.2.0.1.0a0"),
    ({"upper_bound": "2.4"}, "1.2.3", "foo >=1.2.3,<2.4"),
    ({"lower_bound": "1.0", "upper_bound": "2.0"}, "1.2.3", "foo >=1.0,<2.0"),
    ({"build": "cuda*"}, "1.2.3", "foo >=1.2.3,<2.0a0 cuda*"),
    ({"build": "h*", "lower_bound": None, "upper_bound": None}, "1.2.3", "foo * h*"),
    ({"exact": True}, "1.2.3", "foo ==1.2.3 h1234_0"),
    ({"exact": True, "lower_bound": None, "upper_bound": None}, "1.2.3+a", "foo ==1.2.3+a h1234_0"),
]


@pytest.mark.parametrize(("arguments", "version", "expected"), TABLE)
def test_pins(arguments: dict[str, str | bool | None], version: str, expected: str) -> None:
    assert Pin(**arguments).spec("foo", version, "h1234_0") == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("bound", ["", ".", "x.", ".x", "xx", "x..x", "x x", "1 2", "x.y z", "1.*"])
def test_what_is_no_bound(bound: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        Pin(lower_bound=bound)
    with pytest.raises(ValueError, match="is not a"):
        Pin(upper_bound=bound)


def test_exact_and_build_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exact"):
        Pin(exact=True, build="h*")


@unhurried
@given(version=versions(), lower=st.integers(1, 6), upper=st.integers(1, 4))
def test_the_version_itself_is_inside_its_pin(version: str, lower: int, upper: int) -> None:
    pin = Pin(lower_bound=".".join("x" * lower), upper_bound=".".join("x" * upper))
    spec = pin.spec("foo", version, "h_0")
    found = Version.parse(version)
    kept = found.with_segments(lower)
    if kept <= found < found.with_segments(upper).bump(upper).with_alpha().without_local():
        assert MatchSpec.parse(spec).matches("foo", found, "h_0")
    assert str(rattler.MatchSpec(spec, strict=True)) == spec


@unhurried
@given(version=versions())
def test_an_exact_pin_reads_back(version: str) -> None:
    spec = Pin(exact=True).spec("foo", version, "h1_0")
    assert str(rattler.MatchSpec(spec, strict=True)) == spec == str(MatchSpec.parse(spec, strict=True))
    assert MatchSpec.parse(spec).matches("foo", Version.parse(version), "h1_0")
    assert not MatchSpec.parse(spec).matches("foo", Version.parse(version), "h1_1")
