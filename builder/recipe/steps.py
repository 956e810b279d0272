"""The steps of a build in rattler-build's form."""

from __future__ import annotations

from builder.recipe.kind import Plain


def taken_steps(value: Plain) -> tuple[Plain, ...]:
    """Return the evaluated steps that have something to run; ``run`` is a list of commands."""
    steps = value if isinstance(value, tuple) else ()
    return tuple(_taken(step) for step in steps if isinstance(step, dict) and step.get("run"))


def _taken(step: dict[str, Plain]) -> Plain:
    run, kept = step["run"], {key: value for key, value in step.items() if value}
    return {**kept, "run": run if isinstance(run, tuple) else (run,)}
