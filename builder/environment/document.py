"""Reading an index's JSON member by member, in little memory however large it is, and strictly.

Parsers disagree about documents with two values under one key, with numbers that are none, and with text that is not
UTF-8: such a document says one thing to whoever checks it and another to whoever uses it, so it is refused.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO, cast

from builder.model.frozen import frozen

_PIECE = 1 << 20
_BLANK = " \t\n\r"
_NUMBER = "0123456789.eE+-"
"""What a number goes on with: one that is cut off is a number too."""


class DocumentError(ValueError):
    """A text that is no JSON document as everybody reads it; the message says why, in a few words."""


@frozen
class Member:
    """One value of the document: the ``path`` of keys that leads to its map, its ``key``, and how it is written."""

    path: tuple[str, ...]
    key: str
    value: object
    text: str


def members(file: IO[bytes], descends: Callable[[tuple[str, ...]], bool], *, most: int) -> Iterator[Member]:
    """Yield the values of the map that ``file`` holds, those below paths that ``descends`` names one by one.

    ``most`` is how many signs one value may have. Nothing is kept of what was yielded but the keys.

    Raises:
        DocumentError: it is no JSON, no map, or has a value that is too long.
    """
    text = _Text(file, most=most)
    text.expect("{", "it is no map")
    yield from _of_map(text, (), descends)
    if text.sign():
        raise DocumentError("something follows its end")


def _of_map(text: _Text, path: tuple[str, ...], descends: Callable[[tuple[str, ...]], bool]) -> Iterator[Member]:
    """Yield the members of a map whose bracket was read."""
    keys = set[str]()
    if text.sign() == "}":
        text.skip()
        return
    while True:
        if text.sign() != '"':
            raise DocumentError("a key is missing")
        key = cast("str", text.value()[0])
        if key in keys:
            raise DocumentError(f"it has two values under {key[:80]!r}")
        keys.add(key)
        text.expect(":", "a colon is missing")
        inner = (*path, key)
        if text.sign() == "{" and descends(inner):
            text.skip()
            yield from _of_map(text, inner, descends)
        else:
            value, written = text.value()
            yield Member(path=path, key=key, value=value, text=written)
        if text.sign() == "}":
            text.skip()
            return
        text.expect(",", "a comma is missing")


class _Text:
    """A window on the text of a document, which grows to the size of the value that is read."""

    def __init__(self, file: IO[bytes], *, most: int) -> None:
        self._file = file
        self._most = most
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._piece = "", 0, _PIECE
        self._ended = False

    def sign(self) -> str:
        """Return the next sign that is not blank, without passing it; nothing at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANK:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if self._ended:
                return ""
            self._more()

    def skip(self) -> None:
        """Pass the sign that `sign` returned."""
        self._at += 1

    def expect(self, sign: str, otherwise: str) -> None:
        """Pass ``sign``, which must come next."""
        if self.sign() != sign:
            raise DocumentError(otherwise)
        self._at += 1

    def value(self) -> tuple[object, str]:
        """Pass the value that comes next; return it and how it is written."""
        self.sign()
        while True:
            try:
                value, end = STRICT.raw_decode(self._text, self._at)
            except DocumentError:
                raise
            except RecursionError:
                raise DocumentError("it is nested too deeply") from None
            except ValueError as error:
                if self._ended:
                    raise DocumentError(_said(error)) from None
            else:
                whole = end < len(self._text) and not (isinstance(value, int | float) and self._text[end] in _NUMBER)
                if whole or self._ended:
                    written, self._at = self._text[self._at : end], end
                    self._piece = _PIECE
                    return value, written
            if len(self._text) - self._at > self._most:
                raise DocumentError(f"it has a value of more than {self._most:,} signs, or one that does not end")
            self._more()

    def _more(self) -> None:
        """Read on, more each time that it was not enough."""
        data = self._file.read(self._piece)
        self._piece *= 2
        self._ended = not data
        try:
            self._text = self._text[self._at :] + self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError:
            raise DocumentError("it is no UTF-8") from None
        self._at = 0


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise DocumentError(f"it has two values under {twice[:80]!r}")
    return found


def _no_number(text: str) -> object:
    raise DocumentError(f"{text} is no number")


STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
"""Reads a text whole; its errors are `ValueError`, or `RecursionError` for what is nested too deeply."""


def _said(error: ValueError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "a number in it is too long"
