"""How shapes are told to people."""

from __future__ import annotations

import pytest

from builder.model.switch import Switch
from builder.recipe import kind
from builder.recipe.schema import KEYS
from builder.recipe.shape import (
    Case,
    Cases,
    Either,
    Expression,
    Free,
    Many,
    Script,
    Section,
    Shape,
    Switched,
    Table,
    Text,
    Typed,
    expected,
)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (Text(kind.NATURAL), "a whole number"),
        (Typed(), "text, a number, true or false, or a list of these"),
        (Expression(), "an expression"),
        (Many(Text(kind.SPEC)), "a list (each item a package spec)"),
        (Many(Text(kind.URL), single=True), "a URL or a list of such"),
        (Section("build"), "a mapping"),
        (Table(kind.VARIABLE, Typed()), "a mapping"),
        (Cases((Case("url", "url source"), Case("git", "git source"))), "a mapping with url or git"),
        (Script(Text(kind.COMMAND)), "a command"),
        (
            Either(scalar=Text(kind.BOOLEAN), sequence=Many(Text(kind.GLOB))),
            "true or false or a list (each item a glob)",
        ),
        (Free(), "anything"),
        (Either(mapping=Free()), "a mapping"),
        (Switched(Switch.V3, "why", Text(kind.FLAG)), "a flag"),
    ],
)
def test_words(shape: Shape, words: str) -> None:
    assert expected(shape) == words


def test_every_shape_of_the_schema_has_words() -> None:
    assert all(expected(key.shape) for key in KEYS)
