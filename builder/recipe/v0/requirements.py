"""``requirements`` of a ``meta.yaml``, with what ``build`` says of run exports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from builder.model.match_spec import MatchSpec
from builder.model.recipe import IgnoreRunExports, Requirement, Requirements, RunExports
from builder.recipe.v0.functions import with_star
from builder.recipe.v0.keys import Keys

EXPORTS = {
    "weak": "weak",
    "strong": "strong",
    "weak_constrains": "weak_constraints",
    "strong_constrains": "strong_constraints",
    "noarch": "noarch",
}
"""conda-build's name of a kind of run exports → ours."""

_SHOWN = {"build": "build", "host": "host", "run": "run", "run_constraints": "run_constrained"}
_SPEC = "write `name`, `name >=1.2,<2` or `name 1.2.* build*`"
_VERSION = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,4}"
_ORDINARY = re.compile(rf"[a-z0-9_][a-z0-9_.-]{{0,60}}(?: (?:{_VERSION}\.\*|>={_VERSION}(?:,<{_VERSION}(?:a0)?)?))?")
"""Most requirements look so, and are not worth reading twice."""

KNOWN = frozenset((*_SHOWN.values(), "conflicts"))


def requirements_of(keys: Keys, build: Keys) -> Requirements:
    """Return the requirements of an output, before any solve.

    ``zlib 1.2`` asks for ``zlib 1.2.*``; what is shown of requirements is as it is written, with names for pins.
    """
    keys.unknown(KNOWN)
    if "conflicts" in keys:
        keys.remarks.ignored(keys.at("conflicts"), "write run_constrained with the versions that are left")
    return Requirements(
        build=_specs(keys, "build"),
        host=_specs(keys, "host"),
        run=_specs(keys, "run"),
        run_constraints=_specs(keys, "run_constrained", starred=False),
        run_exports=run_exports_of(build),
        ignore_run_exports=IgnoreRunExports(
            by_name=build.texts("ignore_run_exports"), from_package=build.texts("ignore_run_exports_from")
        ),
        shown=tuple((ours, keys.texts(theirs)) for ours, theirs in _SHOWN.items()),
    )


def run_exports_of(build: Keys) -> RunExports:
    """Return run exports; a list without kinds is one of weak ones."""
    if not isinstance(build.data.get("run_exports"), dict):
        return RunExports(weak=_specs(build, "run_exports", starred=False))
    kinds = build.inner("run_exports")
    kinds.unknown(EXPORTS)
    return RunExports(**{ours: _specs(kinds, theirs, starred=False) for theirs, ours in EXPORTS.items()})


def _specs(keys: Keys, key: str, *, starred: bool = True) -> tuple[Requirement, ...]:
    """Return requirements as solvers read them; what they cannot read is a problem."""
    found = keys.specs(key)
    return tuple(_readable(found, keys, key, starred=starred))


def _readable(found: Sequence[Requirement], keys: Keys, key: str, *, starred: bool) -> Iterator[Requirement]:
    for one in found:
        if not isinstance(one, str):
            yield one
            continue
        spec = with_star(one) if starred else one
        trouble = None if _ORDINARY.fullmatch(spec) else _trouble(spec)
        if trouble is None:
            yield spec
        else:
            keys.remarks.problem("recipe.spec", f"{keys.at(key)}: {trouble}", keys.at(key), _SPEC)


@lru_cache(maxsize=1 << 12)  # the same few are in recipe after recipe
def _trouble(spec: str) -> str | None:
    try:
        MatchSpec.parse(spec)
    except ValueError as error:
        return str(error)
    return None
