"""What conda-smithy 2026.8.8 made of this folder's feedstocks, of single settings and of single migrations, recorded.

``specs.json`` has a row for each platform of ``feedstocks/``: the variants before the migrations, and what the
migrations changed. ``algebra.json`` has the results of ``variant_add``, ``settings.json`` those of reading a
``conda-forge.yml``: the first row has all settings, the others what is different.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builder.matrix.v0.config import Spec, values_of
from builder.recipe.v0.scope import Fixed

HERE = Path(__file__).parent
FEEDSTOCKS = HERE / "feedstocks"
PINNING = FEEDSTOCKS / "pinning" / "conda_build_config.yaml"


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of one file of facts."""
    found: list[dict[str, Any]] = json.loads((HERE / "recorded" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def fixed(value: object) -> Fixed:
    """Return a value of JSON as variant files have it: tuples in the place of lists."""
    if isinstance(value, list):
        return tuple(fixed(one) for one in value)
    if isinstance(value, dict):
        return {key: fixed(one) for key, one in value.items()}
    return str(value)


def comparable(spec: Spec) -> dict[str, object]:
    """Return a spec with lists, and with groups and lists of names in the order of the alphabet: theirs is by chance."""
    found: dict[str, object] = {}
    for key, value in spec.items():
        plain = _plain(value)
        if key == "zip_keys":
            plain = sorted(sorted(values_of(group)) for group in value)
        elif key in {"extend_keys", "ignore_version", "ignore_build_only_deps"}:
            plain = sorted(str(one) for one in value)
        found[key] = plain
    return {key: value for key, value in found.items() if value != []}


def _plain(value: Fixed) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str) else {key: _plain(one) for key, one in value.items()}
