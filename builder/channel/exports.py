"""The bytes of ``run_exports.json`` (CEP 12): what each package adds to its users, a pure function of the records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from builder.channel import index

FILE_NAME = "run_exports.json"
_KEY = '"run_exports":'
_UNKNOWN: Mapping[str, str] = MappingProxyType({})
_NOTHING = '{"run_exports":{}}'
_VERSION = 1
"""What conda-index, the first to write the file, says; the CEP only shows that it is a number."""

_MACHINES = {"64": "x86_64", "32": "x86"}


def render(subdir: str, records: Mapping[str, str], generation: int = 0, known: Mapping[str, str] = _UNKNOWN) -> bytes:
    """Return the file for ``records`` (file name → record as canonical JSON): every package, also those without.

    What `parse` found of records that have not changed since is ``known``, and they are not read again.
    """
    platform, _, bits = subdir.partition("-")
    machine = {"arch": _MACHINES.get(bits, bits) or platform, "platform": platform, "version": _VERSION}
    parts = ['{\n"info":', index.canonical(machine | index.header(subdir, generation))]
    for section, suffix in index.SECTIONS:
        own = {name: known.get(name) or _exports(record) for name, record in records.items() if name.endswith(suffix)}
        parts += [f',\n"{section}":{{\n', index.join_lines(own), "}"]
    return "".join((*parts, "\n}\n")).encode()


def parse(data: bytes) -> dict[str, str]:
    """Return what stands of each package in a file that is known to be of our making."""
    return index.cut_lines(data)


def _exports(record: str) -> str:
    """Return what stands there of one package; most have nothing, and are not read for it."""
    if _KEY not in record:
        return _NOTHING
    return index.canonical({"run_exports": json.loads(record).get("run_exports") or {}})
