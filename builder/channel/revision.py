"""Records of repodata revision 3, which installers from before it must not see: a section of their own (CEP 48)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.model.match_spec import MatchSpec

NAME = "v3"
_MARKS = ('"schema_version":3', '"repodata_revision":3')
_SECTION = f'\n"{NAME}":'.encode()
_EXTENSIONS = ("conda", "tar.bz2")


def is_revised(record: str) -> bool:
    """Whether a record (canonical JSON) is of revision 3: its package says so, in our words (CEP 43) or rattler's."""
    return any(mark in record for mark in _MARKS)


def revised(record: str) -> str:
    """Return a record of revision 3 with its specs as they must stand there, ``name[version="1.2.*"]``."""
    found = json.loads(record)
    for field in ("depends", "constrains"):
        if field in found:
            found[field] = [_bracketed(spec) for spec in found[field]]
    if "extra_depends" in found:
        found["extra_depends"] = {
            group: [_bracketed(spec) for spec in specs] for group, specs in found["extra_depends"].items()
        }
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sections(records: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return records by the extension of their files, and by file name without it."""
    found: dict[str, dict[str, str]] = {extension: {} for extension in _EXTENSIONS}
    for name, record in records.items():
        extension = next(one for one in _EXTENSIONS if name.endswith(f".{one}"))
        found[extension][name.removesuffix(f".{extension}")] = record
    return found


def cut_section(data: bytes) -> tuple[bytes, bytes]:
    """Return an index in our layout as what stands before the section, and the section's JSON; empty without one."""
    before, _, rest = data.partition(_SECTION)
    return before, rest.removesuffix(b"}\n")


def parse_section(section: object) -> dict[str, str]:
    """Return the records of a parsed section by file name, as canonical JSON; nothing for what is no section."""
    records = {}
    for extension, entries in section.items() if isinstance(section, dict) else ():
        for stem, record in entries.items() if isinstance(entries, dict) else ():
            if extension in _EXTENSIONS and isinstance(record, dict):
                text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                records[f"{stem}.{extension}"] = text
    return records


def _bracketed(spec: str) -> str:
    """Return a spec with brackets; one that nobody can read stays as it is."""
    try:
        return MatchSpec.parse(spec).bracketed()
    except ValueError:
        return spec
