"""Variants behave like immutable mappings that remember where their values came from."""

from __future__ import annotations

import pickle

import pytest

from builder.model.variant import Origin, Variant

VARIANT = Variant.of({"b": "1", "a": 2, "c": True}, {"a": Origin(source="v.yaml", line=3), "z": Origin(source="gone")})


def test_it_is_a_sorted_mapping() -> None:
    assert list(VARIANT) == ["a", "b", "c"]
    assert dict(VARIANT) == {"a": 2, "b": "1", "c": True}
    assert len(VARIANT) == 3
    assert "a" in VARIANT
    assert "x" not in VARIANT
    assert VARIANT.get("x", 0) == 0
    with pytest.raises(KeyError, match="x"):
        VARIANT["x"]


def test_values_decide_equality_and_origins_do_not() -> None:
    same = Variant.of({"c": True, "a": 2, "b": "1"})
    assert same == VARIANT
    assert hash(same) == hash(VARIANT)
    assert Variant.of({"a": "2", "b": "1", "c": True}) != VARIANT
    assert pickle.loads(pickle.dumps(VARIANT)).origins == VARIANT.origins


def test_origins() -> None:
    assert str(VARIANT.origin("a")) == "v.yaml:3"
    assert str(Origin(source="--variant")) == "--variant"
    assert VARIANT.origin("b") is None
    assert [key for key, _ in VARIANT.origins] == ["a"]


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        VARIANT.pairs = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        VARIANT["a"] = 1  # type: ignore[index]
