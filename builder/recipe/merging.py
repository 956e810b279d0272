"""What an output takes over from the top level of its recipe (CEPs 14 and 41, in rattler-build 0.73's way)."""

from __future__ import annotations

from builder.recipe.kind import Plain

Data = dict[str, Plain]

_WHOLE = frozenset({"number", "string"})


def merged_build(top: Data, own: Data, *, with_script: bool) -> Data:
    """Return the build section: what the output sets wins, ``skip`` adds up, the rest comes from the top level.

    A nested section counts as set if anything in it differs from its default. The script of the top level is taken
    ``with_script`` if the output has none of its own (a mapping with nothing but ``cwd`` is none).
    """
    build = {key: value for key, value in {**top, **own}.items() if key != "script"}
    for key in top.keys() & own.keys():
        if key not in _WHOLE and not _says_something(own[key]):
            build[key] = top[key]
    build["skip"] = (*listed(top.get("skip")), *listed(own.get("skip")))
    script = top.get("script") if with_script and _is_no_script(own.get("script")) else own.get("script")
    if script is not None:
        build["script"] = script
    return build


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


def _is_no_script(script: Plain) -> bool:
    return script is None or (isinstance(script, dict) and set(script) <= {"cwd"})
