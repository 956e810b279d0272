"""The build hash and build string against vectors that rattler-build 0.73 computed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.matrix.identity import build_hash, default_build_string, hash_input, language_prefix, value_text
from builder.model.recipe import Noarch
from builder.model.variant import VariantValue

VECTORS: list[tuple[dict[str, VariantValue], str]] = [
    ({"target_platform": "linux-64"}, "b0f4dca"),
    ({"libfoo": "0.1.0 hb0f4dca_0", "target_platform": "linux-64"}, "358597b"),
    ({"python": "3.11", "target_platform": "linux-64"}, "48b7412"),
    ({"python": "3.12", "target_platform": "linux-64"}, "738df08"),
    ({"k": 3, "target_platform": "linux-64", "w": 1}, "70a8fd7"),
    ({"k": "3", "target_platform": "linux-64", "w": 1}, "5daf14e"),
    ({"k": "3.10", "target_platform": "linux-64", "w": 1}, "2fa024a"),
    ({"k": True, "target_platform": "linux-64", "w": 1}, "6f6f36e"),
    ({"k": -3, "target_platform": "linux-64", "w": 1}, "d0f709c"),
    ({"k": "", "target_platform": "linux-64", "w": 1}, "25e9179"),
    ({"__unix": "__unix", "__glibc": "__glibc >=2.17", "__cuda": "__cuda >=12,<13",
      "lib": "1.2.3 py311h48b7412_0", "target_platform": "linux-64"}, "eda37ff"),
]  # fmt: skip


@pytest.mark.parametrize(("variant", "expected"), VECTORS)
def test_the_hash_is_the_peers(variant: dict[str, VariantValue], expected: str) -> None:
    assert build_hash(variant) == expected


def test_the_input_is_json_with_sorted_keys_and_plain_unicode() -> None:
    assert hash_input({"z": "ü", "a": False, "B": 2}) == '{"B": 2, "a": false, "z": "ü"}'


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(variant: dict[str, VariantValue], random: object) -> None:
    items = list(variant.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert hash_input(dict(items)) == hash_input(variant)
    assert json.loads(hash_input(variant)) == variant


@given(st.text() | st.integers() | st.booleans())
def test_values_of_different_types_are_different_input(value: VariantValue) -> None:
    for other in (str(value), 1, True, "1", "true"):
        same = type(other) is type(value) and other == value
        assert (hash_input({"k": other}) == hash_input({"k": value})) is same


@pytest.mark.parametrize(
    ("variant", "noarch", "expected"),
    [
        ({}, None, ""),
        ({"python": "3.11"}, None, "py311"),
        ({"python": "3.11.* *_cpython"}, None, "py311"),
        ({"python": "3.10.7"}, "generic", "py310"),
        ({"python": "3.11"}, "python", "py"),
        ({}, "python", "py"),
        ({"numpy": "1.26", "python": "3.12", "perl": "5.32.1", "lua": "5.4", "r_base": "4.3"}, None,
         "np126py312pl5321lua54r43"),
        ({"r": "4.2"}, None, "r42"),
        ({"r": "4.2", "r_base": "4.3"}, None, "r43"),
        ({"numpy": "2"}, None, "np2"),
        ({"python": 3}, None, "py3"),
        ({"perl": "5.32"}, None, "pl532"),
        ({"python_min": "3.10", "numpy_base": "1"}, None, ""),
    ],
)  # fmt: skip
def test_the_language_prefix(variant: dict[str, VariantValue], noarch: Noarch | None, expected: str) -> None:
    assert language_prefix(variant, noarch) == expected


def test_the_default_build_string() -> None:
    variant: dict[str, VariantValue] = {"python": "3.11", "target_platform": "linux-64"}
    assert default_build_string(variant, None, 2) == "py311h48b7412_2"
    assert default_build_string({"target_platform": "linux-64"}, None, 0) == "hb0f4dca_0"


def test_values_as_text() -> None:
    assert [value_text(value) for value in (True, False, 1, "True", "3.10")] == ["true", "false", "1", "True", "3.10"]
