"""A ``variants.yaml`` as conda-smithy reads it: lists with ``if``, ``then`` and ``else``, numbers that stay numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from builder.errors import RecipeError
from builder.feedstock.document import document_mapping, document_text
from builder.matrix.v0.config import Spec, values_of
from builder.model.frozen import frozen
from builder.recipe.v0.scope import Fixed
from builder.syntax.node import Mapping as MappingNode
from builder.syntax.node import Node, Scalar, is_null
from builder.syntax.node import Sequence as SequenceNode

_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_TRUTH = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}


@frozen
class Variants:
    """The keys with their values as text; ``numbers`` are those that the file has as whole numbers, by key."""

    values: Spec
    numbers: frozenset[tuple[str, str]]


def read_variants(file: Path, holds: Callable[[str], bool]) -> Variants:
    """Return what a ``variants.yaml`` says; ``holds`` says whether a condition holds. Raises `RecipeError`."""
    what = "a variant file"
    node = document_mapping(document_text(file, what, "make it a file that may be read"), file, what)
    if node is None:
        return Variants(values={}, numbers=frozenset())
    numbers = set[tuple[str, str]]()
    values: dict[str, Fixed] = {}
    for key, value in node.entries:
        found = _value(value, key.text, holds, numbers)
        if found not in ("", (), {}):
            values[key.text] = found
    if "zip_keys" in values:
        values["zip_keys"] = _zip_keys(values)
    return Variants(values=values, numbers=frozenset(numbers))


def _value(node: Node, key: str, holds: Callable[[str], bool], numbers: set[tuple[str, str]]) -> Fixed:
    if isinstance(node, MappingNode):
        return {name.text: _value(inner, key, holds, numbers) for name, inner in node.entries}
    if isinstance(node, Scalar):
        return _text(node, key, numbers)
    return tuple(_value(item, key, holds, numbers) for item in _chosen(node, holds) if not is_null(item))


def _chosen(node: Node, holds: Callable[[str], bool]) -> Iterator[Node]:
    """Give the items of a list, those under ``then`` or ``else`` in the place of an ``if``."""
    for item in node.items if isinstance(node, SequenceNode) else (node,):
        condition = item.get("if") if isinstance(item, MappingNode) else None
        if condition is None or not isinstance(item, MappingNode):
            yield item
            continue
        branch = item.get("then" if _holds(condition, holds) else "else")
        if branch is not None:
            yield from _chosen(branch, holds)


def _holds(condition: Node, holds: Callable[[str], bool]) -> bool:
    try:
        return holds(condition.text if isinstance(condition, Scalar) else "")
    except ValueError as error:
        raise RecipeError(
            f"this condition cannot be evaluated: {error}",
            code="variant.condition",
            place=condition.place,
            remedy="a condition looks like `linux and aarch64`",
        ) from error


def _text(node: Scalar, key: str, numbers: set[tuple[str, str]]) -> str:
    if not node.plain:
        return node.text
    if _NUMBER.fullmatch(node.text):
        number = str(int(node.text))
        numbers.add((key, number))
        return number
    return _TRUTH.get(node.text, node.text)


def _zip_keys(values: Spec) -> Fixed:
    """Return all groups as one where their keys have equally many values, for that is how conda-smithy reads them.

    Where they have not, conda-smithy gives up, and the groups stay as they are written.
    """
    groups = values["zip_keys"]
    keys = [key for group in groups for key in ((group,) if isinstance(group, str) else values_of(tuple(group)))]
    lengths = {len(values_of(values[key])) for key in keys if key in values}
    return tuple(keys) if len(lengths) <= 1 else groups
