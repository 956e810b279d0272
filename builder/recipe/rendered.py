"""The whole evaluated output as canonical JSON, in the shape of rattler-build's rendered recipe (CEP 40)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.recipe.kind import Plain

_NEVER = frozenset({"skip"})
_DEFAULTS: Mapping[tuple[str, str], Plain] = {
    ("build", "number"): 0,
    ("build", "merge_build_and_host_envs"): False,
}


def rendered(data: Mapping[str, Plain], *, several: bool) -> str:
    """Return canonical JSON (sorted keys, no spaces) of an output's evaluated sections.

    Empty sections are left out, pins are mappings, ``run_exports`` given as a list are weak ones.
    """
    shown: dict[str, Plain] = {
        key: value for key, value in data.items() if value not in (None, (), {}) and key != "inherit"
    }
    shown["schema_version"] = 1
    shown["build"] = _build(data.get("build"), several=several)
    shown["requirements"] = _requirements(data.get("requirements"))
    inherit = data.get("inherit")
    if inherit is not None:
        name = inherit.get("from") if isinstance(inherit, dict) else inherit
        exports = inherit.get("run_exports", True) if isinstance(inherit, dict) else True
        shown["inherits_from"] = {"cache_name": name, "inherit_run_exports": exports}
    return json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _build(value: Plain, *, several: bool) -> Plain:
    if not isinstance(value, dict):
        return {}
    kept: dict[str, Plain] = {
        key: inner
        for key, inner in value.items()
        if key not in _NEVER and inner not in (None, (), {}) and _DEFAULTS.get(("build", key), "") != inner
    }
    if several and "script" not in kept:
        kept["script"] = ()
    return kept


def _requirements(value: Plain) -> Plain:
    if not isinstance(value, dict):
        return {}
    kept: dict[str, Plain] = {key: inner for key, inner in value.items() if inner not in (None, (), {})}
    if isinstance(kept.get("run_exports"), tuple):
        kept["run_exports"] = {"weak": kept["run_exports"]}
    return kept
