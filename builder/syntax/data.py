"""The data of a file beside a recipe as expression values: YAML, JSON and TOML by suffix, anything else as text."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from builder.errors import RecipeError
from builder.syntax.node import Mapping, Node, Scalar, is_null
from builder.syntax.reader import MAX_BYTES, read_yaml
from builder.syntax.scalar import as_float, coerced
from builder.syntax.value import ExpressionError, Value, weighed, whole


def read_data(data: bytes, path: str) -> Value:
    """Return what the file holds; raise `ExpressionError` if it is too large or not what its suffix says."""
    if len(data) > MAX_BYTES:
        raise ExpressionError(f"{path} has more than {MAX_BYTES} bytes", code="recipe.too-much")
    try:
        match PurePosixPath(path).suffix.lower():
            case ".yaml" | ".yml":
                return weighed(_of_node(read_yaml(data, path)))
            case ".json":
                return weighed(_of_data(json.loads(data)))
            case ".toml":
                import tomllib  # hardly a recipe reads TOML, and its expressions take milliseconds to compile

                return weighed(_of_data(tomllib.loads(data.decode())))
            case _:
                return whole(data.decode())
    except RecipeError as error:
        raise ExpressionError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"{path} cannot be read: {error}") from error


def _of_node(node: Node) -> Value:
    if isinstance(node, Scalar):
        if is_null(node):
            return None
        number = as_float(node.text) if node.plain else None
        found = coerced(node)
        return number if number is not None and isinstance(found, str) else found
    if isinstance(node, Mapping):
        return {key.text: _of_node(value) for key, value in sorted(node.entries, key=lambda entry: entry[0].text)}
    return tuple(_of_node(item) for item in node.items)


def _of_data(data: object) -> Value:
    """Return parsed JSON or TOML as a value; dates become their text."""
    match data:
        case None | bool() | int() | float():
            return data
        case str():
            return whole(data)
        case list():
            return tuple(_of_data(item) for item in data)
        case dict():
            return {whole(str(key)): _of_data(data[key]) for key in sorted(data)}
        case _:
            return str(data)
