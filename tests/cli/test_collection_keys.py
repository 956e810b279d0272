"""The rows of a collection's keys, and the schema that is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from builder.cli.collection import Collection, read_collection
from builder.cli.collection_keys import COLLECTION_KEYS, WORDS, Holds, collection_schema
from builder.errors import RecipeError
from builder.model.policy import Policy
from builder.syntax import read_yaml, write_yaml
from tests.recipe.documents import Json, as_json

CHECKOUT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(collection_schema())


def refused(data: Json, folder: Path) -> bool:
    file = folder / "bakehouse.yaml"
    file.write_text(write_yaml(data))
    try:
        read_collection(file)
    except RecipeError:
        return True
    return False


def test_the_schema_is_one_and_has_every_key() -> None:
    schema = collection_schema()
    Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert list(properties) == [key.name for key in COLLECTION_KEYS]
    for key in COLLECTION_KEYS:
        described = properties[key.name]["description"]
        assert described == key.doc or ("](" in key.doc and "](" not in described)
    assert set(WORDS) == {key.holds for key in COLLECTION_KEYS} == set(get_args(Holds))


def test_every_key_is_a_field_of_a_collection() -> None:
    fields = {*Collection.__annotations__, *Policy.__annotations__}
    assert {key.name for key in COLLECTION_KEYS} - {"conda_build_rules"} <= fields


@pytest.mark.parametrize(
    "path", sorted(CHECKOUT.rglob("bakehouse.yaml")), ids=lambda path: str(path.relative_to(CHECKOUT))
)
def test_every_collection_here_is_valid(path: Path) -> None:
    data = as_json(read_yaml(path.read_bytes(), str(path)))
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


VALUES: list[Json] = [
    None,
    "text",
    3,
    True,
    [],
    ["a", 1],
    [["a"]],
    {},
    {"a": "b"},
    {"https://a.example.org/": ["https://b.example.org/"]},
    "podman",
    "none",
    {"memory": "8G", "wall": 90, "zlib": {"silence": "none"}},
    {"memory": "8X"},
    {"wall": "soon"},
    {"processes": "1k"},
    {"zlib": {"network": True, "mounts": ["/a:/opt/a:rw"], "tests": {"network": False}}},
    {"zlib": {"network": "yes"}},
    {"zlib": {"mounts": ["/a"]}},
    {"zlib": {"tests": {"tests": {}}}},
    {"zlib": {}},
]


@pytest.mark.parametrize("name", [*(key.name for key in COLLECTION_KEYS), "unknown"])
def test_schema_and_parser_agree(name: str, tmp_path: Path) -> None:
    values: list[Json] = [*VALUES, ["pin_run_as_build"]]
    for value in values:
        data: Json = {name: value}
        assert VALIDATOR.is_valid(data) is not refused(data, tmp_path), value
    roots: list[Json] = [None, [], "text"]
    for root in roots:
        assert VALIDATOR.is_valid(root) is not refused(root, tmp_path)
