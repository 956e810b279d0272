"""Judging an index that has one record in each line, as we write them: lines that were judged before cost nothing.

A channel is appended to while a run goes on, and each solve looks at it afresh: the same line is the same record.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from builder.environment.document import STRICT, members
from builder.environment.judge import Judge, Section, descends

Lines = Mapping[bytes, str]
"""Lines of records that may stay, with their keys."""

_OPENING: Mapping[bytes, Section] = {b'"packages":{': ("packages",), b'"packages.conda":{': ("packages.conda",)}
_CLOSING = (b"}", b"},")


def judged_lines(content: bytes, judge: Judge, known: Lines) -> Lines | None:
    """Judge an index by its lines; return them if all may stay, None if it must be read as a whole.

    What stands between the records is read as JSON without them. So whatever the layout, each record was judged, and
    all together are JSON if the lines in each section are divided by commas.

    Raises:
        DocumentError, UsageError: the index is refused.
    """
    records, rest = _cut(content)
    if not records:
        return None
    found = dict[bytes, str]()
    for section, line in records:
        key = known.get(line)
        if key is None:
            parsed = _parsed(line)
            if parsed is None:
                return None
            key, record = parsed
            if not judge.member(section, key, record, ""):
                return None
        else:
            judge.count += 1
        found[line] = key
    if len(set(found.values())) != len(records):
        return None
    for member in members(io.BytesIO(rest), descends, most=judge.limits.value):
        if not judge.member(member.path, member.key, member.value, member.text):
            return None
    return found


def _cut(content: bytes) -> tuple[list[tuple[Section, bytes]], bytes]:
    """Return the lines of records without their commas, and the document without them; no records if it has others."""
    rest, records = list[bytes](), list[tuple[Section, bytes]]()
    for section, lines in _sections(content):
        if section is None:
            rest += lines
        elif all(line.endswith(b"},") for line in lines[:-1]) and lines[-1].endswith(b"}"):
            records += [(section, line.removesuffix(b",")) for line in lines]
        else:
            return [], b""
    return records, b"\n".join(rest)


def _sections(content: bytes) -> Iterator[tuple[Section | None, list[bytes]]]:
    """Divide the lines into those of sections and the others."""
    section: Section | None = None
    lines = list[bytes]()
    for line in content.split(b"\n"):
        if section is not None and line in _CLOSING:
            if lines:
                yield section, lines
            section, lines = None, [line]
            continue
        lines.append(line)
        if section is None and (opened := _OPENING.get(line)) is not None:
            yield None, lines
            section, lines = opened, []
    yield None, lines


def _parsed(line: bytes) -> tuple[str, object] | None:
    """Return key and record of a line, None if it holds anything else."""
    try:
        found: object = STRICT.decode(f"{{{line.decode()}}}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or len(found) != 1:
        return None
    return next(iter(found.items()))
