"""``requirements`` of a ``meta.yaml``, with what ``build`` says of run exports."""

from __future__ import annotations

from builder.model.recipe import IgnoreRunExports, Requirements, RunExports
from builder.recipe.v0.keys import Keys

EXPORTS = {
    "weak": "weak",
    "strong": "strong",
    "weak_constrains": "weak_constraints",
    "strong_constrains": "strong_constraints",
    "noarch": "noarch",
}
"""conda-build's name of a kind of run exports → ours."""


def requirements_of(keys: Keys, build: Keys) -> Requirements:
    """Return the requirements of an output, before any solve."""
    return Requirements(
        build=keys.specs("build"),
        host=keys.specs("host"),
        run=keys.specs("run"),
        run_constraints=keys.specs("run_constrained"),
        run_exports=run_exports_of(build),
        ignore_run_exports=IgnoreRunExports(
            by_name=build.texts("ignore_run_exports"), from_package=build.texts("ignore_run_exports_from")
        ),
    )


def run_exports_of(build: Keys) -> RunExports:
    """Return run exports; a list without kinds is one of weak ones."""
    if not isinstance(build.data.get("run_exports"), dict):
        return RunExports(weak=build.specs("run_exports"))
    kinds = build.inner("run_exports")
    return RunExports(**{ours: kinds.specs(theirs) for theirs, ours in EXPORTS.items()})
