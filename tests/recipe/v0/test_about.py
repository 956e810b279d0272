"""``about`` of a ``meta.yaml``."""

from __future__ import annotations

from builder.model.recipe import About
from builder.recipe.v0.about import about_of
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks


def test_of_several_addresses_the_first_is_taken() -> None:
    keys = Keys(
        data={"home": ["https://example.org", "https://example.com"], "license_file": ["LICENSE", "COPYING"]},
        path="about",
        remarks=Remarks(file="meta.yaml"),
    )
    assert about_of(keys) == About(homepage="https://example.org", license_file=("LICENSE", "COPYING"))
