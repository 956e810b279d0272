"""The bytes of a subdir's index, ``repodata.json`` (CEPs 36 and 48): a pure function of its records."""

from __future__ import annotations

import json
from collections.abc import Mapping

from backports import zstd

from builder.channel import revision

_SECTIONS = (("packages", ".tar.bz2"), ("packages.conda", ".conda"))
PACKAGE_SUFFIXES = tuple(suffix for _, suffix in _SECTIONS)
_LEVEL = 3
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: object) -> str:
    """Return JSON in the only form in which it is written here: sorted keys, no blanks, text as UTF-8."""
    return _ENCODER.encode(value)


def render(subdir: str, records: Mapping[str, str]) -> bytes:
    """Return the index of ``records`` (file name → record as canonical JSON), sorted by file name, one in each line.

    The lines make an append cheap (`parse` need not understand the records) and a difference readable. Records that
    older installers cannot read stand in a section of their own (`builder.channel.revision`).
    """
    new = {name: revision.revised(record) for name, record in records.items() if revision.is_revised(record)}
    info: dict[str, object] = {"subdir": subdir}
    if new:
        info["repodata_revisions"] = {revision.NAME: {"n_packages": len(new)}}
    parts = ['{\n"info":', canonical(info), ",\n"]
    for section, suffix in _SECTIONS:
        own = {name: record for name, record in records.items() if name.endswith(suffix) and name not in new}
        parts += [f'"{section}":{{\n', join_lines(own), "},\n"]
    parts.append('"removed":[],\n"repodata_version":1')
    if new:
        inner = [f'"{extension}":{{\n{join_lines(own)}}}' for extension, own in revision.sections(new).items()]
        parts += [f',\n"{revision.NAME}":{{\n', ",\n".join(inner), "\n}"]
    parts.append("\n}\n")
    return "".join(parts).encode()


def parse(subdir: str, data: bytes) -> dict[str, str]:
    """Return the records of an index, by file name, as canonical JSON; nothing for what is no index.

    Our own layout is cut at its line ends, which takes a tenth of the time of reading JSON; whether that was right is
    checked by rendering it again. Another tool's index is read as JSON.
    """
    before, section = revision.cut_section(data)
    records = cut_lines(before) | (revision.parse_section(_parsed(section)) if section else {})
    return records if render(subdir, records) == data else _parse_foreign(data)


def _parse_foreign(data: bytes) -> dict[str, str]:
    document = _parsed(data)
    records = revision.parse_section(document.get(revision.NAME)) if isinstance(document, dict) else {}
    for section, suffix in _SECTIONS:
        entries = document.get(section) if isinstance(document, dict) else None
        for name, record in entries.items() if isinstance(entries, dict) else ():
            if name.endswith(suffix) and isinstance(record, dict):
                records[name] = canonical(record)
    return records


def _parsed(data: bytes) -> object:
    try:
        document: object = json.loads(data)
    except ValueError:
        return None
    return document


def join_lines(entries: Mapping[str, str]) -> str:
    """Return the inside of a JSON object of ``entries`` (file name → JSON), sorted, one in each line."""
    lines = ",\n".join(f'"{name}":{entries[name]}' for name in sorted(entries))
    return f"{lines}\n" if lines else ""


def cut_lines(data: bytes) -> dict[str, str]:
    """Return the entries of all lines that look as `join_lines` makes them; the caller checks."""
    entries = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        name, _, entry = line[1:].partition('":')
        if name.endswith(PACKAGE_SUFFIXES) and entry.startswith(("{}", '{"')):
            entries[name] = entry.removesuffix(",")
    return entries


def compress(index: bytes) -> bytes:
    """Return the bytes of ``repodata.json.zst``."""
    return zstd.compress(index, _LEVEL)


def is_compressed(index: bytes, packed: bytes) -> bool:
    """Whether ``packed`` is ``index``, whoever compressed it."""
    try:
        return zstd.decompress(packed) == index
    except zstd.ZstdError:
        return False
