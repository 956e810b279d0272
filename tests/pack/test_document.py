from __future__ import annotations

import json

import pytest

from builder.pack.document import json_text, without_empty, yaml_text
from builder.syntax import read_yaml
from builder.syntax.node import Mapping


def test_json_keeps_the_order_of_keys_and_the_letters() -> None:
    assert json_text({"b": 1, "a": ["ä", None]}) == '{\n  "b": 1,\n  "a": [\n    "ä",\n    null\n  ]\n}\n'.encode()
    assert json.loads(json_text({"tuple": ("a",)})) == {"tuple": ["a"]}


def test_what_json_cannot_say_is_an_error() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        json_text({"a": float("nan")})


def test_yaml() -> None:
    text = yaml_text({"version": "1.10", "list": ["no", 1, True, None], "empty": []})
    node = read_yaml(text, "x.yaml")
    assert isinstance(node, Mapping)
    assert text.decode().splitlines()[0] == 'version: "1.10"'


def test_empty_values_say_nothing() -> None:
    assert without_empty({"a": None, "b": "", "c": (), "d": [], "e": {}, "f": False, "g": 0}) == {"f": False, "g": 0}
