"""The reference page of ``meta.yaml`` names every key that is read, and says of those without effect that they have none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.recipe.v0 import about, build, output, requirements, sources, tests

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "meta-yaml.md").read_text()
KNOWN = {
    "about": about.KNOWN,
    "build": build.KNOWN,
    "outputs": frozenset(output.KNOWN),
    "requirements": requirements.KNOWN,
    "source": sources.KNOWN,
    "test": tests.KNOWN,
}


@pytest.mark.parametrize("section", sorted(KNOWN))
def test_every_key_is_named(section: str) -> None:
    named = {word for code in re.findall(r"`([^`]+)`", PAGE) for word in re.findall(r"[\w-]+", code)}
    assert KNOWN[section] <= named


@pytest.mark.parametrize("key", sorted(build.WITHOUT_EFFECT))
def test_keys_without_effect_are_in_the_row_that_says_so(key: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{key}`" in line]
    assert row.rstrip(" |").endswith("no effect")
