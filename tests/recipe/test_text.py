"""The text of a recipe as values: equality, what is shown, and sections that are not there."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from builder.recipe.term import Constant, Table
from builder.recipe.text import OutputText, term_of
from tests.recipe.given import PACKAGE, recipe


def test_a_section_that_is_not_there_is_an_absent_constant() -> None:
    table = Table((("a", Constant(1)),))
    assert term_of(table, "a") == Constant(1)
    assert term_of(table, "b") == Constant(None)


def test_texts_of_equal_files_are_equal() -> None:
    assert recipe(PACKAGE) == recipe(PACKAGE)
    assert recipe(PACKAGE).digest != recipe(PACKAGE + "about: {}\n").digest


def test_what_is_shown_is_short() -> None:
    found = recipe(PACKAGE + "about:\n  description: " + "word " * 500 + "\n")
    assert len(repr(found)) < 500


def test_it_is_frozen() -> None:
    output = recipe(PACKAGE).outputs[0]
    with pytest.raises(FrozenInstanceError):
        output.name = "other"  # type: ignore[misc]


def test_an_output_can_be_made_by_hand() -> None:
    output = OutputText(index=0, kind="package", name="a", mentioned=frozenset())
    assert (output.inherits, output.where, output.sections, output.top.several) == (None, None, Table(()), False)


def test_a_recipe_of_constants_travels_between_processes() -> None:
    found = recipe(PACKAGE + "requirements: {run: [a, b]}\nextra: {n: 1}\n")
    assert pickle.loads(pickle.dumps(found)) == found
