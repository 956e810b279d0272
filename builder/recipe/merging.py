"""What an output takes over from the top level of its recipe (CEPs 14 and 41, in rattler-build 0.73's way)."""

from __future__ import annotations

from builder.recipe.kind import Plain

Data = dict[str, Plain]

_WHOLE = frozenset({"number", "string"})
_PLANS = frozenset({"script", "steps"})


def merged_build(top: Data, own: Data, *, with_script: bool) -> Data:
    """Return the build section: what the output sets wins, ``skip`` adds up, the rest comes from the top level.

    A nested section counts as set if anything in it differs from its default. The script or the steps of the top level
    are taken ``with_script`` if the output has none of its own (a mapping with nothing but ``cwd`` is no script).
    """
    build = {key: value for key, value in {**top, **own}.items() if key not in _PLANS}
    for key in (top.keys() & own.keys()) - _PLANS:
        if key not in _WHOLE and not _says_something(own[key]):
            build[key] = top[key]
    build["skip"] = (*listed(top.get("skip")), *listed(own.get("skip")))
    plan = top if with_script and _leaves_plan(own, top) else own
    return build | {key: plan[key] for key in _PLANS if key in plan}


def merged_about(top: Data, own: Data) -> Data:
    """Return the about section: each key of the output wins, an empty list of license files too."""
    return {**top, **own}


def listed(value: Plain) -> tuple[Plain, ...]:
    """Return the items of an evaluated list, none for an absent one."""
    return value if isinstance(value, tuple) else ()


def _says_something(value: Plain) -> bool:
    """Whether a value is more than a default written out."""
    if isinstance(value, dict):
        return any(_says_something(inner) for inner in value.values())
    return bool(value)


def _leaves_plan(own: Data, top: Data) -> bool:
    """Whether what the output runs is said at the top level; a ``cwd`` of its own fits no steps."""
    script = own.get("script")
    return "steps" not in own and _is_no_script(script) and (script is None or "steps" not in top)


def _is_no_script(script: Plain) -> bool:
    return script is None or (isinstance(script, dict) and set(script) <= {"cwd"})
