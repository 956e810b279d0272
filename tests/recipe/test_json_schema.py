"""The schema for editors judges recipes as the parser does, on real ones and on mutations of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from builder.errors import RecipeError
from builder.recipe.json_schema import recipe_schema
from builder.recipe.schema import KEYS, SECTIONS
from builder.syntax import read_yaml, write_yaml
from tests.recipe.documents import Json, as_json
from tests.recipe.given import ALL, recipe

CHECKOUT = Path(__file__).parents[2]
RECIPES = sorted(path for top in ("recipes", "tests") for path in (CHECKOUT / top).rglob("recipe.yaml"))
SCHEMA = recipe_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SHAPE = {"recipe.unknown-key", "recipe.wrong-shape", "recipe.missing-key", "recipe.contradiction"}


def document(path: Path) -> Json:
    return as_json(read_yaml(path.read_bytes(), str(path)))


def refusals(data: Json) -> set[str]:
    """What the parser says of a recipe."""
    try:
        recipe(write_yaml(data), ALL)
    except RecipeError as error:
        return {problem.code for problem in error.problems}
    return set()


def accepted(data: Json) -> bool:
    return bool(VALIDATOR.is_valid(data))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert recipe_schema() == SCHEMA


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_every_recipe_here_is_valid(path: Path) -> None:
    assert [f"{error.json_path}: {error.message}"[:300] for error in VALIDATOR.iter_errors(document(path))] == []


def walk(schema: object) -> Iterator[dict[str, object]]:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from walk(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from walk(inner)


def test_no_row_of_the_table_is_missing() -> None:
    described = [part["description"] for part in walk(SCHEMA) if isinstance(part.get("description"), str)]
    for key in KEYS:
        if key.section != "recipe" or key.name != "outputs":
            assert any(str(text).startswith(key.doc) for text in described), f"{key.section}.{key.name}"
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    for name, keys in SECTIONS.items():
        properties = (
            SCHEMA["properties"]
            if name == "recipe"
            else definitions[name.replace(" ", "-").replace("_", "-")]["properties"]
        )
        assert isinstance(properties, dict)
        assert {*properties} - {"if"} == set(keys) - {"if"}
    assert sum(bool(part.get("deprecated")) for part in walk(SCHEMA)) == sum(key.deprecated for key in KEYS) > 0


def test_every_reference_leads_somewhere_and_every_definition_is_used() -> None:
    references = {str(part["$ref"]).removeprefix("#/$defs/") for part in walk(SCHEMA) if "$ref" in part}
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    assert references == set(definitions)
    assert list(definitions) == sorted(definitions)


def test_nothing_stands_beside_a_reference_that_editors_could_lose() -> None:
    """Older drafts ignore what stands beside ``$ref``, and some editors replace what it leads to."""
    beside = {keyword for part in walk(SCHEMA) if "$ref" in part for keyword in part}
    assert beside == {"$ref", "description", "deprecated", "type"}
    assert [part for part in walk(SCHEMA) if "$ref" in part and part.get("type", "object") != "object"] == []


PACKAGE = {"name": "a", "version": "1"}
STAGED = [{"staging": {"name": "s"}}, {"package": {"name": "a", "version": "1"}, "inherit": "s"}]


@pytest.mark.parametrize(
    "data",
    [
        {"package": {"name": "a", "version": 1.5}},
        {"package": {"name": "${{ name }}", "version": "${{ version }}"}, "context": {"name": "A", "list": [1, ["x"]]}},
        {"package": PACKAGE, "build": {"skip": True, "number": "3", "noarch": None, "script": None}},
        {"package": PACKAGE, "build": {"skip": ["win", "${{ 'osx' }}"], "number": "${{ n }}"}},
        {"package": PACKAGE, "requirements": {"host": ["a", None, {"if": "win", "then": ["b", {"if": "x", "then": "c"}]}]}},
        {"package": PACKAGE, "requirements": {"host": {"if": "win", "then": "a", "else": None}}},
        {"package": PACKAGE, "source": {"url": "https://example.org/a.tgz", "sha256": "a" * 64}},
        {"package": PACKAGE, "source": {"if": "win", "then": [{"path": "."}], "else": {"git": "./x"}}},
        {"package": PACKAGE, "tests": [{"python": {"imports": "a"}, "anything": 1}]},
        {"package": PACKAGE, "tests": None, "extra": {"any": [{"thing": None}]}},
        {"outputs": STAGED, "recipe": {"version": None}},
        {"outputs": [{"package": {"name": "a"}}], "recipe": {"version": 2}},
        {"outputs": []},
        {"schema_version": 1, "$schema": "x", "package": PACKAGE},
        {"package": PACKAGE, "build": {"script": {"env": {"A": 1}, "content": ["a", {"if": "win", "then": "b"}]}}},
        {"package": PACKAGE, "build": {"steps": [{"run": "a", "if": "win"}], "flags": ["a:b"]}},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_parser_takes_is_valid(data: Json) -> None:
    assert refusals(data) == set()
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


@pytest.mark.parametrize(
    "data",
    [
        None, [], "text", {},
        {"package": PACKAGE, "outputs": []},
        {"package": PACKAGE, "outputs": None},
        {"package": PACKAGE, "recipe": {"version": "1"}},
        {"package": {"name": "a"}},
        {"package": {"version": "1"}},
        {"package": {"name": None, "version": "1"}},
        {"package": [PACKAGE]},
        {"package": PACKAGE, "bild": {}},
        {"package": PACKAGE, "schema_version": 2},
        {"package": PACKAGE, "build": {"script": "a", "steps": [{"run": "b"}]}},
        {"package": PACKAGE, "build": {"script": {"content": "a", "file": "b"}}},
        {"package": PACKAGE, "build": {"number": -1}},
        {"package": PACKAGE, "build": {"noarch": "java"}},
        {"package": PACKAGE, "build": {"steps": [{"if": "win"}]}},
        {"package": PACKAGE, "requirements": {"host": "a"}},
        {"package": PACKAGE, "requirements": {"host": [["a"]]}},
        {"package": PACKAGE, "requirements": {"host": [{"if": "a"}]}},
        {"package": PACKAGE, "requirements": {"host": [{"if": "a", "then": "b", "elif": "c"}]}},
        {"package": PACKAGE, "requirements": {"host": [{"if": ["a"], "then": "b"}]}},
        {"package": PACKAGE, "requirements": [{"if": "a", "then": "b"}]},
        {"package": PACKAGE, "source": {"url": "x:y", "git": "z"}},
        {"package": PACKAGE, "source": {"sha256": "a" * 64}},
        {"package": PACKAGE, "source": {"url": "x:y", "sha256": "a"}},
        {"package": PACKAGE, "source": {"git": "y", "tag": "a", "rev": "b"}},
        {"package": PACKAGE, "source": {"url": "x:y", "target_directory": "../up"}},
        {"package": PACKAGE, "tests": [{"downstream": "a", "package_contents": {}}]},
        {"package": PACKAGE, "tests": [{"python": {"imports": "a"}, "if": "win", "then": {"script": "b"}}]},
        {"package": PACKAGE, "tests": [{"perl": {}}]},
        {"package": PACKAGE, "context": {"a": {"b": 1}}},
        {"package": PACKAGE, "context": {"a-b": 1}},
        {"package": {"name": "A", "version": "1"}},
        {"package": {"name": "a", "version": "1-2"}},
        {"outputs": [{"package": {"name": "a"}}]},
        {"outputs": [{"if": "win", "then": {"package": PACKAGE}}]},
        {"outputs": [{"build": {}}]},
        {"outputs": STAGED, "requirements": {}},
        {"outputs": [{"staging": {"name": "s"}, "package": PACKAGE}]},
        {"outputs": [{"staging": {"name": "s"}, "tests": []}]},
        {"outputs": [{"package": PACKAGE, "inherit": {"run_exports": True}}]},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_parser_refuses_is_invalid(data: Json) -> None:
    assert refusals(data) != set()
    assert not accepted(data)


# -- mutations ---------------------------------------------------------------------------------------------------------


def places(data: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a document, itself first."""
    yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from places(value, (*path, index))


