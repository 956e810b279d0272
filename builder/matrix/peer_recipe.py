"""A rendered recipe as rattler-build prints it: what it normalises beyond the canonical form of `Output.rendered`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from builder.model.interpreter import interpreter_of_file
from builder.model.rendering import Rendering

Data = dict[str, Any]

_FIRST = ("schema_version", "context", "package", "source", "build", "requirements", "tests", "about", "extra")
_ADDRESSES = ("homepage", "repository", "documentation")
_REFERENCES = {"branch": "refs/heads/", "tag": "refs/tags/"}
_TOLERANT = ("overdepending_behavior", "overlinking_behavior")
_STAGING = ("build", "requirements", "source")


def peer_recipe(rendering: Rendering, staging: Rendering | None = None) -> Data:
    """Return the recipe of one output; ``staging`` is the rendering whose files it takes (CEP 41), if it does."""
    recipe = _normal(json.loads(rendering.output.rendered))
    build = recipe.get("build", {})
    number = {"number": build["number"]} if "number" in build else {}
    recipe["build"] = {**number, "string": rendering.build_string, **_without(build, "number", "string")}
    if staging is not None:
        made = _normal(json.loads(staging.output.rendered))
        made["build"] = {"string": None, **_without(made.get("build", {}), "number", "string")}
        recipe["staging_caches"] = [{"name": staging.output.name} | {key: made[key] for key in _STAGING if key in made}]
    inherits = recipe.pop("inherits_from", None)
    if inherits is not None:
        recipe["inherits_from"] = inherits
    first: Data = {"context": {}} | recipe
    return {section: first[section] for section in _FIRST if section in first} | _without(first, *_FIRST)


def _without(data: Mapping[str, Any], *keys: str) -> Data:
    return {key: value for key, value in data.items() if key not in keys}


def _normal(recipe: Data) -> Data:
    """Return a recipe with the sections that rattler-build writes in another way."""
    rules: dict[str, Callable[[Any], Any]] = {
        "about": _about,
        "build": _build,
        "source": lambda sources: [_source(source) for source in sources],
        "tests": lambda tests: [_test(test) for test in tests],
    }
    return {key: rules[key](value) if key in rules else value for key, value in recipe.items()}


def _about(about: Data) -> Data:
    return {key: _address(value) if key in _ADDRESSES else value for key, value in about.items()}


def _build(build: Data) -> Data:
    shown = {key: _script(value) if key == "script" else value for key, value in build.items()}
    linking = shown.pop("dynamic_linking", {})
    kept = {key: value for key, value in linking.items() if not (key in _TOLERANT and value == "ignore")}
    if kept.get("binary_relocation") is True:
        del kept["binary_relocation"]
    return shown | ({"dynamic_linking": kept} if kept else {})


def _script(script: Any) -> Any:
    """Return a script with the interpreter that the end of its file's name asks for; nothing is an empty list."""
    if not isinstance(script, dict):
        return script or []
    known = interpreter_of_file(script["file"]) if "file" in script and "interpreter" not in script else None
    return ({"interpreter": known.name} if known else {}) | script


def _source(source: Data) -> Data:
    shown: Data = {}
    for key, value in source.items():
        if key in _REFERENCES:
            shown["rev"] = _REFERENCES[key] + value
        elif key in {"git", "url"}:
            shown[key] = [_address(one) for one in value] if isinstance(value, list) else _address(value)
        elif key != "expected_commit":
            shown[key] = value
    return shown


def _test(test: Data) -> Data:
    shown = {key: _script(value) if key == "script" else value for key, value in test.items()}
    contents = shown.get("package_contents")
    if contents is not None:
        shown["package_contents"] = {key: _existence(value) for key, value in contents.items()}
    if shown.get("python", {}).get("pip_check") is True:
        shown["python"] = _without(shown["python"], "pip_check")
    return shown


def _existence(value: Any) -> Any:
    """Return paths that must or must not be there, with both lists as soon as there is one that must not."""
    if not isinstance(value, dict) or "not_exists" not in value:
        return value
    return {"exists": value.get("exists", []), "not_exists": value["not_exists"]}


def _address(text: str) -> str:
    """Return an address in the normal form of browsers: a host in lower case, with a path."""
    parts = urlsplit(text)
    if not (parts.scheme and parts.netloc):
        return text
    host = parts.netloc if "@" in parts.netloc else parts.netloc.lower()
    return parts._replace(netloc=host, path=parts.path or "/").geturl()
