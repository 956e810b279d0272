"""Finds ``debian:`` pins in the text of recipes: where addresses stand, where their sha256, what their names mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from builder.model.frozen import frozen

_PIECE = r"(?:\$\{\{.*?\}\}|[^\s\"',\]}#])+"
_ADDRESS = re.compile(rf"\bdebian:({_PIECE})")
_OTHER_ADDRESS = re.compile(rf"\b((?:https?|file|pypi):{_PIECE})")
_SHA256 = re.compile(r"\bsha256:\s*[\"']?([0-9a-f]{64})\b")
_NAME = re.compile(r"\$\{\{\s*(\w+)\s*\}\}")
_SCALAR = re.compile(rf"\s+(\w+):\s*(?:\"([^\"]*)\"|'([^']*)'|({_PIECE}))\s*(?:#.*)?")


@frozen
class Scalar:
    """A text in a file: ``line`` counts from 0."""

    line: int
    text: str


@frozen
class Pin:
    """One pinned file of the Debian archive in a recipe.

    ``address`` is the path as written; ``template`` has context values in place of ``${{ name }}`` as far as these are
    made of others, and ``path`` all of them (None when that takes more than names). ``sha256`` is None when it is not
    written beside the address, ``others`` are the source's further addresses.
    """

    file: Path
    address: Scalar
    template: str
    path: str | None
    sha256: Scalar | None
    others: tuple[str, ...] = ()
    context: tuple[tuple[str, Scalar], ...] = ()


def pins(file: Path, text: str) -> Iterator[Pin]:
    """Yield the pins of a recipe's text, in order; comments hold none."""
    lines = [_uncommented(line) for line in text.splitlines()]
    context = _context(lines)
    composed = {name: scalar for name, scalar in context.items() if "${{" in scalar.text}
    for number, line in enumerate(lines):
        for found in _ADDRESS.finditer(line):
            template = _expanded(found[1], composed)
            path = _expanded(template, context)
            if not path.startswith(("pool/", "${{")):
                continue
            block = (number,) if _SHA256.search(line) else tuple(_block(lines, number))
            sha256s = (
                Scalar(line=other, text=sha256[1]) for other in block for sha256 in _SHA256.finditer(lines[other])
            )
            others = (
                _expanded(other[1], context) for place in block for other in _OTHER_ADDRESS.finditer(lines[place])
            )
            yield Pin(
                file=file,
                address=Scalar(line=number, text=found[1]),
                template=template,
                path=None if "${{" in path else path,
                sha256=next(sha256s, None),
                others=tuple(others),
                context=tuple(context.items()),
            )


def lock_pins(file: Path, text: str) -> Iterator[Pin]:
    """Yield the pins of a rootfs list: lines of name, version, path, sha256, size; an address is a whole line."""
    for number, line in enumerate(text.splitlines()):
        fields = line.split()
        if len(fields) == 5 and not line.startswith("#"):
            whole, sha256 = Scalar(line=number, text=line), Scalar(line=number, text=fields[3])
            yield Pin(file=file, address=whole, template=fields[2], path=fields[2], sha256=sha256)


def solve(template: str, path: str) -> dict[str, str] | None:
    """Return the values with which ``template`` expands to ``path``, None when no values do."""
    pattern, end, seen = "", 0, set()
    for found in _NAME.finditer(template):
        pattern += re.escape(template[end : found.start()])
        pattern += f"(?P={found[1]})" if found[1] in seen else f"(?P<{found[1]}>.+)"
        seen.add(found[1])
        end = found.end()
    solved = re.fullmatch(pattern + re.escape(template[end:]), path)
    return solved.groupdict() if solved else None


def _uncommented(line: str) -> str:
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0]


def _context(lines: Sequence[str]) -> dict[str, Scalar]:
    """Return the plain scalars of the recipe's ``context``."""
    found: dict[str, Scalar] = {}
    inside = False
    for number, line in enumerate(lines):
        if line[:1].strip():
            inside = line.startswith("context:")
        elif inside and (scalar := _SCALAR.fullmatch(line)):
            found[scalar[1]] = Scalar(line=number, text=next(text for text in scalar.groups()[1:] if text is not None))
    return found


def _expanded(template: str, context: Mapping[str, Scalar]) -> str:
    for _ in context:  # a value may name others, but no chain is longer than all of them
        template = _NAME.sub(lambda name: context[name[1]].text if name[1] in context else name[0], template)
    return template


def _block(lines: Sequence[str], number: int) -> Iterator[int]:
    """Yield the lines of the block mapping that the address in line ``number`` belongs to, with all that is nested."""
    if not re.search(r"\burl:", lines[number]):  # an item of a list of addresses: its mapping is that of the key above
        number = next((above for above in range(number, -1, -1) if re.search(r"\burl:", lines[above])), number)
    column = _column(lines[number])
    first = number
    while first > 0 and not _starts(lines[first], column) and not _is_before(lines[first - 1], column):
        first -= 1
    yield first
    for other in range(first + 1, len(lines)):
        if _is_before(lines[other], column) or _starts(lines[other], column):
            return
        yield other


def _starts(line: str, column: int) -> bool:
    """Whether a mapping whose keys stand in ``column`` starts in this line, as the item of a list."""
    return line.lstrip().startswith("- ") and _column(line) == column


def _is_before(line: str, column: int) -> bool:
    return bool(line.strip()) and _column(line) < column


def _column(line: str) -> int:
    """Return the column in which a line's key starts, behind the dashes of lists."""
    found = re.match(r"\s*(?:-\s+)*", line)
    return found.end() if found else 0
