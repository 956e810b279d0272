"""Text to YAML values under caps: size, depth, number, no anchors, no tags, no duplicate keys, clean UTF-8.

libyaml scans, through ruamel.yaml's C parser; its event stream is turned into nodes directly, so that nothing is ever
resolved, merged or expanded. The libyaml that ruamel.yaml brings is old and refuses colons inside brackets
(``{url: https://example.org}``); small files in which it meets one are scanned by ruamel.yaml itself, which is slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from builder.errors import Problem, RecipeError
from builder.syntax.node import Document, Mapping, Node, Scalar, Sequence
from builder.syntax.value import NOWHERE

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_NODES = 100_000
"""Values and keys in one file; conda-forge's pinning file has some 4,000."""

_MAX_SLOW = 1 << 16
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""What makes a text look other than it is: no editor shows it, or it begins a line for YAML and not for people."""

_LONE_RETURN = re.compile(r"\r(?!\n)")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_yaml(data: bytes, file: str) -> Node:
    """Return the only document in ``data`` as nodes; ``file`` is the name for errors.

    Raises `RecipeError` with its place for everything that is not plain, small, unambiguous YAML.
    """
    return read_text(decoded(data, file), file)


def read_text(text: str, file: str) -> Node:
    """Return the only document in ``text``, which is `decoded`; see `read_yaml`."""
    document = Document.of(file, text)
    try:
        return _Builder(document, _by_libyaml(document.text)).build()
    except _ColonError as error:
        if len(document.text) > _MAX_SLOW:
            raise _no_yaml(document, error.__cause__) from error
    return _Builder(document, _by_ruamel(document.text)).build()


def yaml_events(document: Document) -> list[Any]:
    """Return the events that the parser finds in a document's text; raise `RecipeError` where it is no YAML."""
    try:
        return list(_guarded(document, _by_libyaml(document.text)))
    except _ColonError as error:
        if len(document.text) > _MAX_SLOW:
            raise _no_yaml(document, error.__cause__) from error
    return list(_guarded(document, _by_ruamel(document.text)))


class _ColonError(Exception):
    """libyaml met a colon inside brackets, which YAML 1.2 allows."""


def _by_libyaml(text: str) -> Iterator[Any]:
    # Imported here: the import costs 40 ms, and a cached rendering needs no YAML.
    from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
    from ruamel.yaml.error import MarkedYAMLError

    parser = CParser(text)
    try:
        while (event := parser.get_event()) is not None:
            yield event
    except MarkedYAMLError as error:
        if error.problem == "found unexpected ':'":
            raise _ColonError from error
        raise


