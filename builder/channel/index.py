"""The bytes of a subdir's index, ``repodata.json`` (CEPs 36 and 48): a pure function of its records."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from backports import zstd

from builder.channel import revision

SECTIONS = (("packages", ".tar.bz2"), ("packages.conda", ".conda"))
GENERATION = "generation"
PACKAGE_SUFFIXES = tuple(suffix for _, suffix in SECTIONS)
_LEVEL = 3
_PLAIN = re.compile(r'[^"\\/\x00-\x1f]+')
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: object) -> str:
    """Return JSON in the only form in which it is written here: sorted keys, no blanks, text as UTF-8."""
    return _ENCODER.encode(value)


def render(subdir: str, records: Mapping[str, str], generation: int = 0) -> bytes:
    """Return the index of ``records`` (file name → record as canonical JSON), sorted by file name, one in each line.

    ``generation`` counts the changes of the subdir's index; 0 is none, and not said.

    The lines make an append cheap (`parse` need not understand the records) and a difference readable. Records that
    older installers cannot read stand in a section of their own (`builder.channel.revision`).
    """
    new = {name: revision.revised(record) for name, record in records.items() if revision.is_revised(record)}
    info = header(subdir, generation)
    if new:
        info["repodata_revisions"] = {revision.NAME: {"n_packages": len(new)}}
    parts = ['{\n"info":', canonical(info), ",\n"]
    for section, suffix in SECTIONS:
        own = {name: record for name, record in records.items() if name.endswith(suffix) and name not in new}
        parts += [f'"{section}":{{\n', join_lines(own), "},\n"]
    parts.append('"removed":[],\n"repodata_version":1')
    if new:
        inner = [f'"{extension}":{{\n{join_lines(own)}}}' for extension, own in revision.sections(new).items()]
        parts += [f',\n"{revision.NAME}":{{\n', ",\n".join(inner), "\n}"]
    parts.append("\n}\n")
    return "".join(parts).encode()


def header(subdir: str, generation: int) -> dict[str, object]:
    """Return what every form of an index says of itself; other tools do not look at the generation."""
    return {"subdir": subdir} | ({GENERATION: generation} if generation else {})


def generation_in(data: bytes) -> int:
    """Return the generation that an index in our layout says it is of, 0 for none."""
    line = data.partition(b"\n")[2].partition(b"\n")[0]
    found = _parsed(line.removeprefix(b'"info":').removesuffix(b","))
    number = found.get(GENERATION) if isinstance(found, dict) else None
    return number if type(number) is int and number > 0 else 0


def parse(subdir: str, data: bytes) -> dict[str, str]:
    """Return the records of an index, by file name, as canonical JSON; nothing for what is no index.

    Our own layout is cut at its line ends, which takes a tenth of the time of reading JSON; whether that was right is
    checked by rendering it again. Another tool's index is read as JSON.
    """
    records = parse_own(data)
    return records if render(subdir, records, generation_in(data)) == data else _parse_foreign(data)


def parse_own(data: bytes) -> dict[str, str]:
    """Return the records of an index that is known to be of our making."""
    before, section = revision.cut_section(data)
    return cut_lines(before) | (revision.parse_section(_parsed(section)) if section else {})


def digests(data: bytes) -> dict[str, str]:
    """Return the sha256 that any tool's index gives for each file, empty where it gives none."""
    return {name: str(json.loads(record).get("sha256", "")) for name, record in _parse_foreign(data).items()}


def _parse_foreign(data: bytes) -> dict[str, str]:
    document = _parsed(data)
    records = revision.parse_section(document.get(revision.NAME)) if isinstance(document, dict) else {}
    for section, suffix in SECTIONS:
        entries = document.get(section) if isinstance(document, dict) else None
        for name, record in entries.items() if isinstance(entries, dict) else ():
            if name.endswith(suffix) and isinstance(record, dict):
                records[name] = canonical(record)
    return {name: record for name, record in records.items() if _can_be_written(name, record)}


def _can_be_written(name: str, record: str) -> bool:
    """Whether a foreign record is one, in text, under a name that needs no quoting, as all our files have."""
    try:
        f"{name}{record}".encode()
        if revision.is_revised(record):
            revision.revised(record)
    except (UnicodeEncodeError, TypeError, AttributeError):
        return False
    return _PLAIN.fullmatch(name) is not None


def _parsed(data: bytes) -> object:
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
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
        return zstd.ZstdDecompressor().decompress(packed, max_length=len(index) + 1) == index
    except zstd.ZstdError:
        return False
