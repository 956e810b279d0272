"""`attestations` in a collection file: whose are asked for, and what is told of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.collection import read_collection
from builder.errors import RecipeError
from builder.model.policy import Attested

GOOD = """
attestations:
  https://packages.example.org/acme:
    publisher: https://code.example.org/acme/publish.yml@refs/heads/main
    issuer: https://tokens.example.org
  ./mirror:
    publisher: someone@example.org
    issuer: https://accounts.example.org
    root: keys/trusted_root.json
    published_to: https://packages.example.org/other/
"""


def read(tmp_path: Path, text: str) -> tuple[Attested, ...]:
    file = tmp_path / "bakehouse.yaml"
    file.write_text(text)
    return read_collection(file).policy.attestations


def test_channels_and_roots_count_from_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == (
        Attested(
            channel="https://packages.example.org/acme",
            publisher="https://code.example.org/acme/publish.yml@refs/heads/main",
            issuer="https://tokens.example.org",
        ),
        Attested(
            channel=str(tmp_path / "mirror"),
            publisher="someone@example.org",
            issuer="https://accounts.example.org",
            root=tmp_path / "keys" / "trusted_root.json",
            published_to="https://packages.example.org/other",
        ),
    )


@pytest.mark.parametrize("text", ["recipes: [.]", "attestations:", "attestations: {}"])
def test_most_ask_for_none(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("value", "because", "column"),
    [
        ("[a]", "must be a mapping from channels", 15),
        ("a", "must be a mapping from channels", 15),
        ("{c: yes}", "c must be a mapping with publisher, issuer, root, published_to", 19),
        ("{c: {publisher: p}}", "attestations of c need issuer", 19),
        ("{c: {issuer: https://i.example.org}}", "attestations of c need publisher", 19),
        ("{c: {publisher: p, issuer: i}}", "issuer must be an address", 42),
        ("{c: {publisher: [p], issuer: https://i}}", "publisher must be a text", 31),
        ("{c: {publisher: '', issuer: https://i}}", "publisher must be a text", 31),
        ("{c: {publisher: p, issuer: https://i, rot: x}}", "there is no key 'rot'", 53),
        ("{c: {publisher: p, issuer: https://i, root: }}", "root must be a text", None),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, value: str, because: str, column: int | None) -> None:
    with pytest.raises(RecipeError) as caught:
        read(tmp_path, f"attestations: {value}\n")
    (problem,) = caught.value.problems
    assert because in problem.message
    assert problem.place is not None
    assert problem.place.line == 1
    assert column is None or problem.place.column == column
