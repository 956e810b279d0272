"""The whole evaluated output as canonical JSON, in the shape of rattler-build's rendered recipe (CEP 40)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from builder.recipe.kind import Plain

Data = Mapping[str, Plain]


PARTS = (
    "about", "build", "context", "extra", "inherit", "package", "requirements", "schema_version", "source", "tests",
)  # fmt: skip
"""The evaluated sections in the order of what they become."""


def rendered(data: Data, *, several: bool) -> str:
    """Return canonical JSON (sorted keys, no spaces) of an output's evaluated sections.

    Empty values are left out, pins are mappings, ``run_exports`` given as a list are weak ones, one address of a source
    and one line of a script stand without a list. An output of a recipe of ``several`` says that it has no script.
    """
    return whole([part(key, data.get(key), several) for key in PARTS])


def whole(parts: Iterable[str]) -> str:
    """Put together what `part` gave for each of `PARTS`."""
    return "{" + ",".join([part for part in parts if part]) + "}"


def part(key: str, value: Plain, several: bool) -> str:
    """Return one section of `rendered` with its key, an empty text where nothing is to be said."""
    match key:
        case "build":
            return _pair(key, _build(value, several=several))
        case "requirements":
            return _pair(key, _requirements(value))
        case "schema_version":
            return _pair(key, 1)
        case "inherit":
            return _pair("inherits_from", _inherited(value)) if value not in (None, (), {}) else ""
        case "source" | "tests":
            value = _sources(value) if key == "source" else _tests(value)
    return _pair(key, value) if value not in (None, (), {}) else ""


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _pair(key: str, value: Plain) -> str:
    return f'"{key}":{_CANONICAL.encode(value)}'


def _build(value: Plain, *, several: bool) -> Plain:
    build = _filled(value)
    build.pop("skip", None)
    if "files" in build:
        build["files"] = _globs(build["files"])
    if several and "steps" not in build:
        build.setdefault("script", ())
    if "script" in build:
        build["script"] = _script(build["script"])
    return build


def _requirements(value: Plain) -> Plain:
    requirements = _filled(value)
    if isinstance(requirements.get("run_exports"), tuple):
        requirements["run_exports"] = {"weak": requirements["run_exports"]}
    return requirements


def _inherited(value: Plain) -> Plain:
    given: Data = value if isinstance(value, dict) else {"from": value}
    return {"cache_name": given.get("from"), "inherit_run_exports": given.get("run_exports", True)}


def _filled(value: Plain) -> dict[str, Plain]:
    return _without_empty(value) if isinstance(value, dict) else {}


def _without_empty(data: Data) -> dict[str, Plain]:
    kept = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in data.items()}
    return {key: value for key, value in kept.items() if value not in (None, (), {})}


def _sources(value: Plain) -> Plain:
    return tuple(_source(source) for source in value if isinstance(source, dict)) if isinstance(value, tuple) else ()


def _source(source: Data) -> dict[str, Plain]:
    shown, urls = _without_empty(source), source.get("url")
    if isinstance(urls, tuple) and len(urls) == 1:
        shown["url"] = urls[0]
    if "filter" in shown:
        shown["filter"] = _globs(shown["filter"])
    return shown


def _tests(value: Plain) -> Plain:
    return tuple(_test(test) for test in value if isinstance(test, dict)) if isinstance(value, tuple) else ()


def _test(test: Data) -> dict[str, Plain]:
    shown, contents = _without_empty(test), test.get("package_contents")
    if "script" in shown:
        shown["script"] = _script(shown["script"])
    if isinstance(contents, dict):
        shown["package_contents"] = {key: _existence(inner) for key, inner in _without_empty(contents).items()}
    return shown


def _script(value: Plain) -> Plain:
    """Return a script of one line without a list around it."""
    if isinstance(value, dict) and "content" in value:
        return {**value, "content": _script(value["content"])}
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _existence(value: Plain) -> Plain:
    """Return paths that must exist as a list, unless others must not."""
    return value["exists"] if isinstance(value, dict) and set(value) == {"exists"} else value


def _globs(value: Plain) -> Plain:
    """Return globs as a list, or as a mapping with both keys if some are left out again."""
    if not isinstance(value, dict):
        return value
    include, exclude = value.get("include", ()), value.get("exclude", ())
    return {"include": include, "exclude": exclude} if exclude else include
