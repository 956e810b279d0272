"""The values at this room's door: defaults, and that they cannot be changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from builder.recipe import Ask, Evaluated, GitQuestion, Request
from tests.recipe.given import LINUX, PACKAGE, Answers, evaluated


def test_a_request_needs_a_variant_and_platforms_only() -> None:
    found = Request(variant={}, platforms=LINUX)
    assert (found.hash, dict(found.siblings), found.ask) == (None, {}, None)


def test_values_are_frozen() -> None:
    found: Evaluated = evaluated(PACKAGE)
    with pytest.raises(FrozenInstanceError):
        found.free_specs = ("x",)  # type: ignore[misc]
    assert {field.name for field in fields(Evaluated)} == {
        "output",
        "read",
        "free_specs",
        "pinned",
        "asked",
        "warnings",
        "context",
        "hidden",
    }


def test_the_fake_of_these_tests_is_an_ask() -> None:
    ask: Ask = Answers(variables={"HOME": "x"})
    assert ask.environment("HOME") == "x"


def test_the_questions_about_git_are_those_of_the_peer() -> None:
    assert set(get_args(GitQuestion)) == {"head_rev", "latest_tag", "latest_tag_rev", "latest_tag_distance"}
