"""Renderings as ``conda render`` prints them: what is hashed, then the recipe as it came out, as YAML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pprint import pformat
from typing import Any

from builder.matrix.identity import hash_input
from builder.model.rendering import Rendering
from builder.syntax import write_yaml

_HASHED = "Hash contents:"
_ORDER = ("schema_version", "context", "package", "source", "build", "requirements", "tests", "about", "extra")
_NO_SECTIONS = frozenset({"output", "pins"})
"""What a rendered template holds besides: the entry of ``outputs`` that it was made of, and what its pins are."""


def rendered_text(renderings: Iterable[Rendering]) -> str:
    """Return the text for packages that are not skipped; each recipe stands under the name of its file."""
    found = [one for one in renderings if one.output.kind == "package" and not one.output.skip]
    return "\n".join(_text(one) for one in found)


def _text(rendering: Rendering) -> str:
    hashed = json.loads(rendering.hashed if rendering.hashed is not None else hash_input(rendering.variant))
    recipe = write_yaml(rendered_sections(rendering))
    return f"{_titled(_HASHED)}{pformat(hashed)}\n{_titled(f'{rendering.recipe.path.name}:')}{recipe}"


def rendered_sections(rendering: Rendering) -> dict[str, Any]:
    """Return the sections of a rendered output; those of a ``recipe.yaml`` with the build string."""
    sections: dict[str, Any] = json.loads(rendering.output.rendered)
    if rendering.recipe.is_template:
        return {name: section for name, section in sections.items() if name not in _NO_SECTIONS}
    built = {**sections, "build": {**sections.get("build", {}), "string": rendering.build_string}}
    return {name: built[name] for name in (*_ORDER, *built) if name in built}


def _titled(title: str) -> str:
    rule = "-" * len(title)
    return f"{rule}\n{title}\n{rule}\n"
