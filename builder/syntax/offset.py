"""Where a character of a scalar's text stands in its file, with quotes, escapes, folds or indentation in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

_BLANK = " \t\r\n"
_BLANK_ESCAPES = "ntr \t\r\n"
_SINGLE = re.compile(r"''|[^ \t\r\n]")
_DOUBLE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)|[^ \t\r\n]", re.DOTALL)


def source_offset(source: str, text: str, index: int) -> int:
    """Return how far into ``source``, a scalar as the file has it, the character ``index`` of its ``text`` stands.

    Text and source have the same characters in the same order but for white space, so it is found by counting the
    others. White space stands where the next other character does.
    """
    opening = 1 if source[:1] in {"'", '"'} else 0
    if source.startswith(text, opening):
        return opening + index
    visible = sum(character not in _BLANK for character in text[:index])
    return next(islice(_visible(source), visible, None), len(source))


def _visible(source: str) -> Iterator[int]:
    """Yield the place of each character that is no white space, an escaped one as a whole."""
    match source[:1]:
        case "|" | ">":
            head = source.find("\n") + 1
            yield from (place for place in range(head, len(source)) if source[place] not in _BLANK)
        case "'":
            yield from (found.start() for found in _SINGLE.finditer(source, 1, len(source) - 1))
        case '"':
            found = _DOUBLE.finditer(source, 1, len(source) - 1)
            yield from (one.start() for one in found if not _is_blank_escape(one[0]))
        case _:
            yield from (place for place, character in enumerate(source) if character not in _BLANK)


def _is_blank_escape(sign: str) -> bool:
    if len(sign) == 2 and sign[0] == "\\":
        return sign[1] in _BLANK_ESCAPES
    return len(sign) > 2 and chr(int(sign.lstrip("\\xuU"), 16)) in _BLANK
