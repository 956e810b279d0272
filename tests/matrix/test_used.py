"""Which part of an assignment tells an output's renderings apart."""

from __future__ import annotations

from builder.matrix.siblings import Finished
from builder.matrix.used import own_keys
from tests.matrix.test_siblings import finished


def test_own_keys_are_used_ones_and_those_of_siblings() -> None:
    sibling: Finished = finished("lib", {"b": 1})
    assigned = {"a": 0, "b": 1, "ignored": 1}
    assert own_keys({"a": "x", "target_platform": "linux-64"}, assigned, {}) == {"a": 0}
    assert own_keys({"a": "x"}, assigned, {("package", "lib"): sibling}) == {"a": 0, "b": 1}
