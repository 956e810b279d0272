"""The whole evaluated output as canonical JSON, in the shape of rattler-build's rendered recipe (CEP 40)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.recipe.kind import Plain

Data = Mapping[str, Plain]


def rendered(data: Data, *, several: bool) -> str:
    """Return canonical JSON (sorted keys, no spaces) of an output's evaluated sections.

    Empty values are left out, pins are mappings, ``run_exports`` given as a list are weak ones, one address of a source
    and one line of a script stand without a list. An output of a recipe of ``several`` says that it has no script.
    """
    build = _section(data, "build")
    build.pop("skip", None)
    if "files" in build:
        build["files"] = _globs(build["files"])
    if several and "steps" not in build:
        build.setdefault("script", ())
    if "script" in build:
        build["script"] = _script(build["script"])
    requirements = _section(data, "requirements")
    if isinstance(requirements.get("run_exports"), tuple):
        requirements["run_exports"] = {"weak": requirements["run_exports"]}
    shown: dict[str, Plain] = {
        **{key: value for key, value in data.items() if value not in (None, (), {})},
        "schema_version": 1,
        "build": build,
        "requirements": requirements,
    }
    if "source" in shown:
        shown["source"] = _sources(shown["source"])
    if "tests" in shown:
        shown["tests"] = _tests(shown["tests"])
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
