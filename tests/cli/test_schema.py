"""`bakehouse schema`: one document for each kind of file, the same every time, pretty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Command

KINDS = {"recipe": "recipe.yaml", "variants": "variants.yaml", "collection": "bakehouse.yaml"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_printed(command: Command, kind: str) -> None:
    said = command("schema", kind)
    assert (said.code, said.err) == (0, "")
    document = json.loads(said.out)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["title"] == KINDS[kind]
    assert said.out == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert command("schema", kind, "--json").out == said.out


def test_recipe_is_what_one_gets_without_a_name(command: Command) -> None:
    assert command("schema").out == command("schema", "recipe").out


def test_it_can_be_written_into_a_file(command: Command, tmp_path: Path) -> None:
    place = tmp_path / "recipe.schema.json"
    said = command("schema", "recipe", "--out", place)
    assert (said.code, said.out) == (0, "")
    assert place.read_text(encoding="utf-8") == command("schema", "recipe").out


def test_there_is_no_other_kind(command: Command) -> None:
    said = command("schema", "recipes")
    assert said.code == 2
    assert "'recipe', 'variants', 'collection'" in said.err


def test_a_folder_that_is_not_there(command: Command, tmp_path: Path) -> None:
    assert command("schema", "--out", tmp_path / "gone" / "x.json").code == 3
