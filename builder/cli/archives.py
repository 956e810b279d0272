"""How much an archive of a source may hold: what is usual, and what `bakehouse.yaml` and options say instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import get_args

from builder.archive.member import Cap
from builder.archive.policy import UnpackLimits
from builder.cli.limiting import size_in_bytes
from builder.errors import Problem, UsageError
from builder.model.frozen import frozen
from builder.syntax.node import Mapping as MappingNode
from builder.syntax.node import Node, Scalar, is_null

CAPS: tuple[Cap, ...] = get_args(Cap)
SaidCap = tuple[Cap, int]
"""A cap, and how much it is."""

_EXAMPLE = "write members=2000000, size=200G, ratio=1000, ratio_from=1G or depth=100"


@frozen
class _Word:
    """How a cap is read from a text, and the largest that means anything."""

    read: Callable[[str], int]
    most: int


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


_WORDS: Mapping[Cap, _Word] = {
    "members": _Word(read=_count, most=1_000_000_000),
    "size": _Word(read=size_in_bytes, most=1 << 60),
    "ratio": _Word(read=_count, most=1_000_000),
    "ratio_from": _Word(read=size_in_bytes, most=1 << 60),
    "depth": _Word(read=_count, most=256),  # a path has at most 1024 bytes
}
_LONGEST = 20


def read_cap(word: str, text: str) -> SaidCap:
    """Return a cap and its value; raises `UsageError` for an unknown word and for what cannot be its value."""
    cap = next((cap for cap in CAPS if cap == word), None)
    if cap is None:
        names = ", ".join(CAPS)
        message = f"nothing that is counted of an archive is called {word!r}"
        raise UsageError(message, code="cli.archives", remedy=f"there are {names}")
    known, text = _WORDS[cap], text.strip()
    value = known.read(text) if len(text) <= _LONGEST else 0
    if not 0 < value <= known.most:
        message = f"{cap} of archives cannot be {text[:40]!r}: it is from 1 to {known.most}"
        raise UsageError(message, code="cli.archives", remedy=_EXAMPLE)
    return cap, value


def caps_of(node: Node | None, told: Callable[[Problem], None]) -> tuple[SaidCap, ...]:
    """Return what the key ``archives`` of a collection says; mistakes are ``told``."""
    return tuple(_caps(node, told))


def _caps(node: Node | None, told: Callable[[Problem], None]) -> Iterator[SaidCap]:
    if is_null(node):
        return
    if not isinstance(node, MappingNode):
        told(_shape(node, f"archives must be a mapping of {', '.join(CAPS)}"))
        return
    for key, value in node.entries:
        if not isinstance(value, Scalar):
            told(_shape(value, f"{key.text} must be a number or a size, as 2000000 or 200G"))
            continue
        try:
            yield read_cap(key.text, value.text)
        except UsageError as error:
            place = (value if key.text in CAPS else key).place
            told(replace(error.problems[0], place=place, code="collection.archives"))


def unpack_limits(said: Iterable[SaidCap], options: Iterable[str]) -> UnpackLimits:
    """Return what is usual but for what is ``said``, and for what options say as ``WHAT=VALUE``; later ones win."""
    caps = dict(said)
    for text in options:
        word, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--archive-limit {text!r} is not WHAT=VALUE", code="cli.archives", remedy=_EXAMPLE)
        caps.update([read_cap(word, value)])
    return replace(UnpackLimits(), **caps)


def _shape(node: Node | None, message: str) -> Problem:
    return Problem(code="collection.shape", message=message, place=node.place if node is not None else None)
