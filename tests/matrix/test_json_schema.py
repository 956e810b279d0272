"""The schema of variant files judges them as the parser does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from builder.errors import RecipeError
from builder.matrix.json_schema import variants_schema
from builder.matrix.keys import FORBIDDEN
from builder.matrix.parse import FileScope, VariantFile
from builder.matrix.special import STATEMENTS
from builder.model.target import platform_variables
from builder.syntax import Compiler, read_yaml, write_yaml
from tests.recipe.documents import Json, as_json

CHECKOUT = Path(__file__).parents[2]
FILES = sorted([*CHECKOUT.glob("variants/*.yaml"), *CHECKOUT.glob("tests/**/variants.yaml")])
VALIDATOR = Draft202012Validator(variants_schema())


def refused(data: Json) -> bool:
    """Whether the parser refuses a file for what it is, not for what its values mean together."""
    file = VariantFile(
        name="variants.yaml", selected=False, scope=FileScope(dict(platform_variables("linux-64"))), compiler=Compiler()
    )
    try:
        file.config(read_yaml(write_yaml(data).encode(), "variants.yaml"))
    except RecipeError:
        return True
    return False


def accepted(data: Json) -> bool:
    return bool(VALIDATOR.is_valid(data))


def test_the_schema_is_one_and_has_every_statement() -> None:
    schema = variants_schema()
    Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert {name: part["description"] for name, part in properties.items()} == {key.name: key.doc for key in STATEMENTS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_variant_file_here_is_valid(path: Path) -> None:
    data = as_json(read_yaml(path.read_bytes(), str(path)))
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(data)] == []


@pytest.mark.parametrize(
    "data",
    [
        {"python": ["3.12", 3, True, None]},
        {"python": [], "a-b.c+d": ["x"]},
        {"python": ["3.12", {"if": "linux", "then": ["3.13", {"if": "win", "then": "1"}], "else": "2"}]},
        {"zip_keys": [["a", "b"], []], "extend_keys": None, "ignore_version": ["a"]},
        {"pin_run_as_build": {"a": "x.x", "b": {"max_pin": "x", "min_pin": "x.x", "other": "x"}, "c": None}},
        None,
    ],
)
def test_what_the_parser_takes_is_valid(data: Json) -> None:
    assert not refused(data)
    assert accepted(data)


@pytest.mark.parametrize(
    "data",
    [
        ["python"], "python", {"python": "3.12"}, {"python": None}, {"python": {"a": ["1"]}}, {"python": [["3.12"]]},
        {"python": [{"if": "linux"}]}, {"python": [{"then": "1"}]}, {"python": [{"if": "linux", "then": "1", "elif": "2"}]},
        {"python": [{"if": ["linux"], "then": "1"}]}, {"py thon": ["1"]}, {"a" * 200: ["1"]}, {"-a": ["1"]},
        {"zip_keys": ["a"]}, {"zip_keys": {"a": "b"}}, {"zip_keys": "a"}, {"zip_keys": [None]}, {"zip_keys": [[["a"]]]},
        {"extend_keys": "a"}, {"extend_keys": {"a": 1}}, {"extend_keys": [["a"]]}, {"ignore_version": "a"},
        {"pin_run_as_build": ["a"]}, {"pin_run_as_build": {"a": ["x"]}},
        *({name: ["1"]} for name in sorted(FORBIDDEN)),
    ],
)  # fmt: skip
def test_what_the_parser_refuses_is_invalid(data: Json) -> None:
    assert refused(data)
    assert not accepted(data)


LEAVES: st.SearchStrategy[Json] = st.sampled_from([None, True, 3, "x", "a", ""])
DATA: st.SearchStrategy[Json] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["python", "zip_keys", "extend_keys", "pin_run_as_build", "ignore_version", "max_pin", "PATH"]), inner,
            max_size=3,
        ),
        st.fixed_dictionaries({"if": st.sampled_from(["linux", "win", True])}, optional={"then": inner, "else": inner, "x": inner}),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(DATA)
def test_schema_and_parser_agree(data: Json) -> None:
    """A branch that this platform does not take is no business of the parser: there the schema may be stricter."""
    if accepted(data):
        assert not refused(data)
    elif "else" not in str(data) and "'if': 'win'" not in str(data):
        assert refused(data)
