"""Rendered ``meta.yaml`` text to plain values, as conda-build reads them: numbers stay text, ``yes`` is a truth value.

YAML 1.1 as PyYAML has it, but bounded: aliases are few, keys stand once, and no tag makes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from builder.errors import Problem, RecipeError
from builder.syntax.node import Document
from builder.syntax.reader import MAX_DEPTH, MAX_NODES, yaml_events

Plain = None | bool | str | list["Plain"] | dict[str, "Plain"]

MAX_ALIASES = 100

_TRUE = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = "<<"


def read_values(text: str, file: str, doubled: list[Problem] | None = None) -> Plain:
    """Return what the only document of ``text`` holds, None if it holds nothing.

    Keys that stand twice in one mapping go into ``doubled``, for only the last of them counts. Raises `RecipeError`
    with its place in the rendered text.
    """
    document = Document.of(file, text)
    reader = _Reader(document, iter(yaml_events(document)))
    value = reader.read()
    if doubled is not None:
        doubled.extend(reader.doubled)
    return value


class _Reader:
    """Turns one event stream into values."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self._document = document
        self._events = events
        self._nodes = MAX_NODES
        self._aliases = MAX_ALIASES
        self._anchors: dict[str, tuple[Plain, int]] = {}
        self.doubled: list[Problem] = []

    def read(self) -> Plain:
        next(self._events)
        start = next(self._events)
        if _kind(start) == "StreamEnd":
            return None
        value = self._value(next(self._events), 0)
        next(self._events)
        end = next(self._events)
        if _kind(end) != "StreamEnd":
            raise self._error("a second document starts here, one is allowed", end, "make two recipes of it")
        return value

    def _value(self, event: Any, depth: int) -> Plain:
        before = self._nodes
        self._take(1, event)
        if depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels", event, "write it flatter")
        kind = _kind(event)
        if kind == "Alias":
            return self._alias(event)
        if event.tag is not None and not (kind == "Scalar" and event.tag == "!"):
            raise self._error(f"the tag {event.tag} is not allowed", event)
        if kind == "Scalar":
            value = _scalar(event.value) if event.implicit[0] and not event.tag else event.value
        else:
            value = self._list(depth) if kind == "SequenceStart" else self._mapping(depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, before - self._nodes
        return value

    def _take(self, nodes: int, event: Any) -> None:
        self._nodes -= nodes
        if self._nodes < 0:
            raise self._error(
                f"the recipe has more than {MAX_NODES:,} values", event, "write less, or use fewer aliases"
            )

    def _alias(self, event: Any) -> Plain:
        """Return what the alias stands for; it counts with all that is in it, for whoever reads it walks through it."""
        self._aliases -= 1
        if self._aliases < 0:
            raise self._error(f"more than {MAX_ALIASES} aliases", event, "write less, or use fewer aliases")
        if event.anchor not in self._anchors:
            raise self._error(f"nothing has the anchor &{event.anchor}", event)
        value, nodes = self._anchors[event.anchor]
        self._take(nodes, event)
        return value

    def _list(self, depth: int) -> list[Plain]:
        items: list[Plain] = []
        while _kind(event := next(self._events)) != "SequenceEnd":
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Plain]:
        own: dict[str, Plain] = {}
        merged: dict[str, Plain] = {}
        while _kind(event := next(self._events)) != "MappingEnd":
            is_plain = _kind(event) == "Scalar" and event.implicit[0]
            key = event.value if is_plain else self._value(event, depth + 1)
            if not isinstance(key, str):
                raise self._error("a key must be text", event)
            value = self._value(next(self._events), depth + 1)
            if is_plain and key == _MERGE:
                merged = {**self._merged(value, event), **merged}
            else:
                if key in own:
                    self.doubled.append(self._twice(key, event))
                own[key] = value  # of two, conda-build takes the last one
        return {**merged, **own}

    def _merged(self, value: Plain, event: Any) -> Mapping[str, Plain]:
        many = value if isinstance(value, list) else [value]
        found: dict[str, Plain] = {}
        for one in reversed(many):
            if not isinstance(one, dict):
                raise self._error("only a mapping can be merged", event)
            found.update(one)
        return found

    def _twice(self, key: str, event: Any) -> Problem:
        message = f"{key} stands here once more, and only the last one counts"
        place = self._document.place(event.start_mark.index)
        return Problem(code="recipe.key-twice", message=message, place=place, remedy="remove one of them")

    def _error(self, message: str, event: Any, remedy: str = "write plain mappings, lists and texts") -> RecipeError:
        place = self._document.place(event.start_mark.index)
        return RecipeError(message, code="yaml.legacy", place=place, remedy=remedy)


def _scalar(text: str) -> Plain:
    if text in _NULL:
        return None
    return True if text in _TRUE else False if text in _FALSE else text


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")
