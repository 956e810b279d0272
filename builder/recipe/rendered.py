"""The whole evaluated output as canonical JSON, in the shape of rattler-build's rendered recipe (CEP 40)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.recipe.kind import Plain

Data = Mapping[str, Plain]


def rendered(data: Data, *, several: bool) -> str:
    """Return canonical JSON (sorted keys, no spaces) of an output's evaluated sections.

    Empty values are left out, pins are mappings, ``run_exports`` given as a list are weak ones, one address of a source
    stands without a list. An output of a recipe of ``several`` says that it has no script.
    """
    build = _section(data, "build")
    build.pop("skip", None)
    if several:
        build.setdefault("script", ())
    requirements = _section(data, "requirements")
    if isinstance(requirements.get("run_exports"), tuple):
        requirements["run_exports"] = {"weak": requirements["run_exports"]}
    shown: dict[str, Plain] = {
        **_without_empty(data),
        "schema_version": 1,
        "build": build,
        "requirements": requirements,
    }
    if "source" in shown:
        shown["source"] = _sources(shown["source"])
    inherit = shown.pop("inherit", None)
    if inherit is not None:
        given: Data = inherit if isinstance(inherit, dict) else {"from": inherit}
        exports = given.get("run_exports", True)
        shown["inherits_from"] = {"cache_name": given.get("from"), "inherit_run_exports": exports}
    return json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _section(data: Data, key: str) -> dict[str, Plain]:
    value = data.get(key)
    return _without_empty(value) if isinstance(value, dict) else {}


def _without_empty(data: Data) -> dict[str, Plain]:
    return {key: value for key, value in data.items() if value not in (None, (), {})}


def _sources(value: Plain) -> Plain:
    sources = [source for source in value if isinstance(source, dict)] if isinstance(value, tuple) else []
    return tuple(
        {key: _single(inner) if key == "url" else inner for key, inner in source.items()} for source in sources
    )


def _single(value: Plain) -> Plain:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value