def put(data: Json, path: tuple[str | int, ...], value: Json) -> Json:
    """Return the document with ``value`` at ``path``."""
    if not path:
        return value
    changed = copy.copy(data)
    assert isinstance(changed, dict | list)
    changed[path[0]] = put(changed[path[0]], path[1:], value)  # type: ignore[index]
    return changed


def at(data: Json, path: tuple[str | int, ...]) -> Json:
    for step in path:
        assert isinstance(data, dict | list)
        data = data[step]  # type: ignore[index]
    return data


NAMES = sorted({key.name for key in KEYS} | {"if", "then", "else", "unknown"})
VALUES: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, 7, 1.5, "text", "", "${{ name }}", [], {}, ["text"], [["text"]], [None], {"if": "x", "then": "y"},
     {"if": "x", "then": ["y", {"if": "z", "then": None, "else": "w"}]}, {"name": "a", "version": "1"}, {"unknown": 1},
     {"url": "x:y"}, {"script": "x"}, {"content": "x"}, {"include": ["x"]}, {"a": {"b": "c"}}, "3", "true"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, documents: list[Json]) -> Json:
    """A recipe in which some places hold something else, or some keys are others."""
    data = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(data))))
        here = at(data, path)
        match draw(st.sampled_from(["replace", "rename", "add", "drop", "wrap"])):
            case "rename" if isinstance(here, dict) and here:
                old, new = draw(st.sampled_from(sorted(here))), draw(st.sampled_from(NAMES))
                data = put(data, path, {new if key == old else key: value for key, value in here.items()})
            case "add" if isinstance(here, dict):
                data = put(data, path, {**here, draw(st.sampled_from(NAMES)): draw(VALUES)})
            case "drop" if isinstance(here, dict) and here:
                gone = draw(st.sampled_from(sorted(here)))
                data = put(data, path, {key: value for key, value in here.items() if key != gone})
            case "wrap":
                data = put(data, path, [here] if draw(st.booleans()) else {"if": "linux", "then": here})
            case _:
                data = put(data, path, draw(VALUES))
    return data


DOCUMENTS = [document(path) for path in RECIPES if len(path.read_bytes()) < 4000]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(DOCUMENTS))
def test_schema_and_parser_agree_on_mutations(data: Json) -> None:
    refused = refusals(data)
    if accepted(data):
        assert not refused & SHAPE
    else:
        assert refused