def _by_ruamel(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML

    yield from YAML(typ="safe", pure=True).parse(text)


def _guarded(document: Document, events: Iterator[Any]) -> Iterator[Any]:
    from ruamel.yaml.error import YAMLError

    try:
        yield from events
    except YAMLError as error:
        raise _no_yaml(document, error) from error


def _no_yaml(document: Document, error: BaseException | None) -> RecipeError:
    """Say why the text is no YAML, from what the scanner said."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    index = min(mark.index if mark else 0, len(document.text))
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    what = " ".join(part for part in parts if part) or str(error)
    remedy = "look at indentation, quotes and brackets here and in the lines above"
    return RecipeError(f"this is no YAML: {what}", code="yaml.syntax", place=document.place(index), remedy=remedy)


def decoded(data: bytes, file: str) -> str:
    """Return the text of a file; raise `RecipeError` if it is too long, no UTF-8, or not what it looks like."""
    if len(data) > MAX_BYTES:
        start = data[:MAX_BYTES].decode(errors="replace")
        raise RecipeError(
            f"the file has more than {MAX_BYTES} bytes",
            code="yaml.too-large",
            place=Document.of(file, start).place(len(start) - 1),
            remedy="move large texts into files of their own beside it",
        )
    if data.startswith(_BYTE_ORDER_MARKS):
        raise _encoding_error("a byte order mark stands at byte 0", data, 0, file)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8 ({error.reason})"
        raise _encoding_error(message, data, error.start, file) from error
    control = _CONTROL.search(text) or ("\r" in text and _LONE_RETURN.search(text))
    if control:
        offset = len(text[: control.start()].encode())
        what = "NUL" if control[0] == "\0" else f"the control character U+{ord(control[0]):04X}"
        raise _encoding_error(f"{what} stands at byte {offset}", data, offset, file)
    return text


def _encoding_error(message: str, data: bytes, offset: int, file: str) -> RecipeError:
    before = data[:offset].decode()
    place = Document.of(file, before + data[offset:].decode(errors="replace")).place(len(before))
    remedy = f"save the file as plain UTF-8 text without a byte order mark (byte offset {offset})"
    return RecipeError(message, code="yaml.encoding", place=place, remedy=remedy)


class _Builder:
    """Turns one event stream into one node."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self._document = document
        self._events = _guarded(document, events)
        self._left = MAX_NODES
        self._has_escapes = "\\" in document.text

    def build(self) -> Node:
        self._skip("StreamStartEvent")
        start = next(self._events)
        if type(start).__name__ == "StreamEndEvent":
            raise self._error("the file is empty", "yaml.empty", 0, "write package: with name and version")
        root = self._node(next(self._events), 0)
        self._skip("DocumentEndEvent")
        end = next(self._events)
        if type(end).__name__ != "StreamEndEvent":
            message = "a second document starts here, one is allowed"
            raise self._error(message, "yaml.documents", end.start_mark.index, "make a file of it, or remove the ---")
        return root

    def _skip(self, name: str) -> None:
        event = next(self._events)
        assert type(event).__name__ == name

    def _node(self, event: Any, depth: int) -> Node:
        start = event.start_mark.index
        if depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels", "yaml.too-deep", start, "write it flatter")
        self._left -= 1
        if self._left < 0:
            raise self._error(
                f"the file has more than {MAX_NODES:,} values", "yaml.too-many", start, "move data out of it"
            )
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor is not None:
            message = f"the {'alias *' if kind == 'AliasEvent' else 'anchor &'}{event.anchor} is not allowed"
            raise self._error(message, "yaml.anchor", start, "write the value out where it is used")
        if event.tag is not None:
            raise self._error(
                f"the tag {event.tag} is not allowed", "yaml.tag", start, "remove it; quote the value to keep text"
            )
        if kind == "ScalarEvent":
            if self._has_escapes and NOWHERE.search(event.value):
                message = "this text holds NUL or half a character, which no file can hold"
                raise self._error(message, "yaml.text", start, r"take \0, \x00 or \ud800 … \udfff out of it")
            return Scalar(event.value, event.implicit[0], start, event.end_mark.index, self._document)
        return self._sequence(start, depth) if kind == "SequenceStartEvent" else self._mapping(start, depth)

    def _sequence(self, start: int, depth: int) -> Sequence:
        items = []
        while type(event := next(self._events)).__name__ != "SequenceEndEvent":
            items.append(self._node(event, depth + 1))
        return Sequence(tuple(items), start, self._document)

    def _mapping(self, start: int, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise self._error("a key must be text", "yaml.key", event.start_mark.index, "write key: value")
            if key.text in entries:
                raise self._duplicate(entries[key.text][0], key)
            entries[key.text] = (key, self._node(next(self._events), depth + 1))
        return Mapping(tuple(entries.values()), start, self._document)

    def _duplicate(self, first: Scalar, second: Scalar) -> RecipeError:
        lines = f"lines {first.place.line} and {second.place.line}"
        error = RecipeError.of(
            [
                Problem(
                    code="yaml.duplicate-key",
                    message=f"the key {second.text} stands twice, in {lines}",
                    place=second.place,
                    remedy="keep one of the two",
                )
            ]
        )
        assert isinstance(error, RecipeError)
        return error

    def _error(self, message: str, code: str, index: int, remedy: str) -> RecipeError:
        return RecipeError(message, code=code, place=self._document.place(index), remedy=remedy)
